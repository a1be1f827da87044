// SPDX-License-Identifier: Apache-2.0
#include "text/prompt_builder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "text/prompt_state.h"
#include "text/think_span.h"

namespace laconic {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr const char* kEmptyThought =
    "the prompt opens a thought and the reply has none: an empty, closed one is put in front of it";
// How many ids behind a prompt's end may spell the opening think tag and the blanks behind it.
constexpr size_t kThinkTailIds = 16;

Json message(std::string_view role, std::string_view content) {
  Json json = Json::object();
  json["role"] = Json(role);
  json["content"] = Json(content);
  return json;
}

Json conversation(std::initializer_list<Json> messages) { return Json(Json::Array(messages)); }

// The opening think tag that ends `text`, with the blanks behind it; empty where none does.
std::string think_tail(std::string_view text) {
  const size_t last = text.find_last_not_of(kBlanks);
  const std::string_view trimmed = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
  if (!trimmed.ends_with(kThinkOpen)) return "";
  return std::string(text.substr(trimmed.size() - kThinkOpen.size()));
}

// Enough of its text to show a think tag.
std::string end_of_prompt(const Tokenizer& tokenizer, std::span<const int32_t> prompt) {
  return tokenizer.decode(prompt.last(std::min(prompt.size(), kThinkTailIds)));
}

// The completion without the opening tag that the prompt already holds.
std::string_view without_opening_tag(std::string_view completion, const std::string& tail) {
  if (tail.empty()) return completion;
  const size_t start = completion.find_first_not_of(kBlanks);
  if (start == std::string_view::npos || !completion.substr(start).starts_with(kThinkOpen))
    return completion;
  const std::string_view rest = completion.substr(start);
  return rest.substr(rest.starts_with(tail) ? tail.size() : kThinkOpen.size());
}

// What is trained on behind a prompt that ends so: a thought that closes, or none. A plain reply to
// a prompt that opens a thought gets an empty one; `note` says so.
std::string well_formed_reply(std::string_view completion, const std::string& prompt_end,
                              std::string& note) {
  const std::string tail = think_tail(prompt_end);
  const std::string_view reply = without_opening_tag(completion, tail);
  const ThinkSpan span = find_think_span(reply, !tail.empty());
  if (span.state == ThinkState::kUnterminated) {
    const bool is_plain = !tail.empty() && completion.find(kThinkOpen) == std::string_view::npos;
    require(is_plain, ErrorKind::kData, "completion: expected a thought that closes, got ",
            kThinkOpen, " without ", kThinkClose, " (verify calls such a reply unclosed)");
    if (reply.find_first_not_of(kBlanks) == std::string_view::npos) return "";
    note = kEmptyThought;
    const std::string whole = cat(kThinkOpen, "\n\n", kThinkClose, "\n\n");
    const std::string rest =
        whole.starts_with(tail) ? whole.substr(tail.size()) : cat(kThinkClose, "\n\n");
    return rest + std::string(reply.substr(reply.find_first_not_of(kBlanks)));
  }
  const size_t last = prompt_end.find_last_not_of(kBlanks);
  const bool closes = last != std::string::npos &&
                      std::string_view(prompt_end).substr(0, last + 1).ends_with(kThinkClose);
  require(!closes || span.state == ThinkState::kNone, ErrorKind::kData,
          "completion: expected no thought behind a prompt that has closed one, got one (does the "
          "row turn thinking off, with enable_thinking?)");
  return std::string(reply);
}

std::string excerpt(std::string_view text) {
  constexpr size_t kMaxBytes = 60;
  if (text.size() <= kMaxBytes) return Json(text).dump();
  size_t end = kMaxBytes;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return Json(text.substr(0, end)).dump() + "...";
}

}  // namespace

Json problem_messages(std::string_view problem, std::string_view instruction,
                      std::string_view system) {
  std::string content(problem);
  if (!instruction.empty()) content.append("\n").append(instruction);
  Json messages = Json::array();
  if (!system.empty()) messages.push_back(message("system", system));
  messages.push_back(message("user", content));
  return messages;
}

ChatTemplate::Marked PromptBuilder::State::render(const Json& messages, bool add_generation_prompt,
                                                  const Json& variables) const {
  require(chat.has_value(), ErrorKind::kModel, folder,
          ": expected a chat template (chat_template.jinja, or chat_template in "
          "tokenizer_config.json), got none (give \"prompt\" instead of messages)");
  Json context = files.special_tokens;
  context["messages"] = form.adapt(messages);
  context["tools"] = nullptr;
  context["documents"] = nullptr;
  context["add_generation_prompt"] = add_generation_prompt;
  if (!variables.is_null()) {
    for (const auto& [name, value] : variables.as_object("template variables"))
      context[name] = value;
  }
  return chat->render_marked(context);
}

std::vector<int32_t> PromptBuilder::State::encode(std::string_view text, const char* what) const {
  std::vector<int32_t> ids = tokenizer.encode(text);
  require(tokenizer.decode(ids) == tokenizer.normalize(text), ErrorKind::kData, what,
          ": expected ids that decode to the text, got others (the tokenizer cannot write ",
          excerpt(text), ")");
  return ids;
}

void PromptBuilder::State::find_bos() {
  if (const Json* bos = files.special_tokens.find("bos_token")) {
    bos_id = tokenizer.token_to_id(bos->as_string(folder));
  } else {
    bos_id = files.bos_id;
  }
}

std::optional<int32_t> PromptBuilder::State::first_special(std::string_view text) const {
  for (const int32_t id : tokenizer.encode(text)) {
    if (tokenizer.is_special(id)) return id;
  }
  return std::nullopt;
}

// The template is asked: what does it put after an assistant's content?
void PromptBuilder::State::find_end_of_turn() {
  constexpr std::string_view kSentinel = "laconicsentinel";
  if (chat) {
    try {
      const Json messages =
          conversation({message("user", "question"), message("assistant", kSentinel)});
      const std::string text = render(messages, false, nullptr).text;
      const size_t at = text.rfind(kSentinel);
      if (at != std::string::npos) end_of_turn = first_special(text.substr(at + kSentinel.size()));
      no_end_of_turn = "a template that puts no special token there";
    } catch (const Error& error) {
      no_end_of_turn = cat("a template that refuses a question and its answer: ", error.what());
    }
    return;
  }
  no_end_of_turn = "no template and no eos_token";
  if (!files.eos_ids.empty()) {
    end_of_turn = files.eos_ids.front();
  } else if (const Json* eos = files.special_tokens.find("eos_token")) {
    end_of_turn = tokenizer.token_to_id(eos->as_string(folder));
  }
}

// How the template treats thinking, seen on renderings. One that refuses them says nothing.
void PromptBuilder::State::probe_thinking() {
  constexpr std::string_view kThought = "laconicthought";
  if (!chat) return;
  const auto shows = [&](const Json& messages) {
    return render(messages, false, nullptr).text.find(kThought) != std::string::npos;
  };
  try {
    const Json question = message("user", "question");
    think_tail = laconic::think_tail(render(conversation({question}), true, nullptr).text);
    const Json thought = message(
        "assistant", cat(kThinkOpen, "\n", kThought, "\n", kThinkClose, "\n\nlaconicanswer"));
    drops_reasoning = !shows(conversation({question, thought}));
    const Json answer = message("assistant", "laconicanswer");
    drops_earlier_reasoning = !shows(conversation({question, thought, question, answer}));
  } catch (const Error& error) {
    log_debug(folder, ": the template's thinking could not be probed: ", error.what());
  }
}

// Most tokenizers give a text the same ids wherever it stands. Those that put a space in front
// (metaspace) do not: there a piece has to be cut out of the ids of the whole.
void PromptBuilder::State::probe_joining() {
  std::vector<int32_t> apart = tokenizer.encode("\n");
  const std::vector<int32_t> word = tokenizer.encode("a");
  apart.insert(apart.end(), word.begin(), word.end());
  encodes_by_place = tokenizer.encode("\na") != apart;
}

std::vector<int32_t> PromptBuilder::State::encode_behind(std::string_view before,
                                                         std::span<const int32_t> before_ids,
                                                         std::string_view text,
                                                         const char* what) const {
  if (encodes_by_place) {
    const std::vector<int32_t> ids = encode(cat(before, text), what);
    if (ids.size() > before_ids.size() &&
        std::equal(before_ids.begin(), before_ids.end(), ids.begin()))
      return {ids.begin() + static_cast<std::ptrdiff_t>(before_ids.size()), ids.end()};
  }
  return encode(text, what);
}

PromptBuilder::PromptBuilder(std::unique_ptr<State> state) : state_(std::move(state)) {}
PromptBuilder::~PromptBuilder() = default;
PromptBuilder::PromptBuilder(PromptBuilder&&) noexcept = default;

PromptBuilder PromptBuilder::from_folder(const std::string& folder) {
  require_model_folder(folder, "model");
  auto state = std::make_unique<State>(Tokenizer::from_file(join_path(folder, "tokenizer.json")),
                                       read_prompt_files(folder), folder);
  const PromptFiles& files = state->files;
  if (files.template_source)
    state->chat = ChatTemplate::parse(*files.template_source, files.template_place);
  if (state->chat) state->form = probe_template_form(*state->chat, files.special_tokens);
  state->ends = special_ends(state->tokenizer, files);
  state->find_bos();
  state->find_end_of_turn();
  state->find_controls();
  state->probe_thinking();
  state->probe_joining();
  return PromptBuilder(std::move(state));
}

const Tokenizer& PromptBuilder::tokenizer() const { return state_->tokenizer; }

bool PromptBuilder::has_template() const { return state_->chat.has_value(); }

std::string PromptBuilder::template_hash() const {
  const auto& source = state_->files.template_source;
  return source ? hex64(hash64(*source)) : "none";
}

std::string PromptBuilder::render(const Json& messages, bool add_generation_prompt,
                                  const Json& variables) const {
  return state_->render(messages, add_generation_prompt, variables).text;
}

std::vector<int32_t> PromptBuilder::prompt_ids(const Json& messages, const Json& variables) const {
  if (const Json* tools = variables.find("tools")) state_->refuse_controls(*tools, "tools");
  return text_ids(state_->render(state_->checked_messages(messages), true, variables).text);
}

std::vector<int32_t> PromptBuilder::problem_ids(std::string_view problem,
                                                std::string_view instruction) const {
  return prompt_ids(problem_messages(problem, instruction));
}

std::vector<int32_t> PromptBuilder::plain_prompt_ids(std::string_view prompt) const {
  return state_->ends.in_front_of(text_ids(prompt));
}

std::vector<int32_t> PromptBuilder::text_ids(std::string_view prompt) const {
  std::vector<int32_t> ids = state_->encode(prompt, "prompt");
  state_->check_one_bos(ids);
  return ids;
}

void PromptBuilder::State::check_one_bos(std::span<const int32_t> ids) const {
  require(
      !(bos_id && ids.size() > 1 && ids[0] == *bos_id && ids[1] == *bos_id), ErrorKind::kData,
      "prompt: expected one beginning-of-sequence token, got two (the template writes it; leave "
      "it out of the text)");
}

TokenizedRow PromptBuilder::training_row(const Json& messages, std::string_view completion,
                                         const Json& variables) const {
  return training_row(prompt_ids(messages, variables), completion);
}

TokenizedRow PromptBuilder::training_row(std::vector<int32_t> prompt,
                                         std::string_view completion) const {
  require(!prompt.empty(), ErrorKind::kData, "prompt: expected a token or more, got none");
  const std::string prompt_end = end_of_prompt(state_->tokenizer, prompt);
  const std::string before = state_->encodes_by_place ? state_->tokenizer.decode(prompt) : "";
  const int32_t end_of_turn = end_of_turn_id();
  TokenizedRow row;
  const std::string text = well_formed_reply(completion, prompt_end, row.note);
  std::vector<int32_t> target = state_->encode_behind(before, prompt, text, "completion");
  if (!target.empty() && target.back() == end_of_turn) target.pop_back();
  require(!target.empty(), ErrorKind::kData,
          "completion: expected text to learn, got none (all targets would be masked)");
  require(std::find(target.begin(), target.end(), end_of_turn) == target.end(), ErrorKind::kData,
          "completion: expected the end-of-turn token at its end only, got it inside");
  require(!state_->bos_id || *state_->bos_id == end_of_turn || target.front() != *state_->bos_id,
          ErrorKind::kData, "completion: expected no beginning-of-sequence token, got one");
  for (const int32_t id : target)
    require(!state_->controls.contains(id), ErrorKind::kData,
            "completion: expected text, got the special token ",
            Json(state_->tokenizer.id_to_token(id).value_or("")).dump(), " inside");
  row.num_prompt_tokens = static_cast<int64_t>(prompt.size());
  row.ids = std::move(prompt);
  row.ids.insert(row.ids.end(), target.begin(), target.end());
  row.ids.push_back(end_of_turn);
  return row;
}

bool PromptBuilder::template_reads(std::string_view name) const {
  const auto& source = state_->files.template_source;
  return source && source->find(name) != std::string::npos;
}

std::optional<std::string> PromptBuilder::control_in(std::string_view text) const {
  return state_->control_in(text);
}

bool PromptBuilder::is_control(int32_t id) const { return state_->controls.contains(id); }

bool PromptBuilder::prompt_opens_think() const { return !state_->think_tail.empty(); }

bool PromptBuilder::template_drops_reasoning() const { return state_->drops_reasoning; }

bool PromptBuilder::template_drops_earlier_reasoning() const {
  return state_->drops_earlier_reasoning;
}

int32_t PromptBuilder::end_of_turn_id() const {
  require(state_->end_of_turn.has_value(), ErrorKind::kModel, state_->folder,
          ": expected an end-of-turn token after the assistant's content, got ",
          state_->no_end_of_turn);
  return *state_->end_of_turn;
}

std::optional<int32_t> PromptBuilder::end_of_turn() const { return state_->end_of_turn; }

std::vector<int32_t> PromptBuilder::stop_ids() const {
  std::vector<int32_t> ids = state_->files.eos_ids;
  if (state_->end_of_turn) ids.insert(ids.begin(), *state_->end_of_turn);
  // Rows of text end with it, whatever else ends replies.
  if (const Json* eos = state_->files.special_tokens.find("eos_token")) {
    if (const auto id = state_->tokenizer.token_to_id(eos->as_string(""))) ids.push_back(*id);
  }
  std::vector<int32_t> unique;
  for (const int32_t id : ids) {
    if (std::find(unique.begin(), unique.end(), id) == unique.end()) unique.push_back(id);
  }
  return unique;
}

std::string PromptBuilder::completion_text(std::span<const int32_t> ids) const {
  const std::vector<int32_t> stops = stop_ids();
  if (!ids.empty() && std::find(stops.begin(), stops.end(), ids.back()) != stops.end())
    ids = ids.first(ids.size() - 1);
  return state_->think_tail + state_->tokenizer.decode(ids);
}

bool PromptBuilder::opens_think(std::span<const int32_t> prompt) const {
  return !think_tail(end_of_prompt(state_->tokenizer, prompt)).empty();
}

std::string PromptBuilder::completion_text(std::span<const int32_t> prompt,
                                           std::span<const int32_t> ids) const {
  return think_tail(end_of_prompt(state_->tokenizer, prompt)) +
         completion_text(ids).substr(state_->think_tail.size());
}

}  // namespace laconic
