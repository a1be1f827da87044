// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/normalizer.h"
#include "text/post_processor.h"
#include "text/pre_tokenizer.h"
#include "text/token_decoder.h"
#include "text/utf8.h"

namespace laconic {

struct Tokenizer::State {
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  Bpe bpe;
  AddedTokens added;
  PostProcessor post_processor;
  std::vector<std::string> bytes;  // by id; what decode puts out

  void encode_text(std::string_view text, std::vector<int32_t>& ids) const {
    pre_tokenizer.run(text, [&](std::string_view piece) { bpe.encode(piece, ids); });
  }
};

namespace {

const Json& member_or_null(const Json& json, const char* name) {
  static const Json null;
  const Json* value = json.find(name);
  return value ? *value : null;
}

void check_well_formed(std::string_view text) {
  const size_t valid = valid_utf8_prefix(text);
  require(valid == text.size(), ErrorKind::kData,
          "tokenizer: expected UTF-8, got an ill-formed byte at offset ", valid);
}

// A truncation or padding that the file carries is about batches; like transformers, encode does
// neither.
void check_top_level(const Json& json, const std::string& place) {
  constexpr std::string_view kKnown[] = {"version",        "truncation", "padding",
                                         "added_tokens",   "normalizer", "pre_tokenizer",
                                         "post_processor", "decoder",    "model"};
  for (const auto& [name, value] : json.as_object(place)) {
    const bool known = std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown);
    require(known, ErrorKind::kModel, place, ": expected a tokenizer, got a field \"", name, "\"");
  }
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;

Tokenizer Tokenizer::from_json(const Json& json, const std::string& place) {
  try {
    check_top_level(json, place);
    Normalizer normalizer =
        Normalizer::parse(member_or_null(json, "normalizer"), place + ": normalizer");
    PreTokenizer pre_tokenizer =
        PreTokenizer::parse(member_or_null(json, "pre_tokenizer"), place + ": pre_tokenizer");
    Bpe bpe = Bpe::parse(json.at("model", place), place + ": model");
    AddedTokens added = AddedTokens::parse(member_or_null(json, "added_tokens"), bpe, normalizer,
                                           place + ": added_tokens");
    PostProcessor post_processor =
        PostProcessor::parse(member_or_null(json, "post_processor"), place + ": post_processor");
    const TokenDecoder decoder =
        TokenDecoder::parse(member_or_null(json, "decoder"), place + ": decoder");
    auto state = std::make_unique<State>(State{std::move(normalizer),
                                               std::move(pre_tokenizer),
                                               std::move(bpe),
                                               std::move(added),
                                               std::move(post_processor),
                                               {}});
    Tokenizer tokenizer(std::move(state));
    const int32_t size = tokenizer.size();
    tokenizer.state_->bytes.resize(static_cast<size_t>(size));
    for (int32_t id = 0; id < size; ++id) {
      const auto token = tokenizer.id_to_token(id);
      if (token) tokenizer.state_->bytes[static_cast<size_t>(id)] = decoder.bytes_of(*token);
    }
    return tokenizer;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    throw Error(ErrorKind::kModel, error.what());  // a reader's complaint, about a model file
  }
}

Tokenizer Tokenizer::from_file(const std::string& path) {
  const MappedFile file(path);
  try {
    return from_json(Json::parse(file.text(), path), path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    throw Error(ErrorKind::kModel, error.what());
  }
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  check_well_formed(text);
  const State& state = *state_;
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 3 + 8);
  const auto encode_normalized = [&](std::string_view normalized) {
    for (const AddedMatch& match : state.added.split(normalized, true, options.match_special)) {
      if (match.token)
        ids.push_back(match.token->id);
      else
        state.encode_text(match.text, ids);
    }
  };
  for (const AddedMatch& match : state.added.split(text, false, options.match_special)) {
    if (match.token)
      ids.push_back(match.token->id);
    else if (state.normalizer.is_identity())
      encode_normalized(match.text);
    else
      encode_normalized(state.normalizer.apply(match.text));
  }
  return options.add_special ? state.post_processor.apply(std::move(ids)) : ids;
}

std::string Tokenizer::normalize(std::string_view text) const {
  check_well_formed(text);
  std::string out;
  for (const AddedMatch& match : state_->added.split(text, false, true))
    out += match.token ? match.token->content : state_->normalizer.apply(match.text);
  return out;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  return repair_utf8(decode_bytes(ids, skip_special));
}

std::string Tokenizer::decode_bytes(std::span<const int32_t> ids, bool skip_special) const {
  std::string bytes;
  for (const int32_t id : ids) {
    if (id < 0 || id >= size() || (skip_special && is_special(id))) continue;
    bytes += state_->bytes[static_cast<size_t>(id)];
  }
  return bytes;
}

int32_t Tokenizer::size() const {
  return std::max(state_->bpe.max_id(), state_->added.max_id()) + 1;
}

std::optional<int32_t> Tokenizer::token_to_id(std::string_view token) const {
  const AddedToken* added = state_->added.find(token);
  return added ? std::optional(added->id) : state_->bpe.token_to_id(token);
}

std::optional<std::string> Tokenizer::id_to_token(int32_t id) const {
  if (const AddedToken* added = state_->added.find(id)) return added->content;
  const std::string* token = state_->bpe.id_to_token(id);
  return token ? std::optional(*token) : std::nullopt;
}

bool Tokenizer::is_special(int32_t id) const {
  const AddedToken* added = state_->added.find(id);
  return added && added->special;
}

}  // namespace laconic
