// SPDX-License-Identifier: Apache-2.0
#include "nn/workspace.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace laconic {
namespace {

TEST(Workspace, ANameIsOneMemoryThatGrows) {
  Workspace workspace;
  const at::TensorOptions floats = at::kFloat;
  const at::Tensor a = workspace.take("a", {3, 5}, floats);
  EXPECT_NE(workspace.take("b", {3, 5}, floats).data_ptr(), a.data_ptr());
  // Within its room.
  const at::Tensor again = workspace.take("a", {6, 5}, floats);
  EXPECT_EQ(again.data_ptr(), a.data_ptr());
  EXPECT_EQ(again.sizes(), (at::IntArrayRef{6, 5}));
  workspace.take("a", {1000}, floats).fill_(1);
  EXPECT_EQ(workspace.take("a", {2}, at::kInt).scalar_type(), at::kInt);
}

TEST(Workspace, ReleaseForgetsAll) {
  Workspace workspace;
  EXPECT_EQ(workspace.num_bytes(), 0);
  workspace.take("a", {100}, at::kFloat).fill_(1);
  EXPECT_EQ(workspace.num_bytes(), 2 * 100 * 4);  // with its room
  const std::vector<float> matrix(64, 1.0f);
  workspace.panels().pack(row_major(matrix.data(), 8, 8));
  EXPECT_GE(workspace.num_bytes(), 800 + 64 * 4);
  workspace.release();
  EXPECT_EQ(workspace.num_bytes(), 0);
}

TEST(Workspace, SlotsLieSideBySide) {
  Workspace workspace;
  for (const int64_t count : {2, 7}) {  // evaluation, then a training step
    for (int64_t i = 0; i < count; ++i)
      workspace.take("x", {i, count}, {4, 3}, at::kFloat).fill_(i);
    for (int64_t i = 0; i < count; ++i) {
      const at::Tensor slot = workspace.take("x", {i, count}, {4, 3}, at::kFloat);
      EXPECT_TRUE(slot.is_contiguous());
      EXPECT_EQ(slot.min().item<float>(), static_cast<float>(i));
      EXPECT_EQ(slot.max().item<float>(), static_cast<float>(i));
    }
  }
  EXPECT_THROW(workspace.take("x", {7, 7}, {4, 3}, at::kFloat), Error);
}

}  // namespace
}  // namespace laconic
