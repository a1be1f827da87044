// Training rows of whole conversations: which bytes of the rendered text are the assistant's, and
// the row of ids made of them.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "text/prompt_state.h"
#include "text/think_span.h"

namespace laconic {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr const char* kKeptReasoning =
    "the template drops the reasoning of the turn that is trained on: it is trained on all the "
    "same";
constexpr const char* kDropsEarlier =
    "the template drops the reasoning of earlier turns: only the last turn is trained on";
constexpr const char* kRewrites =
    "the template writes earlier turns otherwise than they were answered: only the last turn is "
    "trained on";

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

const std::string& content_of(const Json& message) {
  return message.at("content", "messages").as_string("messages: content");
}

bool is_assistant(const Json& message) {
  return message.at("role", "messages") == Json("assistant");
}

// The reasoning of a message: its own field, or a think span of the content.
std::string_view reasoning_of(const Json& message) {
  if (const Json* field = message.find("reasoning_content"); field && field->is_string())
    return trimmed(field->as_string(""));
  return trimmed(find_think_span(content_of(message), false).thinking);
}

// A reply that opens a thought by itself has to close it.
void check_thought(const Json& message, size_t turn) {
  const std::string text = text_with_reasoning(message);
  require(find_think_span(text, false).state != ThinkState::kUnterminated, ErrorKind::kData,
          "messages[", turn, "].content: expected a thought that closes, got ", kThinkOpen,
          " without ", kThinkClose, " (verify calls such a reply unclosed)");
}

Json first_messages(const Json& messages, size_t count) {
  const Json::Array& all = messages.as_array("messages");
  return Json(Json::Array(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)));
}

bool shows_tool_calls(const Json& message, std::string_view text) {
  const Json* calls = message.find("tool_calls");
  if (!calls || !calls->is_array()) return true;
  for (const Json& call : calls->as_array("")) {
    const Json* function = call.find("function");
    const Json* name = (function ? *function : call).find("name");
    if (name && name->is_string() && text.find(name->as_string("")) == std::string_view::npos)
      return false;
  }
  return true;
}

}  // namespace

// One rendered conversation in which the assistant's turns are looked for.
class TurnFinder {
 public:
  TurnFinder(const PromptBuilder::State& state, const Json& messages, const Json& variables)
      : state_(state), messages_(messages), variables_(variables) {
    whole_ = state.render(messages, false, variables);
  }

  const std::string& text() const { return whole_.text; }

  // Calls that the template leaves out are lost to whoever learns from what follows, too.
  void check_all_calls() const {
    for (size_t i = 0; i < messages_.size(); ++i) check_calls(i, whole_.text);
  }

  // The bytes of each turn of `turns` (indices of messages), end of turn included; why they cannot
  // be told, in `problem`, otherwise.
  std::vector<Span> find(const std::vector<size_t>& turns, const char*& problem) const {
    std::vector<Span> spans = marked_spans(turns);
    const bool is_marked = !spans.empty();
    for (size_t i = 0; i < turns.size(); ++i) {
      if (!is_marked) {
        const std::optional<Span> span = span_by_prefix(turns[i]);
        if (!span) {
          problem = i + 1 < turns.size() && drops_reasoning(turns[i]) ? kDropsEarlier : kRewrites;
          return {};
        }
        spans.push_back(*span);
      }
      const std::string_view said = cut(spans[i]);
      if (leaves_thought_open(spans[i])) {
        problem = kRewrites;
        return {};
      }
      const Json& message = messages_.as_array("")[turns[i]];
      check_calls(turns[i], said);
      if (said.find(reasoning_of(message)) == std::string_view::npos) {
        problem = kDropsEarlier;
        return {};
      }
    }
    return spans;
  }

 private:
  void check_calls(size_t turn, std::string_view text) const {
    require(shows_tool_calls(messages_.as_array("messages")[turn], text), ErrorKind::kData,
            "messages[", turn,
            "].tool_calls: expected a template that shows tool calls, got one that leaves out this "
            "one");
  }

  std::string_view cut(Span span) const {
    return std::string_view(whole_.text)
        .substr(static_cast<size_t>(span.begin), static_cast<size_t>(span.size()));
  }

  // The template opens a thought in front of the turn, and nothing in the turn closes it.
  bool leaves_thought_open(Span span) const {
    const std::string_view before =
        trimmed(std::string_view(whole_.text).substr(0, static_cast<size_t>(span.begin)));
    const std::string_view said = cut(span);
    return find_think_span(said, before.ends_with(kThinkOpen)).state == ThinkState::kUnterminated;
  }

  bool drops_reasoning(size_t turn) const {
    const std::string_view thought = reasoning_of(messages_.as_array("")[turn]);
    return whole_.text.find(thought) == std::string::npos;
  }

  // The template's own generation blocks, if there is one for each assistant turn.
  std::vector<Span> marked_spans(const std::vector<size_t>& turns) const {
    const Json::Array& messages = messages_.as_array("messages");
    size_t num_assistant = 0;
    for (const Json& message : messages) num_assistant += is_assistant(message);
    if (whole_.generated.size() != num_assistant) return {};
    std::vector<Span> spans;
    size_t block = 0;
    for (size_t i = 0; i < messages.size(); ++i) {
      if (!is_assistant(messages[i])) continue;
      Span span = whole_.generated[block++];
      if (std::find(turns.begin(), turns.end(), i) == turns.end()) continue;
      // A model that never learns its end of turn never stops.
      const std::string_view behind =
          std::string_view(whole_.text).substr(static_cast<size_t>(span.end));
      const std::string end = end_text();
      if (!cut(span).ends_with(end) && !trimmed(cut(span)).ends_with(end) &&
          behind.starts_with(end))
        span.end += static_cast<int64_t>(end.size());
      if (span.size() == 0) return {};
      spans.push_back(span);
    }
    return spans;
  }

  std::string end_text() const {
    return state_.end_of_turn ? state_.tokenizer.id_to_token(*state_.end_of_turn).value_or("") : "";
  }

  // What is rendered up to the turn must be how the turn begins when it is answered, and how it
  // stands in the whole.
  std::optional<Span> span_by_prefix(size_t turn) const {
    const bool is_last = turn + 1 == messages_.size();
    std::string before, through;
    try {
      before = state_.render(first_messages(messages_, turn), true, variables_).text;
      through = is_last
                    ? whole_.text
                    : state_.render(first_messages(messages_, turn + 1), false, variables_).text;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kData) throw;
      return std::nullopt;  // a template that refuses the beginning of a conversation
    }
    if (!through.starts_with(before)) return std::nullopt;
    const size_t length = turn_length(std::string_view(through).substr(before.size()));
    const size_t end = before.size() + length;
    if (length == 0 || whole_.text.compare(0, end, through, 0, end) != 0) return std::nullopt;
    return Span{static_cast<int64_t>(before.size()), static_cast<int64_t>(end)};
  }

  // Up to and with the end of turn; where the template ends this turn otherwise (a call of a tool),
  // with the last special token.
  size_t turn_length(std::string_view text) const {
    std::string end = end_text();
    if (end.empty() || text.find(end) == std::string_view::npos) {
      end.clear();
      for (const int32_t id : state_.tokenizer.encode(text))
        if (state_.tokenizer.is_special(id)) end = state_.tokenizer.id_to_token(id).value_or("");
    }
    const size_t at = end.empty() ? std::string_view::npos : text.rfind(end);
    return at == std::string_view::npos ? 0 : at + end.size();
  }

  const PromptBuilder::State& state_;
  const Json& messages_;
  const Json& variables_;
  ChatTemplate::Marked whole_;
};

namespace {

// The ids of `text` up to the end of the last span: each span and each piece between them apart, as
// they are made when the model answers.
TokenizedRow row_of_spans(const PromptBuilder::State& state, const std::string& text,
                          const std::vector<Span>& spans) {
  TokenizedRow row;
  int64_t at = 0;
  const auto append = [&](Span piece, const char* what) {
    const auto begin = static_cast<size_t>(piece.begin);
    const std::vector<int32_t> ids = state.encode_behind(
        std::string_view(text).substr(0, begin), row.ids,
        std::string_view(text).substr(begin, static_cast<size_t>(piece.size())), what);
    row.ids.insert(row.ids.end(), ids.begin(), ids.end());
  };
  for (const Span& span : spans) {
    const auto first = static_cast<int64_t>(row.ids.size());
    if (span.begin > at) append({at, span.begin}, "prompt");
    const auto behind = static_cast<int64_t>(row.ids.size());
    if (at == 0)
      row.num_prompt_tokens = static_cast<int64_t>(row.ids.size());
    else if (behind > first)
      row.context.push_back({first, behind});
    append(span, "completion");
    at = span.end;
  }
  require(row.num_prompt_tokens > 0, ErrorKind::kData,
          "prompt: expected a token or more, got none");
  return row;
}

}  // namespace

TurnPolicy parse_turn_policy(const std::string& name) {
  if (name == "all") return TurnPolicy::kAll;
  if (name == "last") return TurnPolicy::kLast;
  LACONIC_CHECK(name == "strict", "turns: ", name);
  return TurnPolicy::kStrict;
}

TokenizedRow PromptBuilder::conversation_row(const Json& messages, size_t num_prompt_messages,
                                             const Json& variables, TurnPolicy policy) const {
  if (const Json* tools = variables.find("tools")) state_->refuse_controls(*tools, "tools");
  const Json shown = state_->checked_messages(messages);
  const Json::Array& turns = shown.as_array("messages");
  require(turns.size() > 1, ErrorKind::kData,
          "messages: expected a question and its answer or more, got ", turns.size(), " messages");
  require(is_assistant(turns.back()), ErrorKind::kData,
          "messages: expected the assistant's turn at the end, got ",
          turns.back().at("role", "messages").dump());
  std::vector<size_t> targets;
  for (size_t i = std::max<size_t>(num_prompt_messages, 1); i < turns.size(); ++i)
    if (is_assistant(turns[i])) targets.push_back(i);
  if (policy == TurnPolicy::kLast) targets = {targets.back()};
  for (const size_t turn : targets) check_thought(turns[turn], turn);
  const Json& last = turns.back();
  const char* problem = nullptr;
  const char* note = "";
  const TurnFinder finder(*state_, shown, variables);
  finder.check_all_calls();
  std::vector<Span> spans = finder.find(targets, problem);
  if (problem && targets.size() > 1) {
    require(policy != TurnPolicy::kStrict, ErrorKind::kData,
            "messages: expected a template that keeps earlier turns as they were answered, got one "
            "that rewrites them (--turns all or last trains on the last turn)");
    note = std::exchange(problem, nullptr);
    spans = finder.find({targets.back()}, problem);
  }
  TokenizedRow row;
  if (!problem) {
    row = row_of_spans(*state_, finder.text(), spans);
    state_->check_one_bos(row.ids);
  } else {
    // Not how the template would write the turn, but how the model answers behind its prompt.
    require(!last.find("tool_calls"), ErrorKind::kData,
            "messages: expected text in the last turn, got tool calls that the template does not "
            "write behind its own prompt");
    row =
        training_row(first_messages(shown, turns.size() - 1), text_with_reasoning(last), variables);
    if (state_->drops_reasoning && !reasoning_of(last).empty() && !*note) note = kKeptReasoning;
  }
  row.note = row.note.empty() || !*note ? cat(note, row.note) : cat(note, "; ", row.note);
  return row;
}

TokenizedRow PromptBuilder::text_row(std::string_view text) const {
  TokenizedRow row;
  row.ids = plain_prompt_ids(text);
  const Json* eos = state_->files.special_tokens.find("eos_token");
  const std::optional<int32_t> end =
      eos ? state_->tokenizer.token_to_id(eos->as_string("")) : state_->end_of_turn;
  require(end.has_value(), ErrorKind::kModel, state_->folder,
          ": expected an eos_token for rows of text, got none");
  if (row.ids.empty() || row.ids.back() != *end) row.ids.push_back(*end);
  // Nothing predicts the first id.
  row.num_prompt_tokens = 1;
  require(row.ids.size() > 1, ErrorKind::kData, "text: expected text to learn, got none");
  return row;
}

}  // namespace laconic
