// Attention of queries over one slot's cached pages, and the layout of a page. fp32, Highway, AVX2
// or AVX-512 at run time; keys and values may be stored in bf16 and are widened as they are read.
//
// A fixed sequence of operations for a query: its bits depend on its own positions alone, not on
// the queries that share the reading of keys and values with it. A window is the positions that it
// keeps: pages wholly before it are not read, and what is left of the first page counts as zero.
// Preconditions are the caller's; nothing here allocates or throws.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "nn/decode_matrix.h"

namespace laconic {

inline constexpr int64_t kPagePositions = 64;

// What a page's values are stored as; scores and sums are fp32 in both.
enum class KvStorage {
  kFloat32,
  kBfloat16  // rounded to nearest even
};
inline int64_t bytes_of(KvStorage storage) { return storage == KvStorage::kFloat32 ? 4 : 2; }

// A page of one layer and key/value head: keys [E, kPagePositions], then values
// [kPagePositions, round_up(E, 16)].
inline int64_t page_head_bytes(int64_t head_dim, KvStorage storage) {
  return kPagePositions * (head_dim + round_up(head_dim, 16)) * bytes_of(storage);
}
// Where one position of one layer and head is written.
struct KeyValueSlot {
  std::byte* page;  // of the layer and head
  int64_t position_in_page;
  KvStorage storage;
};
// Writes key and value [E].
void store_key_value(const KeyValueSlot& slot, const float* key, const float* value,
                     int64_t head_dim);

struct AttendQuery {
  const float* query;      // [E]
  int64_t first_position;  // attended: first_position .. num_positions - 1, one at least
  int64_t num_positions;
  float* out;  // [E]
};

inline constexpr int64_t kMaxAttendQueries = 64;
// Queries that share each load of keys and values; the others of a call go alone. Three together
// take about the time of two alone (dev/LOG.md, AVX2).
inline constexpr int64_t kQueriesSharing = 3;

struct AttendArgs {
  std::span<const AttendQuery> queries;  // at most kMaxAttendQueries
  std::byte* const* pages;               // of the slot
  int64_t page_offset;                   // of the layer and head within a page, in bytes
  KvStorage storage;
  int64_t head_dim;  // E
  float scale;       // of a score
  float softcap;     // a scaled score s becomes cap * tanh(s / cap); 0: none
  float* scratch;    // attend_scratch_floats() of the longest query
};
inline int64_t attend_scratch_floats(int64_t num_queries, int64_t num_positions, int64_t head_dim) {
  return num_queries * (round_up(num_positions, kPagePositions) + 4 * round_up(head_dim, 16));
}
// out = softmax(scale * query . keys) values.
void attend(const AttendArgs& args);

}  // namespace laconic
