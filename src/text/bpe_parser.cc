// Reads the "model" of tokenizer.json into a Bpe.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <bit>
#include <set>

#include "base/error.h"
#include "text/bpe.h"
#include "text/byte_level.h"
#include "text/utf8.h"

namespace laconic {

class BpeParser {
 public:
  BpeParser(const Json& json, PieceUnits units, const std::string& place)
      : json_(json), place_(place) {
    bpe_.units_ = units;
  }

  Bpe run() {
    static std::atomic<uint64_t> serials{0};
    bpe_.serial_ = ++serials;
    check_type();
    read_vocabulary();
    read_bytes();
    refuse_unimplemented();
    read_unknown();
    read_merges();
    if (bpe_.units_ == PieceUnits::kCharacters) find_word_start();
    const Json* ignore_merges = json_.find("ignore_merges");
    bpe_.ignore_merges_ = ignore_merges && ignore_merges->as_boolean(place_ + ".ignore_merges");
    if (bpe_.ignore_merges_ && bpe_.units_ == PieceUnits::kBytes) index_bytes();
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

  int32_t find(std::string_view token) const {
    return bpe_.ids_by_token_.find(bpe_.tokens_, token);
  }

  void read_bytes() {
    const bool is_bytes = bpe_.units_ == PieceUnits::kBytes;
    bpe_.all_bytes_ = is_bytes;
    for (size_t b = 0; b < 256; ++b) {
      std::string& token = bpe_.byte_spellings_[b];
      if (is_bytes || b < 0x80)
        append_utf8(is_bytes ? byte_to_char(static_cast<uint8_t>(b)) : static_cast<char32_t>(b),
                    token);
      bpe_.byte_ids_[b] = find(token);
      bpe_.all_bytes_ = bpe_.all_bytes_ && bpe_.byte_ids_[b] >= 0;
    }
  }

  void refuse_unimplemented() {
    for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const Json* value = json_.find(name);
      require(!value || value->is_null() || value->as_string(place_).empty(), ErrorKind::kModel,
              place_, ".", name, ": expected none, got ", value ? value->dump() : "");
    }
    const Json* dropout = json_.find("dropout");
    require(!dropout || dropout->is_null() || dropout->as_number(place_) == 0, ErrorKind::kModel,
            place_, ".dropout: expected none, got ", dropout ? dropout->dump() : "");
  }

  bool flag(const char* name) const {
    const Json* value = json_.find(name);
    return value && value->as_boolean(cat(place_, ".", name));
  }

  void read_unknown() {
    const bool falls_back = flag("byte_fallback");
    bool has_fallback = true;
    for (size_t b = 0; b < 256; ++b) {
      constexpr const char* kHex = "0123456789ABCDEF";
      const std::string token = {'<', '0', 'x', kHex[b >> 4], kHex[b & 15], '>'};
      bpe_.fallback_ids_[b] = falls_back ? find(token) : -1;
      has_fallback = has_fallback && bpe_.fallback_ids_[b] >= 0;
    }
    bpe_.fuse_unknown_ = flag("fuse_unk");
    const Json* unknown = json_.find("unk_token");
    if (!unknown || unknown->is_null() || bpe_.all_bytes_ || has_fallback) return;
    const std::string& token = unknown->as_string(place_ + ".unk_token");
    bpe_.unknown_id_ = find(token);
    require(bpe_.unknown_id_ >= 0, ErrorKind::kModel, place_,
            ".unk_token: expected a token of the vocabulary, got \"", token, "\"");
  }

  // Text without a pre-tokenizer is one piece, but its words seldom meet in a merge. A word begins
  // with the blank, by one of its spellings; joiners are what stands before one inside a token that
  // a merge makes.
  void find_word_start() {
    for (const Bpe::Merge& merge : bpe_.merges_)
      if (merge.pair != Bpe::kNoPair && (stands_for_other_text(merge.pair >> 32) ||
                                         stands_for_other_text(merge.pair & UINT32_MAX)))
        return;
    for (const char* start : {"\u2581", " "}) {
      if (find(start) < 0) continue;
      constexpr size_t kMaxJoiners = 16;
      std::set<std::string> joiners;
      for (const Bpe::Merge& merge : bpe_.merges_)
        if (merge.pair != Bpe::kNoPair)
          collect_joiners(bpe_.tokens_[static_cast<size_t>(merge.id)], start, joiners);
      if (joiners.size() > kMaxJoiners) continue;
      bpe_.word_start_ = start;
      bpe_.joiners_.assign(joiners.begin(), joiners.end());
      return;
    }
  }

  // A token that is not spelled like the text it comes from.
  bool stands_for_other_text(uint64_t id) const {
    const auto token = static_cast<int32_t>(id);
    const auto& fallback = bpe_.fallback_ids_;
    return token == bpe_.unknown_id_ ||
           std::find(fallback.begin(), fallback.end(), token) != fallback.end();
  }

  static void collect_joiners(std::string_view token, std::string_view start,
                              std::set<std::string>& joiners) {
    size_t previous = 0;
    for (size_t pos = 0; pos < token.size();) {
      const size_t begin = pos;
      if (begin > 0 && token.substr(begin).starts_with(start))
        joiners.emplace(token.substr(previous, begin - previous));
      previous = begin;
      next_code_point(token, pos);
    }
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
};

Bpe Bpe::parse(const Json& json, PieceUnits units, const std::string& place) {
  return BpeParser(json, units, place).run();
}

}  // namespace laconic
