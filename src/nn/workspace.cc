// SPDX-License-Identifier: Apache-2.0
#include "nn/workspace.h"

#include <ATen/ops/empty.h>
#include <c10/util/accumulate.h>

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace laconic {
namespace {

constexpr int64_t kMostRoom = int64_t{1} << 30;  // bytes

}  // namespace

at::Tensor Workspace::take(std::string_view name, at::IntArrayRef shape,
                           const at::TensorOptions& options) {
  const int64_t size = c10::multiply_integers(shape);
  auto it = buffers_.find(name);
  if (it == buffers_.end()) it = buffers_.emplace(std::string(name), at::Tensor()).first;
  at::Tensor& buffer = it->second;
  if (!buffer.defined() || buffer.numel() < size || buffer.device() != options.device() ||
      buffer.scalar_type() != c10::typeMetaToScalarType(options.dtype())) {
    buffer = at::Tensor();  // free first: the old and the new one need not fit together
    // Pages that are never touched cost nothing, and faulting all of a buffer in again for a
    // batch that is a little longer costs as much as half a step. But the system refuses a mapping
    // that is larger than its memory.
    const int64_t room =
        std::min(size, kMostRoom / static_cast<int64_t>(options.dtype().itemsize()));
    buffer = at::empty({options.device().is_cpu() ? size + room : size}, options);
  }
  return buffer.narrow(0, 0, size).view(shape);
}

at::Tensor Workspace::take(std::string_view name, Slot slot, at::IntArrayRef shape,
                           const at::TensorOptions& options) {
  LACONIC_CHECK(0 <= slot.index && slot.index < slot.count, slot.index, " of ", slot.count);
  std::vector<int64_t> all = {slot.count};
  all.insert(all.end(), shape.begin(), shape.end());
  return take(name, all, options).select(0, slot.index);
}

void Workspace::release() {
  buffers_.clear();
  panels_ = GemmPanels();
}

int64_t Workspace::num_bytes() const {
  int64_t bytes = panels_.num_bytes();
  for (const auto& [name, buffer] : buffers_) bytes += static_cast<int64_t>(buffer.nbytes());
  return bytes;
}

}  // namespace laconic
