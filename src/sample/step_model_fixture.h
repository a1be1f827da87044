// A model of a few ids for tests of the sampler, without libtorch.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/hash.h"
#include "base/philox.h"
#include "sample/step_model.h"

namespace laconic {

inline constexpr int32_t kMockVocab = 41;

// Logits that depend on the whole history of a slot, so that any mix-up of slots shows.
inline std::vector<float> mock_logits(std::span<const int32_t> history) {
  const uint64_t key =
      hash64({reinterpret_cast<const char*>(history.data()), history.size() * sizeof(int32_t)});
  std::vector<float> logits(kMockVocab);
  for (size_t i = 0; i < logits.size(); ++i)
    logits[i] = static_cast<float>(3 * philox_uniform(key, i, 0));
  return logits;
}

class MockStepModel : public StepModel {
 public:
  explicit MockStepModel(int64_t num_slots) : histories_(static_cast<size_t>(num_slots)) {}
  int64_t num_slots() const override { return static_cast<int64_t>(histories_.size()); }
  int64_t vocab_size() const override { return kMockVocab; }
  int64_t max_positions() const override { return 64; }
  void prefill(int64_t slot, std::span<const int32_t> prompt, std::span<float> logits) override {
    ++num_prefills;
    prompts.emplace_back(prompt.begin(), prompt.end());
    histories_.at(static_cast<size_t>(slot)).assign(prompt.begin(), prompt.end());
    const auto row = mock_logits(prompt);
    std::copy(row.begin(), row.end(), logits.begin());
  }
  void step(std::span<const int32_t> slots, std::span<const int32_t> ids,
            std::span<float> logits) override {
    EXPECT_EQ(std::set<int32_t>(slots.begin(), slots.end()).size(), slots.size());
    EXPECT_EQ(logits.size(), slots.size() * kMockVocab);
    batch_sizes.push_back(slots.size());
    for (size_t row = 0; row < slots.size(); ++row) {
      auto& history = histories_.at(static_cast<size_t>(slots[row]));
      history.push_back(ids[row]);
      const auto values = mock_logits(history);
      std::copy(values.begin(), values.end(), logits.begin() + static_cast<long>(row * kMockVocab));
    }
  }
  void extend(int64_t slot, std::span<const int32_t> ids, std::span<float> logits) override {
    auto& history = histories_.at(static_cast<size_t>(slot));
    EXPECT_FALSE(history.empty());
    history.insert(history.end(), ids.begin(), ids.end());
    num_extended += std::ssize(ids);
    const auto row = mock_logits(history);
    std::copy(row.begin(), row.end(), logits.begin());
  }
  void copy_slot(int64_t from, int64_t to, int64_t num_positions) override {
    auto history = histories_.at(static_cast<size_t>(from));
    ASSERT_LE(num_positions, std::ssize(history));
    history.resize(static_cast<size_t>(num_positions));
    histories_.at(static_cast<size_t>(to)) = history;
  }
  // Last to first, as no thread would promise an order.
  void for_each(int64_t count, const std::function<void(int64_t)>& function) override {
    while (count-- > 0) function(count);
  }

  int num_prefills = 0;
  int64_t num_extended = 0;                   // ids
  std::vector<std::vector<int32_t>> prompts;  // in the order of admission
  std::vector<size_t> batch_sizes;

 private:
  std::vector<std::vector<int32_t>> histories_;
};

}  // namespace laconic
