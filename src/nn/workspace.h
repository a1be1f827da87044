// Memory that is kept from call to call: allocating and faulting it in again cost a third of a step
// in a trial.
//
// Each name owns one flat buffer, grown when a larger tensor is asked for and never shrunk, on the
// CPU with room for as much again (a GiB at most); a tensor is a view of its front. Asking twice
// under a name hands out the same memory. Not thread-safe. Owned by whoever runs a model
// (nn/decoder.h) and passed down: two models in one process have two.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "nn/gemm.h"  // GemmPanels

namespace laconic {

class Workspace {
 public:
  struct Slot {
    int64_t index, count;  // 0 <= index < count
  };
  // Contents are undefined. Dtype and device are those of `options`.
  at::Tensor take(std::string_view name, at::IntArrayRef shape, const at::TensorOptions& options);
  // As take, for one of slot.count tensors of the same shape (one for each layer) that lie side by
  // side: buffers of their own would each leave the rest of a huge page unused. REQUIRES: tensors
  // of a name that live together were taken with the same count and shape. Slots that are never
  // taken cost nothing on the CPU, elsewhere memory.
  at::Tensor take(std::string_view name, Slot slot, at::IntArrayRef shape,
                  const at::TensorOptions& options);
  // Room for the one matrix that a product packs for itself.
  GemmPanels& panels() { return panels_; }

  // Gives all memory back; what was taken must not be used any more.
  void release();
  int64_t num_bytes() const;  // of address space, touched or not

 private:
  std::map<std::string, at::Tensor, std::less<>> buffers_;
  GemmPanels panels_;
};

}  // namespace laconic
