// Memory that is kept from call to call: allocating and faulting it in again cost a third of a step
// in a trial.
//
// Each name owns one flat buffer, grown when a larger tensor is asked for and never shrunk, on the
// CPU with room for twice as much; a tensor is a view of its front. Asking twice under a name hands
// out the same memory. Not thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace laconic {

class Workspace {
 public:
  // Contents are undefined. Dtype and device are those of `options`.
  at::Tensor take(std::string_view name, at::IntArrayRef shape, const at::TensorOptions& options);
  // As take, for a member of a family of buffers (one for each layer).
  at::Tensor take(std::string_view name, int64_t index, at::IntArrayRef shape,
                  const at::TensorOptions& options);

 private:
  std::map<std::string, at::Tensor, std::less<>> buffers_;
};

}  // namespace laconic
