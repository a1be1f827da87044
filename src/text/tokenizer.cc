// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "text/byte_level.h"
#include "text/tokenizer_state.h"
#include "text/utf8.h"

namespace laconic {

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
    Bpe bpe = Bpe::parse(json.at("model", place), pre_tokenizer.units(), place + ": model");
    AddedTokens added = AddedTokens::parse(member_or_null(json, "added_tokens"), bpe, normalizer,
                                           place + ": added_tokens");
    PostProcessor post_processor =
        PostProcessor::parse(member_or_null(json, "post_processor"), place + ": post_processor");
    TokenDecoder decoder =
        TokenDecoder::parse(member_or_null(json, "decoder"), place + ": decoder");
    auto state = std::make_unique<State>(State{std::move(normalizer),
                                               std::move(pre_tokenizer),
                                               std::move(bpe),
                                               std::move(added),
                                               std::move(post_processor),
                                               std::move(decoder),
                                               {},
                                               {}});
    Tokenizer tokenizer(std::move(state));
    tokenizer.state_->prepare_decoding(tokenizer.size());
    return tokenizer;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    throw Error(ErrorKind::kModel, error.what());  // a reader's complaint, about a model file
  }
}

Tokenizer Tokenizer::from_file(const std::string& path) {
  require(file_exists(path), ErrorKind::kModel, parent_path(path), ": expected a file ",
          file_name(path), ", got none");
  const MappedFile file(path);
  try {
    return from_json(Json::parse(file.text(), path), path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    throw Error(ErrorKind::kModel, error.what());
  }
}

void Tokenizer::State::prepare_decoding(int32_t num_ids) {
  prepared.resize(static_cast<size_t>(num_ids));
  is_skipped.resize(static_cast<size_t>(num_ids));
  for (int32_t id = 0; id < num_ids; ++id) {
    const AddedToken* token = added.find(id);
    const std::string* spelled = token ? &token->spelled : bpe.id_to_token(id);
    if (!spelled) continue;
    prepared[static_cast<size_t>(id)] = decoder.prepare(*spelled);
    const AddedToken* same = added.find(*spelled);
    is_skipped[static_cast<size_t>(id)] = same && same->special;
  }
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  check_well_formed(text);
  const State& state = *state_;
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 3 + 8);
  const auto put_piece = [&](Piece piece) {
    state.bpe.encode(piece.text, ids, options.use_memory);
  };
  state.for_each_section(
      text, options.match_special, [&](const AddedToken& token) { ids.push_back(token.id); },
      [&](Piece section) { state.pre_tokenizer.run(section, put_piece); });
  return options.add_special ? state.post_processor.apply(std::move(ids)) : ids;
}

std::string Tokenizer::normalize(std::string_view text) const {
  check_well_formed(text);
  const State& state = *state_;
  const bool is_bytes = state.pre_tokenizer.units() == PieceUnits::kBytes;
  const bool is_plain = is_bytes && state.decoder.is_bytes();
  TokenDecoder::State memory = state.decoder.start();
  std::string out;
  const auto put_token = [&](std::string_view token) {
    if (is_plain)
      out += token;
    else
      state.decoder.push(memory, state.decoder.prepare(token), out);
  };
  const auto put_section = [&](Piece section) {
    std::string spelled = state.pre_tokenizer.respell(section);
    if (is_plain) return put_token(spelled);
    if (is_bytes) spelled = to_byte_alphabet(spelled);
    for (size_t pos = 0; pos < spelled.size();) {  // as if every character were a token
      const size_t begin = pos;
      next_code_point(spelled, pos);
      put_token(std::string_view(spelled).substr(begin, pos - begin));
    }
  };
  state.for_each_section(
      text, true, [&](const AddedToken& token) { put_token(token.spelled); }, put_section);
  state.decoder.finish(memory, out);
  return out;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  TokenDecoder::State memory = state_->decoder.start();
  std::string out;
  for (const int32_t id : ids) {
    const std::string* token = state_->token_to_decode(id, skip_special);
    if (!token) continue;
    if (state_->decoder.is_bytes())
      out += *token;
    else
      state_->decoder.push(memory, *token, out);
  }
  if (state_->decoder.is_bytes()) return repair_utf8(out);
  state_->decoder.finish(memory, out);
  return out;
}

std::vector<int32_t> Tokenizer::added_ids(std::string_view text) const {
  check_well_formed(text);
  std::vector<int32_t> ids;
  state_->for_each_section(
      text, true, [&](const AddedToken& token) { ids.push_back(token.id); }, [](Piece) {});
  return ids;
}

const std::vector<int32_t>& Tokenizer::special_before() const {
  return state_->post_processor.before();
}

const std::vector<int32_t>& Tokenizer::special_behind() const {
  return state_->post_processor.behind();
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
