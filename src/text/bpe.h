// The BPE model: a piece of text in, token ids out.
//
// The lowest-ranked pair merges first, the leftmost of equals, as in `tokenizers` (models/bpe).
// merges: "a b" or ["a", "b"]. A piece is bytes that the vocabulary spells in the byte alphabet
// (byte_level.h), or characters that it spells as themselves. What has no token becomes, in this
// order: the tokens <0xNN> of its bytes (byte_fallback, where all of them are there), the unknown
// token (one for a run of them with fuse_unk), nothing. Errors: parse throws Error(kModel) for what
// is not implemented (dropout, affixes) and for merges whose parts or product the vocabulary lacks.
// Thread-safe after construction; each thread keeps a bounded memory (1 MB) of pieces seen lately.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "text/pre_tokenizer.h"  // PieceUnits
#include "text/string_index.h"

namespace laconic {

class Bpe {
 public:
  static Bpe parse(const Json& json, PieceUnits units, const std::string& place);

  // Appends the ids of one piece of the pre-tokenizer. `use_memory` false: every piece is merged
  // anew (the same ids, for tests and measurements).
  void encode(std::string_view piece, std::vector<int32_t>& ids, bool use_memory = true) const;
  size_t num_tokens() const { return num_tokens_; }
  int32_t max_id() const { return static_cast<int32_t>(tokens_.size()) - 1; }
  std::optional<int32_t> token_to_id(std::string_view token) const;
  const std::string* id_to_token(int32_t id) const;  // null where the vocabulary has no such id

 private:
  friend class BpeParser;
  struct Merge {
    uint64_t pair;  // left id << 32 | right id; kNoPair: empty slot
    uint32_t rank;
    int32_t id;
  };
  static constexpr uint64_t kNoPair = UINT64_MAX;
  static uint64_t merge_slot(uint64_t pair) {
    const uint64_t mixed = pair * 0x9E3779B97F4A7C15u;
    return mixed ^ mixed >> 32;
  }

  const Merge* find_merge(int32_t left, int32_t right) const;
  template <typename Put>
  void spell(std::string_view piece, const Put& put) const;
  template <typename Put>
  bool spell_as_bytes(std::string_view unit, const Put& put) const;
  bool merges_cross(std::string_view piece, size_t pos) const;
  void merge_short(std::string_view piece, std::vector<int32_t>& ids) const;
  void merge_long(std::string_view piece, std::vector<int32_t>& ids) const;
  void merge(std::string_view piece, std::vector<int32_t>& ids) const;
  void encode_word(std::string_view piece, std::vector<int32_t>& ids, bool use_memory) const;

  uint64_t serial_ = 0;  // names this vocabulary in the threads' memories
  size_t num_tokens_ = 0;
  std::vector<std::string> tokens_;  // by id; spelled in the byte alphabet
  std::vector<bool> has_token_;
  StringIndex ids_by_token_;
  std::vector<std::string> token_bytes_;  // by id; only where ignore_merges asks for whole pieces
  StringIndex ids_by_bytes_;
  bool ignore_merges_ = false;
  PieceUnits units_ = PieceUnits::kBytes;
  // Tokens of single bytes in the byte alphabet, or (kCharacters) of ASCII's characters; -1: none.
  std::array<int32_t, 256> byte_ids_{};
  std::array<std::string, 256> byte_spellings_;  // kBytes: the byte in the alphabet
  bool all_bytes_ = false;                       // kBytes: nothing is unknown
  std::array<int32_t, 256> fallback_ids_{};      // of <0xNN>; -1: none, or no byte_fallback
  int32_t unknown_id_ = -1;
  bool fuse_unknown_ = false;
  // A piece may be cut before this character (empty: nowhere) where the one in front is none of
  // `joiners_`: no merge makes a token that holds the two side by side.
  std::string word_start_;
  std::vector<std::string> joiners_;
  std::vector<Merge> merges_;  // open addressing
  uint64_t merges_mask_ = 0;
};

}  // namespace laconic
