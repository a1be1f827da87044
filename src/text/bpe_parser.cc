// Reads the "model" of tokenizer.json into a Bpe.
// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <bit>

#include "base/error.h"
#include "text/bpe.h"
#include "text/byte_level.h"
#include "text/utf8.h"

namespace laconic {

class BpeParser {
 public:
  BpeParser(const Json& json, const std::string& place) : json_(json), place_(place) {}

  Bpe run() {
    static std::atomic<uint64_t> serials{0};
    bpe_.serial_ = ++serials;
    check_type();
    read_vocabulary();
    read_bytes();
    refuse_unimplemented();
    read_merges();
    const Json* ignore_merges = json_.find("ignore_merges");
    bpe_.ignore_merges_ = ignore_merges && ignore_merges->as_boolean(place_ + ".ignore_merges");
    if (bpe_.ignore_merges_) index_bytes();
    return std::move(bpe_);
  }

 private:
  void check_type() {
    const Json* type = json_.find("type");
    const std::string name = type ? type->as_string(place_ + ".type") : "BPE";
    require(name == "BPE", ErrorKind::kModel, place_, ".type: expected BPE, got \"", name, "\"");
  }

  void read_vocabulary() {
    const std::string place = place_ + ".vocab";
    const Json::Object& vocab = json_.at("vocab", place_).as_object(place);
    constexpr int64_t kMaxIds = 1 << 26;
    int64_t max_id = -1;
    for (const auto& [token, value] : vocab) {
      const int64_t id = value.as_integer(place);
      require(id >= 0 && id < kMaxIds, ErrorKind::kModel, place, ": expected ids below ", kMaxIds,
              ", got ", id, " for \"", token, "\"");
      max_id = std::max(max_id, id);
    }
    const auto num_ids = static_cast<size_t>(max_id + 1);
    bpe_.tokens_.resize(num_ids);
    bpe_.has_token_.resize(num_ids);
    bpe_.ids_by_token_ = StringIndex(vocab.size());
    for (const auto& [token, value] : vocab) {
      const auto id = static_cast<size_t>(value.as_integer(place));
      require(!bpe_.has_token_[id], ErrorKind::kModel, place, ": expected one token an id, got \"",
              token, "\" and \"", bpe_.tokens_[id], "\" for ", id);
      bpe_.has_token_[id] = true;
      bpe_.tokens_[id] = token;
      bpe_.ids_by_token_.insert(bpe_.tokens_, static_cast<int32_t>(id));
    }
    bpe_.num_tokens_ = vocab.size();
  }

  void read_bytes() {
    for (size_t b = 0; b < 256; ++b) {
      std::string token;
      append_utf8(byte_to_char(static_cast<uint8_t>(b)), token);
      bpe_.byte_ids_[b] = bpe_.ids_by_token_.find(bpe_.tokens_, token);
      all_bytes_ = all_bytes_ && bpe_.byte_ids_[b] >= 0;
    }
  }

  // Settings that change nothing for a byte-level vocabulary that is complete are fine.
  void refuse_unimplemented() {
    for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const Json* value = json_.find(name);
      require(!value || value->is_null() || value->as_string(place_).empty(), ErrorKind::kModel,
              place_, ".", name, ": expected none, got ", value ? value->dump() : "");
    }
    const Json* dropout = json_.find("dropout");
    require(!dropout || dropout->is_null() || dropout->as_number(place_) == 0, ErrorKind::kModel,
            place_, ".dropout: expected none, got ", dropout ? dropout->dump() : "");
    if (all_bytes_) return;
    const Json* unknown = json_.find("unk_token");
    require(!unknown || unknown->is_null(), ErrorKind::kModel, place_,
            ".unk_token: expected none where the vocabulary lacks bytes, got ",
            unknown ? unknown->dump() : "");
    const Json* fallback = json_.find("byte_fallback");
    require(!fallback || !fallback->as_boolean(place_ + ".byte_fallback"), ErrorKind::kModel,
            place_, ".byte_fallback: expected false, got true");
  }

  void read_merges() {
    const std::string place = place_ + ".merges";
    const Json::Array& merges = json_.at("merges", place_).as_array(place);
    bpe_.merges_.assign(std::bit_ceil(2 * merges.size() + 2), {Bpe::kNoPair, 0, 0});
    bpe_.merges_mask_ = bpe_.merges_.size() - 1;
    uint32_t rank = 0;
    std::string product;
    for (size_t i = 0; i < merges.size(); ++i) {
      std::string_view left, right;
      if (!merge_parts(merges[i], i, left, right)) continue;
      product.assign(left).append(right);
      put_merge({find_part(left, i), find_part(right, i)}, rank++, find_part(product, i));
    }
  }

  // Returns false for the version line of old files.
  bool merge_parts(const Json& json, size_t i, std::string_view& left, std::string_view& right) {
    if (json.is_string()) {
      const std::string_view line = json.as_string(place_);
      if (line.starts_with("#version")) return false;
      const size_t space = line.find(' ');
      const bool two = space != std::string_view::npos && line.find(' ', space + 1) == line.npos;
      require(two, ErrorKind::kModel, place_, ".merges[", i, "]: expected two parts, got \"", line,
              "\"");
      left = line.substr(0, space);
      right = line.substr(space + 1);
      return true;
    }
    require(json.is_array() && json.size() == 2, ErrorKind::kModel, place_, ".merges[", i,
            "]: expected a pair, got ", json.dump());
    const Json::Array& pair = json.as_array(place_);
    left = pair[0].as_string(place_);
    right = pair[1].as_string(place_);
    return true;
  }

  int32_t find_part(std::string_view token, size_t i) const {
    const int32_t id = bpe_.ids_by_token_.find(bpe_.tokens_, token);
    require(id >= 0, ErrorKind::kModel, place_, ".merges[", i,
            "]: expected tokens of the vocabulary, got \"", token, "\"");
    return id;
  }

  // A pair that comes again takes the later rank, as in `tokenizers`.
  void put_merge(std::pair<int32_t, int32_t> parts, uint32_t rank, int32_t id) {
    const uint64_t pair = static_cast<uint64_t>(static_cast<uint32_t>(parts.first)) << 32 |
                          static_cast<uint32_t>(parts.second);
    uint64_t i = Bpe::merge_slot(pair) & bpe_.merges_mask_;
    while (bpe_.merges_[i].pair != Bpe::kNoPair && bpe_.merges_[i].pair != pair)
      i = (i + 1) & bpe_.merges_mask_;
    bpe_.merges_[i] = {pair, rank, id};
  }

  void index_bytes() {
    bpe_.token_bytes_.resize(bpe_.tokens_.size());
    bpe_.ids_by_bytes_ = StringIndex(bpe_.num_tokens_);
    for (size_t id = 0; id < bpe_.tokens_.size(); ++id) {
      if (!bpe_.has_token_[id]) continue;
      auto bytes = from_byte_alphabet(bpe_.tokens_[id]);
      if (!bytes) continue;
      bpe_.token_bytes_[id] = std::move(*bytes);
      bpe_.ids_by_bytes_.insert(bpe_.token_bytes_, static_cast<int32_t>(id));
    }
  }

  const Json& json_;
  const std::string& place_;
  Bpe bpe_;
  bool all_bytes_ = true;
};

Bpe Bpe::parse(const Json& json, const std::string& place) { return BpeParser(json, place).run(); }

}  // namespace laconic
