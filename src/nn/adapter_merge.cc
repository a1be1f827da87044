// The arithmetic of nn/adapter.h.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "nn/adapter.h"
#include "nn/finite.h"

namespace laconic {

at::Tensor merged_weight(const at::Tensor& weight, const AdapterModule& module,
                         const LowRank& low_rank) {
  const at::Tensor sum = at::addmm(weight, low_rank.b, low_rank.a, 1, module.scale);
  if (!low_rank.magnitude.defined()) return sum;
  return sum * (low_rank.magnitude / direction_norms(sum)).unsqueeze(1);
}

at::Tensor direction_norms(const at::Tensor& sum) {
  const at::Tensor norms = at::linalg_vector_norm(sum, 2, at::IntArrayRef{1});
  return norms.masked_fill_(norms == 0, 1);
}

AdapterMerge::AdapterMerge(const Adapter& adapter) : adapter_(adapter) {
  const size_t num_modules = adapter.plan.modules.size();
  for (size_t i = 0; i < num_modules; ++i) places_[adapter.plan.modules[i].parameter.name] = i;
  for (size_t i = 0; i < adapter.plan.saved.size(); ++i)
    places_[adapter.plan.saved[i].name] = num_modules + i;
}

void AdapterMerge::apply(const Parameter& parameter, const at::Tensor& values) const {
  const auto place = places_.find(parameter.name);
  if (place == places_.end()) return;
  at::Tensor target = values.view(parameter.shape);
  const size_t num_modules = adapter_.plan.modules.size();
  if (place->second >= num_modules) {
    target.copy_(adapter_.saved[place->second - num_modules]);
    return;
  }
  target.copy_(merged_weight(target, adapter_.plan.modules[place->second],
                             adapter_.low_rank[place->second]));
}

void merge_adapter(const Adapter& adapter, Weights& weights) {
  const AdapterMerge merge(adapter);
  for (const Parameter& parameter : weights.parameters)
    if (merge.touches(parameter)) {
      const at::Tensor values = weights.flat.narrow(0, parameter.offset, parameter.size());
      merge.apply(parameter, values);
      require_finite({values.const_data_ptr<float>(), static_cast<size_t>(values.numel())},
                     ErrorKind::kModel, cat("the adapter merged into \"", parameter.name, "\""));
    }
}

Extraction extract_low_rank(const at::Tensor& difference, int64_t r) {
  const auto [u, s, vh] = at::linalg_svd(difference, /*full_matrices=*/false);
  const int64_t rank = std::min(r, s.size(0));
  const at::Tensor root = s.narrow(0, 0, rank).sqrt();
  Extraction result;
  // A rank that the matrix does not have is filled with zeros: every module keeps the same r.
  result.low_rank.a = at::zeros({r, difference.size(1)}, at::kFloat);
  result.low_rank.b = at::zeros({difference.size(0), r}, at::kFloat);
  result.low_rank.a.narrow(0, 0, rank).copy_(vh.narrow(0, 0, rank) * root.unsqueeze(1));
  result.low_rank.b.narrow(1, 0, rank).copy_(u.narrow(1, 0, rank) * root.unsqueeze(0));
  const at::Tensor energies = (s * s).to(at::kDouble);
  result.total_energy = energies.sum().item<double>();
  result.energy = energies.narrow(0, 0, rank).sum().item<double>();
  return result;
}

}  // namespace laconic
