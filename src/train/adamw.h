// AdamW (Loshchilov and Hutter, arXiv 1711.05101) over the flat weight buffer, as torch.optim.AdamW
// computes it.
//
//   w -= lr * weight_decay * w (matrices only); m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2
//   w -= lr / (1 - b1^t) * m / (sqrt(v / (1 - b2^t)) + eps)
//
// State is fp32: two buffers of N floats and a step count, which is all that resuming needs. Norms
// and biases are not decayed. Deterministic; independent of the number of threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

namespace at {
class Tensor;
}

namespace laconic {

struct FlatTensors;

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.0;
  bool aten_kernels = false;  // ATen's operators on the CPU too, as on other devices: to test them
};

class AdamW {
 public:
  AdamW(const FlatTensors& weights, const AdamWOptions& options);
  ~AdamW();

  // One update of `weights` (the layout given at construction) with gradients * gradient_factor.
  void step(FlatTensors& weights, const FlatTensors& gradients, double lr,
            double gradient_factor = 1.0);

  int64_t num_steps() const;
  const at::Tensor& first_moment() const;   // m [N], fp32, on the weights' device
  const at::Tensor& second_moment() const;  // v [N]
  // Takes over a saved state; the tensors are copied.
  void restore(int64_t num_steps, const at::Tensor& first, const at::Tensor& second);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// L2 norm of all gradients, summed in double in a fixed order.
double gradient_norm(const FlatTensors& gradients, bool aten_kernels = false);

// Factor that brings a gradient of this norm to at most max_norm (torch's clip_grad_norm_); 1 where
// max_norm <= 0.
double clip_factor(double norm, double max_norm);

}  // namespace laconic
