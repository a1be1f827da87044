// The operators of nn/lora.h.
// SPDX-License-Identifier: Apache-2.0
#include "nn/lora.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "base/error.h"  // cat
#include "base/philox.h"
#include "nn/workspace.h"

namespace laconic {
namespace {

constexpr double kDraws = 4294967296.0;  // values of one 32-bit draw
constexpr int64_t kGrain = 16;           // rows of a mask that are worth a thread

// Memory for what lives during one call.
at::Tensor take(const LinearWeight& weight, std::string_view name, const at::Tensor& like,
                at::IntArrayRef shape) {
  if (weight.workspace == nullptr) return at::empty(shape, like.options());
  return weight.workspace->take(name, shape, like.options());
}

bool drops(const LinearWeight& weight) { return weight.dropout && weight.dropout->rate > 0; }

// The frozen matrix alone, and the rows of it that a module is beside (then without panels).
LinearWeight frozen(const LinearWeight& weight) {
  LinearWeight alone = weight;
  alone.lora = nullptr, alone.dropout = nullptr;
  return alone;
}
LinearWeight frozen_rows(const LinearWeight& weight, const LoraModule& module) {
  LinearWeight rows = frozen(weight);
  if (module.num_rows == weight.weight.size(0)) return rows;
  rows.weight = weight.weight.narrow(0, module.first_row, module.num_rows);
  rows.forward = nullptr, rows.backward = nullptr;
  return rows;
}

// One matrix of a pair: in fp32.
LinearWeight plain(const LinearWeight& weight, const at::Tensor& matrix) {
  LinearWeight alone;
  alone.weight = matrix;
  alone.mode = weight.mode.in_float32();
  alone.workspace = weight.workspace;
  return alone;
}

at::Tensor columns_of(const at::Tensor& t, const LoraModule& module) {
  return t.narrow(1, module.first_row, module.num_rows);
}

// to[t, c] = from[t, c] / (1 - rate), or 0 where it is dropped. May be in place.
void drop(const LoraDropout& dropout, const LoraModule& module, const at::Tensor& from,
          const at::Tensor& to) {
  const int64_t width = from.size(1);
  const auto threshold = static_cast<uint32_t>(std::min(dropout.rate * kDraws, kDraws - 1));
  const auto factor = static_cast<float>(1.0 / (1.0 - dropout.rate));
  const auto* const source = static_cast<const float*>(from.const_data_ptr());
  auto* const target = static_cast<float*>(to.data_ptr());
  at::parallel_for(0, from.size(0), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const uint64_t row = dropout.rows[static_cast<size_t>(t)];
      for (int64_t c = 0; c < width; c += 4) {
        const auto place = static_cast<uint64_t>(module.index) << 32 | static_cast<uint64_t>(c / 4);
        const auto draws = philox(dropout.key, row, place);
        for (int64_t i = c; i < std::min(c + 4, width); ++i) {
          const bool kept = draws[static_cast<size_t>(i - c)] >= threshold;
          target[t * width + i] = kept ? source[t * width + i] * factor : 0.0f;
        }
      }
    }
  });
}

// x', the input of A.
at::Tensor dropped(const at::Tensor& x, const LinearWeight& weight, const LoraModule& module) {
  if (!drops(weight)) return x;
  const at::Tensor result = take(weight, "lora.dropped", x, x.sizes());
  if (x.device().is_cpu()) {
    drop(*weight.dropout, module, x, result);
  } else {
    const at::Tensor host = x.cpu();
    drop(*weight.dropout, module, host, host);
    result.copy_(host);
  }
  return result;
}

at::Tensor gain(const LoraModule& module) { return module.magnitude / module.norm; }

}  // namespace

void lora_forward(const at::Tensor& x, const LinearWeight& weight, const at::Tensor& out) {
  linear(x, frozen(weight), out);
  for (const LoraModule& module : *weight.lora) {
    const int64_t T = x.size(0), r = module.a.size(0);
    const at::Tensor input = dropped(x, weight, module);
    const at::Tensor low = take(weight, "lora.low", x, {T, r});
    linear(input, plain(weight, module.a), low);
    low.mul_(module.scale);
    at::Tensor target = columns_of(out, module);
    if (!module.magnitude.defined() || !drops(weight)) {
      linear_add(low, plain(weight, module.b), target, target);
      if (module.magnitude.defined()) target.mul_(gain(module));
      continue;
    }
    const at::Tensor base = take(weight, "lora.base", x, {T, module.num_rows});
    const at::Tensor delta = take(weight, "lora.delta", x, {T, module.num_rows});
    linear(input, frozen_rows(weight, module), base);
    linear_add(low, plain(weight, module.b), base, delta);
    delta.mul_(gain(module)).sub_(base);
    target.add_(delta);
  }
}

std::vector<at::Tensor> lora_backward_input(const at::Tensor& dout, const LinearWeight& weight,
                                            const at::Tensor& dx) {
  // Without dropout DoRA scales the rows of W + s B A as one.
  at::Tensor scaled = dout;
  for (const LoraModule& module : *weight.lora) {
    if (!module.magnitude.defined() || drops(weight)) continue;
    if (scaled.is_same(dout)) scaled = take(weight, "lora.scaled", dout, dout.sizes()).copy_(dout);
    columns_of(scaled, module).mul_(gain(module));
  }
  linear_backward_input(scaled, frozen(weight), dx);
  std::vector<at::Tensor> all;  // of ranks that may differ
  for (const LoraModule& module : *weight.lora) {
    at::Tensor dproduct = columns_of(scaled, module);
    const bool separate = module.magnitude.defined() && drops(weight);
    const at::Tensor dlow =
        take(weight, cat("lora.dlow.", all.size()), dout, {dout.size(0), module.a.size(0)});
    all.push_back(dlow);
    if (separate)
      dproduct =
          take(weight, "lora.gained", dout, dproduct.sizes()).copy_(dproduct).mul_(gain(module));
    linear_backward_input(dproduct, plain(weight, module.b), dlow);
    dlow.mul_(module.scale);
    if (!drops(weight)) {
      linear_backward_input_add(dlow, plain(weight, module.a), dx);
      continue;
    }
    const at::Tensor part = take(weight, "lora.part", dx, dx.sizes());
    linear_backward_input(dlow, plain(weight, module.a), part);
    if (separate) {
      // (g - 1) dout W, through the mask as well.
      const at::Tensor base = take(weight, "lora.dbase", dx, dx.sizes());
      dproduct.sub_(columns_of(dout, module));
      linear_backward_input(dproduct, frozen_rows(weight, module), base);
      part.add_(base);
    }
    at::Tensor target = dx;
    target.add_(dropped(part, weight, module));
  }
  return all;
}

void lora_backward_weight(const LoraRows& rows, const LinearWeight& weight,
                          const LoraLinear& gradients) {
  const at::Tensor& x = rows.x;
  for (size_t i = 0; i < weight.lora->size(); ++i) {
    const LoraModule& module = (*weight.lora)[i];
    const LoraModule& gradient = gradients[i];
    const int64_t T = x.size(0), r = module.a.size(0);
    const at::Tensor input = dropped(x, weight, module);
    const at::Tensor low = take(weight, "lora.low", x, {T, r});
    linear(input, plain(weight, module.a), low);
    at::Tensor dproduct = columns_of(rows.dout, module);
    if (module.magnitude.defined()) {
      const at::Tensor sum = take(weight, "lora.delta", x, {T, module.num_rows});
      const at::Tensor base = take(weight, "lora.base", x, {T, module.num_rows});
      linear(low, plain(weight, module.b), sum);
      linear(input, frozen_rows(weight, module), base);
      sum.mul_(module.scale).add_(base).mul_(dproduct);
      at::Tensor dmagnitude = gradient.magnitude;
      dmagnitude.add_(sum.sum(0).div_(module.norm));
      dproduct =
          take(weight, "lora.gained", x, dproduct.sizes()).copy_(dproduct).mul_(gain(module));
    }
    low.mul_(module.scale);
    linear_backward_weight(dproduct, low, gradient.b, weight.mode.in_float32());
    linear_backward_weight(rows.dlow[i], input, gradient.a, weight.mode.in_float32());
  }
}

}  // namespace laconic
