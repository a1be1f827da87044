// SPDX-License-Identifier: Apache-2.0
#include "text/bpe.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <queue>

#include "base/error.h"
#include "base/hash.h"
#include "text/utf8.h"

namespace laconic {
namespace {

constexpr size_t kMaxShortPiece =
    48;  // bytes; above it the heap beats scanning for the lowest rank
constexpr uint32_t kNoRank = UINT32_MAX;

// Pieces seen lately by this thread, one slot per hash; a newcomer replaces what was there.
class PieceMemory {
 public:
  static constexpr size_t kMaxBytes = 25, kMaxIds = 7;
  struct alignas(64) Slot {
    uint64_t serial;  // 0: empty
    uint8_t num_bytes, num_ids;
    char bytes[kMaxBytes + 1];
    int32_t ids[kMaxIds];
  };
  static_assert(sizeof(Slot) == 64);

  PieceMemory() : slots_(std::make_unique<Slot[]>(kNumSlots)) {}
  Slot& slot(std::string_view piece) { return slots_[hash64(piece) & (kNumSlots - 1)]; }
  static bool holds(const Slot& slot, uint64_t serial, std::string_view piece) {
    return slot.serial == serial && slot.num_bytes == piece.size() &&
           std::memcmp(slot.bytes, piece.data(), piece.size()) == 0;
  }

 private:
  static constexpr size_t kNumSlots = 1 << 14;
  std::unique_ptr<Slot[]> slots_;
};

PieceMemory& thread_memory() {
  thread_local PieceMemory memory;
  return memory;
}

uint64_t pair_of(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

const Bpe::Merge* Bpe::find_merge(int32_t left, int32_t right) const {
  const uint64_t pair = pair_of(left, right);
  for (uint64_t i = merge_slot(pair) & merges_mask_;; i = (i + 1) & merges_mask_) {
    const Merge& merge = merges_[i];
    if (merge.pair == pair) return &merge;
    if (merge.pair == kNoPair) return nullptr;
  }
}

template <typename Put>
bool Bpe::spell_as_bytes(std::string_view unit, const Put& put) const {
  for (const char c : unit)
    if (fallback_ids_[static_cast<uint8_t>(c)] < 0) return false;
  for (const char c : unit) put(fallback_ids_[static_cast<uint8_t>(c)]);
  return true;
}

// The symbols before any merge. An unknown token waits for the next known one, but not for bytes,
// which pass it: so does `tokenizers`.
template <typename Put>
void Bpe::spell(std::string_view piece, const Put& put) const {
  if (all_bytes_) {
    for (const char c : piece) put(byte_ids_[static_cast<uint8_t>(c)]);
    return;
  }
  bool waiting = false;
  for (size_t pos = 0; pos < piece.size();) {
    const size_t begin = pos;
    const auto first = static_cast<uint8_t>(piece[pos]);
    const bool is_byte = units_ == PieceUnits::kBytes;
    if (is_byte)
      ++pos;
    else
      next_code_point(piece, pos);
    const std::string_view unit =
        is_byte ? std::string_view(byte_spellings_[first]) : piece.substr(begin, pos - begin);
    const int32_t id =
        is_byte || first < 0x80 ? byte_ids_[first] : ids_by_token_.find(tokens_, unit);
    if (id < 0 && (spell_as_bytes(unit, put) || unknown_id_ < 0)) continue;
    if (waiting && (id >= 0 || !fuse_unknown_)) put(unknown_id_);
    waiting = id < 0;
    if (id >= 0) put(id);
  }
  if (waiting) put(unknown_id_);
}

// Scans for the lowest rank; ranks of neighbours are kept beside the symbols.
void Bpe::merge_short(std::string_view piece, std::vector<int32_t>& ids) const {
  constexpr size_t kMaxSymbols = 2 * kMaxShortPiece;  // a spelled byte may fall back to two tokens
  std::array<int32_t, kMaxSymbols> symbols;
  std::array<uint32_t, kMaxSymbols> ranks;
  std::array<int32_t, kMaxSymbols> products;
  size_t n = 0;
  spell(piece, [&](int32_t id) { symbols[n++] = id; });
  const auto look = [&](size_t i) {
    const Merge* merge = find_merge(symbols[i], symbols[i + 1]);
    ranks[i] = merge ? merge->rank : kNoRank;
    products[i] = merge ? merge->id : -1;
  };
  for (size_t i = 0; i + 1 < n; ++i) look(i);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i)
      if (ranks[i] < ranks[best]) best = i;
    if (ranks[best] == kNoRank) break;
    symbols[best] = products[best];
    for (size_t i = best + 1; i + 1 < n; ++i) {
      symbols[i] = symbols[i + 1];
      ranks[i] = ranks[i + 1];
      products[i] = products[i + 1];
    }
    --n;
    if (best + 1 < n) look(best);
    if (best > 0) look(best - 1);
  }
  ids.insert(ids.end(), symbols.begin(), symbols.begin() + static_cast<std::ptrdiff_t>(n));
}

// A heap of candidate merges over a linked list; candidates that no longer hold are passed over.
void Bpe::merge_long(std::string_view piece, std::vector<int32_t>& ids) const {
  struct Symbol {
    int32_t id;
    uint32_t previous, next;
  };
  struct Candidate {
    uint32_t rank, position;
    uint64_t pair;
    int32_t id;
    bool operator<(const Candidate& other) const {  // the heap's top is the largest
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };
  constexpr uint32_t kEnd = UINT32_MAX;
  require(piece.size() < kEnd / 2, ErrorKind::kData,
          "tokenizer: expected a piece of less than 2 GB, got ", piece.size(), " bytes");
  std::vector<Symbol> symbols;
  symbols.reserve(piece.size());
  spell(piece, [&](int32_t id) {
    const auto at = static_cast<uint32_t>(symbols.size());
    symbols.push_back({id, at - 1, at + 1});
  });
  if (symbols.empty()) return;
  symbols.back().next = kEnd;

  std::vector<Candidate> initial;
  initial.reserve(symbols.size());
  const auto candidate = [&](uint32_t left, auto&& put) {
    const uint32_t right = symbols[left].next;
    if (right == kEnd) return;
    const Merge* merge = find_merge(symbols[left].id, symbols[right].id);
    if (merge) put(Candidate{merge->rank, left, merge->pair, merge->id});
  };
  for (uint32_t i = 0; i < symbols.size(); ++i)
    candidate(i, [&](const Candidate& c) { initial.push_back(c); });
  std::priority_queue<Candidate> queue(std::less<Candidate>(), std::move(initial));
  const auto push = [&](const Candidate& c) { queue.push(c); };
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    Symbol& left = symbols[top.position];
    if (left.id < 0 || left.next == kEnd) continue;
    Symbol& right = symbols[left.next];
    if (pair_of(left.id, right.id) != top.pair) continue;
    left.id = top.id;
    right.id = -1;
    left.next = right.next;
    if (left.next != kEnd) symbols[left.next].previous = top.position;
    candidate(top.position, push);
    if (left.previous != kEnd) candidate(left.previous, push);
  }
  for (uint32_t i = 0; i != kEnd; i = symbols[i].next) ids.push_back(symbols[i].id);
}

void Bpe::merge(std::string_view piece, std::vector<int32_t>& ids) const {
  if (piece.size() <= kMaxShortPiece)
    merge_short(piece, ids);
  else
    merge_long(piece, ids);
}

bool Bpe::merges_cross(std::string_view piece, size_t pos) const {
  for (const std::string& joiner : joiners_)
    if (piece.substr(0, pos).ends_with(joiner)) return true;
  return false;
}

void Bpe::encode(std::string_view piece, std::vector<int32_t>& ids, bool use_memory) const {
  if (ignore_merges_) {
    const int32_t id = units_ == PieceUnits::kBytes ? ids_by_bytes_.find(token_bytes_, piece)
                                                    : ids_by_token_.find(tokens_, piece);
    if (id >= 0) return ids.push_back(id);
  }
  if (word_start_.empty()) return encode_word(piece, ids, use_memory);
  size_t begin = 0;
  for (size_t pos = 1; (pos = piece.find(word_start_, pos)) != std::string_view::npos; ++pos) {
    if (merges_cross(piece, pos)) continue;
    encode_word(piece.substr(begin, pos - begin), ids, use_memory);
    begin = pos;
  }
  encode_word(piece.substr(begin), ids, use_memory);
}

void Bpe::encode_word(std::string_view piece, std::vector<int32_t>& ids, bool use_memory) const {
  if (piece.size() == 1 && byte_ids_[static_cast<uint8_t>(piece[0])] >= 0)
    return ids.push_back(byte_ids_[static_cast<uint8_t>(piece[0])]);
  if (piece.size() > PieceMemory::kMaxBytes || !use_memory) return merge(piece, ids);
  PieceMemory::Slot& slot = thread_memory().slot(piece);
  if (PieceMemory::holds(slot, serial_, piece)) {
    ids.insert(ids.end(), slot.ids, slot.ids + slot.num_ids);
    return;
  }
  const size_t before = ids.size();
  merge(piece, ids);
  const size_t num_ids = ids.size() - before;
  if (num_ids > PieceMemory::kMaxIds) return;
  slot.serial = serial_;
  slot.num_bytes = static_cast<uint8_t>(piece.size());
  slot.num_ids = static_cast<uint8_t>(num_ids);
  std::memcpy(slot.bytes, piece.data(), piece.size());
  std::copy_n(ids.begin() + static_cast<std::ptrdiff_t>(before), num_ids, slot.ids);
}

std::optional<int32_t> Bpe::token_to_id(std::string_view token) const {
  const int32_t id = ids_by_token_.find(tokens_, token);
  return id < 0 ? std::nullopt : std::optional(id);
}

const std::string* Bpe::id_to_token(int32_t id) const {
  if (id < 0 || id > max_id() || !has_token_[static_cast<size_t>(id)]) return nullptr;
  return &tokens_[static_cast<size_t>(id)];
}

}  // namespace laconic
