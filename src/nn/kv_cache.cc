// SPDX-License-Identifier: Apache-2.0
#include "nn/kv_cache.h"

#include <cstring>

#include "base/error.h"
#include "nn/model_config.h"

namespace laconic {

KvCache::KvCache(const ModelConfig& config, int64_t num_slots, int64_t max_positions,
                 KvStorage storage)
    : storage_(storage),
      num_kv_heads_(config.num_kv_heads),
      head_bytes_(page_head_bytes(config.head_dim, storage)),
      page_bytes_(config.num_layers * config.num_kv_heads * head_bytes_),
      max_positions_(max_positions),
      slots_(static_cast<size_t>(num_slots)) {}

KvCache::Page* KvCache::take_page() {
  if (free_pages_.empty()) {
    // Zero from the system: lanes beyond the last position are computed with and must be finite.
    pages_.push_back(std::make_unique<Page>());
    pages_.back()->bytes = arena_.take(static_cast<size_t>(page_bytes_));
    free_pages_.push_back(pages_.back().get());
  }
  Page* page = free_pages_.back();
  free_pages_.pop_back();
  page->num_holders = 1;
  return page;
}

void KvCache::release(Page* page) {
  if (--page->num_holders == 0) free_pages_.push_back(page);
}

void KvCache::clear(int64_t slot) {
  Slot& s = at(slot);
  for (Page* page : s.pages) release(page);
  s = {};
}

void KvCache::require_room(int64_t slot, int64_t count) const {
  require(at(slot).num_positions + count <= max_positions_, ErrorKind::kUsage,
          "sampler: expected at most ", max_positions_, " positions in a slot, got ",
          at(slot).num_positions + count);
}

void KvCache::grow(int64_t slot, int64_t count) {
  require_room(slot, count);
  Slot& s = at(slot);
  const auto first_written = static_cast<size_t>(s.num_positions / kPagePositions);
  if (first_written < s.pages.size() && s.pages[first_written]->num_holders > 1) {
    Page* own = take_page();
    std::memcpy(own->bytes, s.pages[first_written]->bytes, static_cast<size_t>(page_bytes_));
    release(s.pages[first_written]);
    s.pages[first_written] = own;
    s.data[first_written] = own->bytes;
  }
  s.num_positions += count;
  while (static_cast<int64_t>(s.pages.size()) * kPagePositions < s.num_positions) {
    s.pages.push_back(take_page());
    s.data.push_back(s.pages.back()->bytes);
  }
}

void KvCache::copy(int64_t from, int64_t to, int64_t num_positions) {
  LACONIC_CHECK(num_positions <= at(from).num_positions, "slot ", from, " holds ",
                at(from).num_positions, " positions, ", num_positions, " asked for");
  const auto num_pages =
      static_cast<size_t>(round_up(num_positions, kPagePositions) / kPagePositions);
  Slot copied;
  copied.pages.assign(at(from).pages.begin(),
                      at(from).pages.begin() + static_cast<long>(num_pages));
  copied.data.assign(at(from).data.begin(), at(from).data.begin() + static_cast<long>(num_pages));
  copied.num_positions = num_positions;
  for (Page* page : copied.pages) ++page->num_holders;
  clear(to);
  at(to) = std::move(copied);
}

}  // namespace laconic
