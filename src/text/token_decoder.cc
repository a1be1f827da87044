// SPDX-License-Identifier: Apache-2.0
#include "text/token_decoder.h"

#include <optional>

#include "base/error.h"
#include "text/byte_level.h"
#include "text/metaspace.h"
#include "text/text_pattern.h"
#include "text/utf8.h"

namespace laconic {
namespace {

// A token outside the byte alphabet stands for its own UTF-8 (`tokenizers`, decoders/byte_level).
class BytesOfToken : public DecoderStage {
 public:
  bool is_local() const override { return true; }
  void push(std::string_view token, DecoderMemory&, TokenSink& next) const override {
    const auto bytes = from_byte_alphabet(token);
    next.put(bytes ? std::string_view(*bytes) : token);
  }
};

// Each maximal ill-formed part becomes U+FFFD; only an unfinished character at the very end waits.
class RepairUtf8 : public DecoderStage {
 public:
  void push(std::string_view token, DecoderMemory& memory, TokenSink& next) const override {
    std::string& held = memory.held;
    held += token;
    size_t complete = 0;
    while (complete < held.size()) {
      const Utf8Step step = step_utf8(held, complete);
      if (step.truncated) break;
      complete += step.num_bytes;
    }
    if (complete > 0) next.put(repair_utf8(std::string_view(held).substr(0, complete)));
    held.erase(0, complete);
  }
  void finish(DecoderMemory& memory, TokenSink& next) const override {
    if (!memory.held.empty()) next.put(repair_utf8(memory.held));
    memory.held.clear();
  }
};

class ReplaceInToken : public DecoderStage {
 public:
  ReplaceInToken(TextPattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  bool is_local() const override { return true; }
  void push(std::string_view token, DecoderMemory&, TokenSink& next) const override {
    next.put(pattern_.replace(token, content_));
  }

 private:
  TextPattern pattern_;
  std::string content_;
};

// Tokens <0xNN> in a row are one run of bytes: its text, or where that is ill-formed U+FFFD for
// every byte.
class JoinByteTokens : public DecoderStage {
 public:
  void push(std::string_view token, DecoderMemory& memory, TokenSink& next) const override {
    if (const auto byte = byte_of(token)) {
      memory.held += static_cast<char>(*byte);
      return;
    }
    finish(memory, next);
    next.put(token);
  }
  void finish(DecoderMemory& memory, TokenSink& next) const override {
    const std::string run = std::exchange(memory.held, {});
    if (run.empty()) return;
    if (valid_utf8_prefix(run) == run.size()) return next.put(run);
    for (size_t i = 0; i < run.size(); ++i) next.put("\uFFFD");
  }

 private:
  static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char low = static_cast<char>(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
  }
  // As Rust reads a number: "+5" is one.
  static std::optional<uint8_t> byte_of(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
    const int high = token[3] == '+' ? 0 : digit(token[3]), low = digit(token[4]);
    if (high < 0 || low < 0) return std::nullopt;
    return static_cast<uint8_t>(16 * high + low);
  }
};

// The replacement becomes a blank, or nothing in the first token where blanks were put in front.
class MetaspaceToBlank : public DecoderStage {
 public:
  explicit MetaspaceToBlank(Metaspace settings) : settings_(std::move(settings)) {}
  void push(std::string_view token, DecoderMemory& memory, TokenSink& next) const override {
    const bool drops = !memory.seen_token && settings_.prepend != Metaspace::Prepend::kNever;
    memory.seen_token = true;
    next.put(replace(token, drops ? "" : " "));
  }

 private:
  std::string replace(std::string_view token, std::string_view by) const {
    std::string out;
    for (size_t done = 0;;) {
      const size_t found = token.find(settings_.replacement, done);
      out += token.substr(done, found - done);
      if (found == std::string_view::npos) return out;
      out += by;
      done = found + settings_.replacement.size();
    }
  }
  Metaspace settings_;
};

// Takes up to `start` of a character from the front and up to `stop` from the end: of each token,
// or (fused) of the whole text.
struct StripSettings {
  std::string content;
  size_t start, stop;
};

size_t count_front(std::string_view text, const std::string& content, size_t limit) {
  size_t count = 0;
  while (count < limit && text.substr(count * content.size()).starts_with(content)) ++count;
  return count;
}

size_t count_back(std::string_view text, const std::string& content, size_t limit) {
  size_t count = 0;
  while (count < limit && text.substr(0, text.size() - count * content.size()).ends_with(content))
    ++count;
  return count;
}

class StripToken : public DecoderStage {
 public:
  explicit StripToken(StripSettings settings) : settings_(std::move(settings)) {}
  bool is_local() const override { return true; }
  void push(std::string_view token, DecoderMemory&, TokenSink& next) const override {
    const auto& [content, start, stop] = settings_;
    token.remove_prefix(count_front(token, content, start) * content.size());
    token.remove_suffix(count_back(token, content, stop) * content.size());
    next.put(token);
  }

 private:
  StripSettings settings_;
};

class StripText : public DecoderStage {
 public:
  explicit StripText(StripSettings settings) : settings_(std::move(settings)) {}
  void push(std::string_view token, DecoderMemory& memory, TokenSink& next) const override {
    const auto& [content, start, stop] = settings_;
    if (token.empty()) return;
    if (!memory.start_is_over) {
      const size_t count = count_front(token, content, start - memory.num_stripped);
      memory.num_stripped += count;
      token.remove_prefix(count * content.size());
      memory.start_is_over = memory.num_stripped == start || !token.empty();
    }
    memory.held += token;
    const size_t waiting = count_back(memory.held, content, stop) * content.size();
    const size_t settled = memory.held.size() - waiting;
    if (settled > 0) next.put(std::string_view(memory.held).substr(0, settled));
    memory.held.erase(0, settled);
  }
  // What waits is at most `stop` characters at the end, all of them to go.
  void finish(DecoderMemory& memory, TokenSink&) const override { memory.held.clear(); }

 private:
  StripSettings settings_;
};

// Without a decoder tokens are words.
class JoinByBlanks : public DecoderStage {
 public:
  void push(std::string_view token, DecoderMemory& memory, TokenSink& next) const override {
    if (memory.seen_token) next.put(" ");
    memory.seen_token = true;
    next.put(token);
  }
};

}  // namespace

class TokenDecoderParser {
 public:
  TokenDecoder run(const Json& json, const std::string& place) {
    if (json.is_null())
      add(std::make_unique<JoinByBlanks>());
    else
      read(json, place);
    for (const auto& stage : decoder_.stages_) {
      if (!stage->is_local()) break;
      ++decoder_.num_local_;
    }
    decoder_.is_bytes_ = starts_with_bytes_ && decoder_.stages_.size() == 2;
    return std::move(decoder_);
  }

 private:
  void add(std::unique_ptr<const DecoderStage> stage) {
    decoder_.stages_.push_back(std::move(stage));
  }

  void read(const Json& json, const std::string& place) {
    require(json.is_object(), ErrorKind::kModel, place, ": expected a decoder or null, got ",
            json.kind_name());
    const std::string& type = json.at("type", place).as_string(place + ".type");
    if (type == "Sequence") {
      const auto& parts = json.at("decoders", place).as_array(place + ".decoders");
      for (size_t i = 0; i < parts.size(); ++i) read(parts[i], cat(place, ".decoders[", i, "]"));
    } else if (type == "ByteLevel") {
      read_byte_level(place);
    } else if (type == "Fuse") {
      is_fused_ = true;
    } else if (type == "ByteFallback") {
      refuse_fused(type, place);
      add(std::make_unique<JoinByteTokens>());
    } else if (type == "Metaspace") {
      refuse_fused(type, place);
      add(std::make_unique<MetaspaceToBlank>(Metaspace::parse(json, place)));
    } else if (type == "Replace") {
      read_replace(json, place);
    } else if (type == "Strip") {
      read_strip(json, place);
    } else {
      fail(ErrorKind::kModel, place,
           ".type: expected ByteLevel, Metaspace, ByteFallback, Replace, Strip, Fuse or Sequence, "
           "got \"",
           type, "\"");
    }
  }

  void refuse_fused(const std::string& type, const std::string& place) const {
    require(!is_fused_, ErrorKind::kModel, place, ".type: expected ", type,
            " before the stage that joins the tokens, got it behind");
  }

  void read_byte_level(const std::string& place) {
    refuse_fused("ByteLevel", place);
    starts_with_bytes_ = decoder_.stages_.empty();
    add(std::make_unique<BytesOfToken>());
    add(std::make_unique<RepairUtf8>());
    is_fused_ = true;
  }

  void read_replace(const Json& json, const std::string& place) {
    TextPattern pattern = TextPattern::parse(json, place);
    const std::string& literal = pattern.literal();
    size_t first = 0;
    if (!literal.empty()) next_code_point(literal, first);
    require(!is_fused_ || (first > 0 && first == literal.size()), ErrorKind::kModel, place,
            ".pattern: expected a String of one character where the tokens are joined already");
    add(std::make_unique<ReplaceInToken>(std::move(pattern),
                                         json.at("content", place).as_string(place + ".content")));
  }

  void read_strip(const Json& json, const std::string& place) {
    const auto count = [&](const char* name) {
      const int64_t value = json.at(name, place).as_integer(cat(place, ".", name));
      require(value >= 0 && value < INT32_MAX, ErrorKind::kModel, place, ".", name,
              ": expected a number of characters, got ", value);
      return static_cast<size_t>(value);
    };
    StripSettings settings{parse_character(json, "content", place), count("start"), count("stop")};
    if (is_fused_)
      add(std::make_unique<StripText>(std::move(settings)));
    else
      add(std::make_unique<StripToken>(std::move(settings)));
  }

  TokenDecoder decoder_;
  bool is_fused_ = false;  // stages from here on see fragments of one long token
  bool starts_with_bytes_ = false;
};

TokenDecoder TokenDecoder::parse(const Json& json, const std::string& place) {
  return TokenDecoderParser().run(json, place);
}

namespace {

using Stages = std::vector<std::unique_ptr<const DecoderStage>>;

// Feeds the stages [index, end) and then the output.
class Chain : public TokenSink {
 public:
  Chain(const Stages& stages, size_t index, size_t end, std::vector<DecoderMemory>& state,
        std::string& out)
      : stages_(stages), index_(index), end_(end), state_(state), out_(out) {}
  void put(std::string_view token) override {
    if (index_ == end_) {
      out_ += token;
      return;
    }
    Chain next(stages_, index_ + 1, end_, state_, out_);
    stages_[index_]->push(token, state_[index_], next);
  }
  void finish() {
    if (index_ == end_) return;
    Chain next(stages_, index_ + 1, end_, state_, out_);
    stages_[index_]->finish(state_[index_], next);
    next.finish();
  }

 private:
  const Stages& stages_;
  size_t index_, end_;
  std::vector<DecoderMemory>& state_;
  std::string& out_;
};

}  // namespace

std::string TokenDecoder::prepare(std::string_view token) const {
  std::string out;
  State state = start();
  Chain(stages_, 0, num_local_, state, out).put(token);
  return out;
}

void TokenDecoder::push(State& state, std::string_view prepared, std::string& out) const {
  Chain(stages_, num_local_, stages_.size(), state, out).put(prepared);
}

void TokenDecoder::finish(State& state, std::string& out) const {
  Chain(stages_, num_local_, stages_.size(), state, out).finish();
}

}  // namespace laconic
