// Memory in huge pages, handed out piece by piece: reading packed weights once a token touches more
// pages than the processor's table of them holds (13 % of the bandwidth at 4 KB a page), and so do
// cached keys and values.
//
// Pieces are 64-byte aligned, zero when first taken, and live as long as the arena. After rewind()
// the same sequence of sizes gets the same pieces, so that packing again takes no new memory. Where
// the system has no transparent huge pages it is plain memory. Not thread-safe. Error:
// std::bad_alloc.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace laconic {

class HugePageArena {
 public:
  std::byte* take(size_t bytes);
  void rewind();

 private:
  struct Unmap {
    size_t bytes = 0;
    void operator()(std::byte* start) const;
  };
  struct Block {
    std::unique_ptr<std::byte, Unmap> start;
    size_t bytes = 0, used = 0;
  };
  std::vector<Block> blocks_;
  size_t current_ = 0;
};

}  // namespace laconic
