// SPDX-License-Identifier: Apache-2.0
#include "nn/decode_experts.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace laconic {

DecodeExperts::DecodeExperts(const ModelConfig& config, int64_t num_rows)
    : config_(config), per_token_(config.experts_per_token) {
  if (config.num_experts == 0) return;
  choices_.resize(static_cast<size_t>(num_rows * per_token_));
  scores_.resize(num_rows, config.num_experts);
  grouped_in_.resize(num_rows * per_token_, config.hidden_size);
  grouped_gate_.resize(num_rows * per_token_, config.expert_intermediate_size);
  grouped_up_.resize(num_rows * per_token_, config.expert_intermediate_size);
  grouped_out_.resize(num_rows * per_token_, config.hidden_size);
}

void DecodeExperts::choose(const DecodeLayer& layer, Activations& in, Range r) {
  multiply(layer.router, in, scores_, r, all_panels(layer.router));
  std::vector<int64_t> order(static_cast<size_t>(config_.num_experts));
  for (int64_t row = r.begin; row < r.end; ++row) {
    float* const p = scores_.row(row);
    const float max = *std::max_element(p, p + config_.num_experts);
    float sum = 0;
    for (int64_t expert = 0; expert < config_.num_experts; ++expert) {
      p[expert] = std::exp(p[expert] - max);
      sum += p[expert];
      order[static_cast<size_t>(expert)] = expert;
    }
    const auto chosen_end = order.begin() + per_token_;
    std::partial_sort(order.begin(), chosen_end, order.end(),
                      [&](int64_t a, int64_t b) { return p[a] != p[b] ? p[a] > p[b] : a < b; });
    if (config_.normalize_expert_weights) {
      sum = 0;
      std::for_each(order.begin(), chosen_end, [&](int64_t expert) { sum += p[expert]; });
    }
    std::sort(order.begin(), chosen_end);
    for (int64_t i = 0; i < per_token_; ++i) {
      const int64_t expert = order[static_cast<size_t>(i)];
      choices(row)[i] = {expert, 0, p[expert] / sum};
    }
  }
}

// Gives each choice its place among those of its expert, and copies the row there.
std::vector<DecodeExperts::Group> DecodeExperts::group(Activations& in, Range r) {
  std::vector<int64_t> counts(static_cast<size_t>(config_.num_experts));
  for (Choice* c = choices(r.begin); c < choices(r.end); ++c)
    ++counts[static_cast<size_t>(c->expert)];
  std::vector<Group> groups;
  std::vector<int64_t> next(counts.size());
  int64_t place = r.begin * per_token_;
  for (int64_t expert = 0; expert < config_.num_experts; ++expert) {
    const int64_t count = counts[static_cast<size_t>(expert)];
    next[static_cast<size_t>(expert)] = place;
    if (count > 0) groups.push_back({expert, {place, place + count}});
    place += count;
  }
  for (int64_t row = r.begin; row < r.end; ++row) {
    for (int64_t i = 0; i < per_token_; ++i) {
      Choice& choice = choices(row)[i];
      choice.place = next[static_cast<size_t>(choice.expert)]++;
      std::memcpy(grouped_in_.row(choice.place), in.row(row),
                  static_cast<size_t>(in.stride) * sizeof(float));
    }
  }
  return groups;
}

// A part of the work is a run of panels of all groups, one group behind the other.
void DecodeExperts::products(const DecodeLayer& layer, const std::vector<Group>& groups,
                             const RunParts& run_parts) {
  const auto num_groups = static_cast<int64_t>(groups.size());
  const auto run_panels = [&](int64_t panels_per_group, const auto& function) {
    run_parts(num_groups * panels_per_group, [&](Range part) {
      for (int64_t at = part.begin; at < part.end;) {
        const int64_t g = at / panels_per_group, first = at % panels_per_group;
        const int64_t last = std::min(panels_per_group, first + part.end - at);
        function(groups[static_cast<size_t>(g)], Range{first, last});
        at += last - first;
      }
    });
  };
  run_panels(layer.experts[0].gate.num_panels(), [&](const Group& group, Range panels) {
    const DecodeMlp& expert = layer.experts[static_cast<size_t>(group.expert)];
    Pieces whole(panels);
    multiply_gated(product_of(expert.gate, grouped_in_, grouped_gate_, group.chosen),
                   product_of(expert.up, grouped_in_, grouped_up_, group.chosen),
                   config_.activation, whole);
  });
  run_panels(layer.experts[0].down.num_panels(), [&](const Group& group, Range panels) {
    const DecodeMlp& expert = layer.experts[static_cast<size_t>(group.expert)];
    multiply(expert.down, grouped_gate_, grouped_out_, group.chosen, panels);
  });
}

void DecodeExperts::combine(Activations& out, Range r) {
  for (int64_t row = r.begin; row < r.end; ++row) {
    float* const sum = out.row(row);
    std::fill_n(sum, out.stride, 0.0F);
    for (int64_t i = 0; i < per_token_; ++i) {
      const Choice& choice = choices(row)[i];
      const float* const part = grouped_out_.row(choice.place);
      for (int64_t e = 0; e < out.stride; ++e) sum[e] += choice.weight * part[e];
    }
  }
}

void DecodeExperts::run(const DecodeLayer& layer, Activations& in, Activations& out, Range r,
                        const RunParts& run_parts) {
  const auto by_rows = [&](const auto& function) {
    run_parts(r.size(), [&](Range part) {
      function(Range{r.begin + part.begin, r.begin + part.end});
    });
  };
  by_rows([&](Range part) { choose(layer, in, part); });
  products(layer, group(in, r), run_parts);
  by_rows([&](Range part) { combine(out, part); });
}

}  // namespace laconic
