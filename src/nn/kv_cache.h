// The keys and values of all slots, in pages of kPagePositions positions that slots share until one
// of them writes.
//
// A page holds one run of positions for every layer and key/value head:
// [L][K][page_head_bytes(E, storage)] (nn/decode_attention.h has the layout within), in memory of
// nn/huge_pages.h, which grows as pages are first taken. Pages that no slot holds are kept for
// reuse. Not thread-safe; pointers stay valid until the slot grows or is replaced.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "nn/decode_attention.h"
#include "nn/huge_pages.h"

namespace laconic {

struct ModelConfig;

class KvCache {
 public:
  KvCache(const ModelConfig& config, int64_t num_slots, int64_t max_positions,
          KvStorage storage = KvStorage::kFloat32);

  int64_t num_slots() const { return static_cast<int64_t>(slots_.size()); }
  int64_t max_positions() const { return max_positions_; }
  int64_t num_positions(int64_t slot) const { return at(slot).num_positions; }
  int64_t num_pages_allocated() const { return static_cast<int64_t>(pages_.size()); }
  KvStorage storage() const { return storage_; }
  std::byte* const* pages(int64_t slot) const { return at(slot).data.data(); }
  // Where layer and head lie within a page, in bytes.
  int64_t page_offset(int64_t layer, int64_t head) const {
    return (layer * num_kv_heads_ + head) * head_bytes_;
  }

  void clear(int64_t slot);
  void require_room(int64_t slot, int64_t count) const;
  // Adds `count` positions, whose pages are then the slot's own to write. Full: Error(kUsage).
  void grow(int64_t slot, int64_t count);
  // `to` becomes the first num_positions of `from`; from == to cuts.
  void copy(int64_t from, int64_t to, int64_t num_positions);

 private:
  struct Page {
    std::byte* bytes = nullptr;  // [page_bytes_], the arena's
    int num_holders = 0;
  };
  struct Slot {
    std::vector<Page*> pages;
    std::vector<std::byte*> data;  // of the pages
    int64_t num_positions = 0;
  };
  const Slot& at(int64_t slot) const { return slots_[static_cast<size_t>(slot)]; }
  Slot& at(int64_t slot) { return slots_[static_cast<size_t>(slot)]; }
  Page* take_page();
  void release(Page* page);

  const KvStorage storage_;
  const int64_t num_kv_heads_, head_bytes_, page_bytes_, max_positions_;
  HugePageArena arena_;
  std::vector<Slot> slots_;
  std::vector<std::unique_ptr<Page>> pages_;
  std::vector<Page*> free_pages_;
};

}  // namespace laconic
