// SPDX-License-Identifier: Apache-2.0
#include "nn/huge_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>

namespace laconic {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kBlock = size_t{64} << 20;

size_t round_up_to(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

void HugePageArena::Unmap::operator()(std::byte* start) const { munmap(start, bytes); }

std::byte* HugePageArena::take(size_t bytes) {
  bytes = round_up_to(std::max<size_t>(bytes, 1), 64);
  while (current_ < blocks_.size() && blocks_[current_].used + bytes > blocks_[current_].bytes)
    ++current_;
  if (current_ == blocks_.size()) {
    // One huge page more than needed, since a mapping starts at any small page.
    const size_t size = round_up_to(std::max(bytes, kBlock), kHugePage) + kHugePage;
    void* const memory =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    madvise(memory, size, MADV_HUGEPAGE);
    Block block{{static_cast<std::byte*>(memory), Unmap{size}}, size, 0};
    block.used = round_up_to(reinterpret_cast<uintptr_t>(memory), kHugePage) -
                 reinterpret_cast<uintptr_t>(memory);
    blocks_.push_back(std::move(block));
  }
  Block& block = blocks_[current_];
  std::byte* const piece = block.start.get() + block.used;
  block.used += bytes;
  return piece;
}

void HugePageArena::rewind() {
  current_ = 0;
  for (Block& block : blocks_) {
    const auto start = reinterpret_cast<uintptr_t>(block.start.get());
    block.used = round_up_to(start, kHugePage) - start;
  }
}

}  // namespace laconic
