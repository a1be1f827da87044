// The BPE model of a byte-level tokenizer: a piece of bytes in, token ids out.
//
// The lowest-ranked pair merges first, the leftmost of equals, as in `tokenizers` (models/bpe).
// Vocabulary and merges are spelled in the byte alphabet (byte_level.h). merges: "a b" or ["a",
// "b"]. Errors: parse throws Error(kModel) for what is not implemented (dropout, unknown tokens or
// byte fallback that could come into play, affixes) and for merges whose parts or product the
// vocabulary lacks. A byte without a token is dropped, as `tokenizers` does it without an unknown
// token. Thread-safe after construction; each thread keeps a bounded memory (1 MB) of pieces seen
// lately.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "text/string_index.h"

namespace laconic {

class Bpe {
 public:
  static Bpe parse(const Json& json, const std::string& place);

  // Appends the ids of one piece of the pre-tokenizer.
  void encode(std::string_view piece, std::vector<int32_t>& ids) const;
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
  void merge_short(std::string_view piece, std::vector<int32_t>& ids) const;
  void merge_long(std::string_view piece, std::vector<int32_t>& ids) const;
  void merge(std::string_view piece, std::vector<int32_t>& ids) const;

  uint64_t serial_ = 0;  // names this vocabulary in the threads' memories
  size_t num_tokens_ = 0;
  std::vector<std::string> tokens_;  // by id; spelled in the byte alphabet
  std::vector<bool> has_token_;
  StringIndex ids_by_token_;
  std::vector<std::string> token_bytes_;  // by id; only where ignore_merges asks for whole pieces
  StringIndex ids_by_bytes_;
  bool ignore_merges_ = false;
  std::array<int32_t, 256> byte_ids_{};  // -1: no token
  std::vector<Merge> merges_;            // open addressing
  uint64_t merges_mask_ = 0;
};

}  // namespace laconic
