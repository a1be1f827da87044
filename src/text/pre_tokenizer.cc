// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.h"

#include "base/error.h"
#include "text/pre_tokenizer_stages.h"

namespace laconic {
namespace {

struct Part {
  const Json* json;
  std::string place;
};

// The members of nested Sequences in a row.
void flatten(const Json& json, const std::string& place, std::vector<Part>& parts) {
  if (json.at("type", place).as_string(place + ".type") != "Sequence")
    return parts.push_back({&json, place});
  const auto& members = json.at("pretokenizers", place).as_array(place + ".pretokenizers");
  for (size_t i = 0; i < members.size(); ++i)
    flatten(members[i], cat(place, ".pretokenizers[", i, "]"), parts);
}

}  // namespace

PreTokenizer PreTokenizer::parse(const Json& json, const std::string& place) {
  PreTokenizer pre_tokenizer;
  if (json.is_null()) return pre_tokenizer;
  require(json.is_object(), ErrorKind::kModel, place, ": expected a pre-tokenizer or null, got ",
          json.kind_name());
  std::vector<Part> parts;
  flatten(json, place, parts);
  constexpr size_t kMaxParts = 64, kMaxByteLevels = 4;  // each ByteLevel may double the text
  require(parts.size() <= kMaxParts, ErrorKind::kModel, place, ": expected at most ", kMaxParts,
          " stages, got ", parts.size());
  size_t num_byte_levels = 0;
  for (const Part& part : parts) {
    const bool is_bytes = part.json->at("type", part.place).as_string(part.place) == "ByteLevel";
    const bool is_last = &part == &parts.back();
    num_byte_levels += is_bytes ? 1 : 0;
    require(num_byte_levels <= kMaxByteLevels, ErrorKind::kModel, part.place, ": expected at most ",
            kMaxByteLevels, " ByteLevel stages, got more");
    auto stage = parse_stage(*part.json, is_bytes && !is_last, part.place);
    if (!stage->is_identity()) pre_tokenizer.stages_.push_back(std::move(stage));
    if (is_bytes && is_last) pre_tokenizer.units_ = PieceUnits::kBytes;
  }
  return pre_tokenizer;
}

void PreTokenizer::run_from(size_t stage, Piece text, const PieceSink& sink) const {
  if (text.text.empty()) return;
  if (stage == stages_.size()) return sink(text);
  if (stage + 1 == stages_.size()) return stages_[stage]->run(text, sink);
  const auto next = [&](Piece piece) { run_from(stage + 1, piece, sink); };
  stages_[stage]->run(text, next);
}

std::string PreTokenizer::respell(Piece text) const {
  std::string out(text.text);
  for (const auto& stage : stages_)
    if (!out.empty()) out = stage->respell({out, text.is_first});
  return out;
}

}  // namespace laconic
