// laconic chat: talks to one model, or to two side by side, in the terminal or line by line.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>

#include "app/adapted_model.h"
#include "app/chat_model.h"
#include "app/chat_screen.h"
#include "app/commands.h"
#include "app/line_editor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/settings.h"
#include "base/signals.h"
#include "base/terminal.h"

namespace laconic {
namespace {

constexpr const char* kHelp =
    "  /reset          forget the conversation\n"
    "  /system TEXT    forget it and begin with this system turn; without TEXT with none\n"
    "  /quit           leave (Ctrl-D too)\n"
    "  Ctrl-C          ends a reply; at the prompt it leaves\n";

struct ChatSettings {
  std::string model, adapter, compare, compare_adapter, system, instruction;
  SamplingOptions sampling;
  bool history = true;

  void add_to(Settings& settings) {
    settings.positional("MODEL", &model, "model folder").model().existing();
    settings.alias("model_name_or_path").required();
    settings.add("adapter", &adapter, kAdapterHelp).folder().existing();
    settings.add("compare", &compare, "a second model folder: both reply, side by side")
        .model()
        .existing();
    settings
        .add("compare_adapter", &compare_adapter,
             "the same for the second model (which may be the same folder)")
        .folder()
        .existing()
        .advanced();
    settings.add("system", &system, "system turn to begin with");
    settings.add("instruction", &instruction, "put on a line of its own after what is asked");
    settings.add("history", &history,
                 "keep what is typed at a terminal in $XDG_STATE_HOME/laconic/chat_history "
                 "(~/.local/state), for the arrow keys and Ctrl-R");
    sampling.max_new_tokens = 4096;
    add_sampling_options(settings, sampling);
    settings.example("laconic chat models/world-long --compare models/world-short");
    settings.example("echo 'Tom has 3 cups. Tom finds 4.' | laconic chat models/world-long");
  }
};

std::string status_of(const ChatReply& reply) {
  char speed[48] = "";
  if (reply.seconds > 0)
    std::snprintf(speed, sizeof speed, ", %.0f tokens/s",
                  static_cast<double>(reply.num_tokens) / reply.seconds);
  return cat("[", reply.num_tokens, " tokens: ", reply.num_thinking_tokens, " thinking, ",
             reply.num_tokens - reply.num_thinking_tokens, " answer; ", reply.finish_reason, speed,
             "]");
}

class Chat {
 public:
  explicit Chat(const ChatSettings& settings) : settings_(settings), screen_(screen_of_stdout()) {
    add_model(settings.model, settings.adapter);
    if (!settings.compare.empty()) add_model(settings.compare, settings.compare_adapter);
    if (names_.size() == 2 && names_[0] == names_[1]) names_ = {settings.model, settings.compare};
    reset(settings.system);
  }

  void run() {
    if (screen_.is_terminal) std::fputs("/help says what can be typed.\n", stdout);
    std::string line;
    while (read_line(line)) {
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      if (line[0] == '/') {
        if (!command(line)) return;
      } else {
        say(line);
      }
    }
    if (screen_.is_terminal) std::fputs("\n", stdout);
  }

 private:
  void add_model(const std::string& folder, const std::string& adapter) {
    models_.push_back(std::make_unique<ChatModel>(folder, adapter, settings_.sampling));
    names_.push_back(adapter.empty() ? file_name(folder)
                                     : cat(file_name(folder), " + ", file_name(adapter)));
    starts_thinking_.push_back(models_.back()->starts_thinking());
  }

  bool read_line(std::string& line) {
    if (screen_.is_terminal) {
      if (!editor_) editor_.emplace(">", screen_.colour, history_path());
      return editor_->read_line(line) && !take_interrupt();
    }
    // A terminal gives whole lines, so nothing read ahead is missed here.
    if (stdin_is_terminal() && interrupted_before_input(STDIN_FILENO)) return false;
    if (!std::getline(std::cin, line) || take_interrupt()) return false;
    if (line.ends_with('\r')) line.pop_back();
    return true;
  }

  std::string history_path() const {
    return settings_.history ? state_file("chat_history") : std::string();
  }

  void reset(const std::string& system) {
    for (const auto& model : models_) model->reset(system);
  }

  // false: leave.
  bool command(const std::string& line) {
    const size_t blank = line.find(' ');
    const std::string name = line.substr(0, blank);
    if (name == "/quit" || name == "/exit") return false;
    if (name == "/reset") {
      reset(settings_.system);
    } else if (name == "/system") {
      reset(blank == std::string::npos ? "" : line.substr(blank + 1));
    } else if (name == "/help") {
      std::fputs(kHelp, stdout);
    } else {
      std::fprintf(stderr, "chat: expected /reset, /system, /quit or /help, got %s\n",
                   printable(name).c_str());
    }
    return true;
  }

  // Every model replies, each on a thread of its own; this one draws.
  void say(const std::string& line) {
    const std::string user =
        settings_.instruction.empty() ? line : cat(line, "\n", settings_.instruction);
    ChatScreen screen(screen_, names_, starts_thinking_);
    std::vector<std::exception_ptr> errors(models_.size());
    std::atomic<size_t> num_working = models_.size();
    std::atomic<bool> stop = false;
    {
      std::vector<std::jthread> threads;
      for (size_t i = 0; i < models_.size(); ++i)
        threads.emplace_back([&, i] {
          try {
            const ChatReply reply =
                models_[i]->reply(user, {[&, i](std::string_view piece) { screen.text(i, piece); },
                                         [&] { return !stop.load(); }});
            screen.finish(i, status_of(reply));
          } catch (...) {
            errors[i] = std::current_exception();
            screen.finish(i, "[failed]");
          }
          --num_working;
        });
      while (num_working > 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        if (take_interrupt()) stop = true;
        screen.draw();
      }
    }
    take_interrupt();  // one that came too late was meant for this reply
    screen.close();
    for (const std::exception_ptr& error : errors) tell(error);
  }

  // A turn that cannot be replied to ends the turn, not the chat; what is our bug ends it.
  void tell(const std::exception_ptr& error) {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const Error& known) {
      if (known.kind() == ErrorKind::kInternal || !screen_.is_terminal) throw;
      std::fprintf(stderr, "%s\n", printable(known.what()).c_str());
    }
  }

  const ChatSettings& settings_;
  ScreenOptions screen_;
  std::vector<std::unique_ptr<ChatModel>> models_;
  std::vector<std::string> names_;
  std::vector<bool> starts_thinking_;
  std::optional<LineEditor> editor_;  // of a terminal
};

}  // namespace

int run_chat(Arguments arguments) {
  ChatSettings settings;
  Settings all("laconic chat",
               "Talks to a model, or to two side by side. Without a terminal each line of stdin is "
               "a turn, replies go to stdout and counts to stderr.");
  settings.add_to(all);
  if (!all.parse(arguments)) return 0;
  require(settings.compare_adapter.empty() || !settings.compare.empty(), ErrorKind::kUsage,
          "--compare-adapter: expected --compare with it, got none");
  use_generation_config(all, settings.model, settings.sampling);
  Chat chat(settings);
  install_interrupt_handler();
  chat.run();
  return 0;
}

}  // namespace laconic
