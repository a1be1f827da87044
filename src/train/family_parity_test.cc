// Logits, loss and every gradient of each model family and rope scaling against transformers, on
// the random tiny models of tests/golden/make_families.py: documents shorter and longer than the
// sliding window and the original context.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/safetensors.h"
#include "nn/decoder.h"
#include "nn/family_goldens.h"
#include "nn/model_folder.h"
#include "nn/testing.h"

namespace laconic {
namespace {

using testing::relative_difference;

at::Tensor read_tensor(const SafetensorsFile& file, const std::string& name) {
  for (const TensorEntry& entry : file.index().tensors) {
    if (entry.name != name) continue;
    const at::Tensor tensor = at::empty(entry.shape, at::kFloat);
    const auto bytes = file.bytes(entry);
    std::memcpy(tensor.data_ptr<float>(), bytes.data(), bytes.size());
    return tensor;
  }
  ADD_FAILURE() << "no tensor " << name;
  return {};
}

class FamilyParity : public ::testing::TestWithParam<std::string> {
 protected:
  FamilyParity()
      : folder_(testing::family_goldens() + "/" + GetParam()),
        weights_(load_model(folder_).weights),
        golden_(Json::parse(read_file(folder_ + "/expected.json"), "expected.json")) {
    batch_.cu_seqlens = {0};
    for (const Json& row : golden_.at("documents", "golden").as_array("documents")) {
      for (const Json& id : row.at("ids", "row").as_array("ids"))
        batch_.ids.push_back(static_cast<int32_t>(id.as_integer("id")));
      for (const Json& target : row.at("targets", "row").as_array("targets")) {
        batch_.targets.push_back(static_cast<int32_t>(target.as_integer("target")));
        count_ += batch_.targets.back() >= 0;
      }
      batch_.cu_seqlens.push_back(static_cast<int32_t>(batch_.ids.size()));
    }
  }

  // body(name of the kernels, options) for the CPU kernels under each target, then for ATen's.
  template <typename Body>
  void for_each_kernels(const Body& body) {
    testing::for_each_target([&](const std::string& target) { body(target, DecoderOptions()); });
    body("ATen", {.aten_kernels = true});
  }

  void check_gradients(const Weights& got, const std::string& kernels) {
    const SafetensorsFile want(folder_ + "/gradients.safetensors");
    EXPECT_EQ(want.index().tensors.size(), got.parameters.size());
    for (const Parameter& p : got.parameters) {
      const at::Tensor part = got.flat.narrow(0, p.offset, p.size()).view(p.shape);
      EXPECT_LT(relative_difference(part, read_tensor(want, p.name)), 1e-4)
          << p.name << " " << kernels;
    }
  }

  std::string folder_;
  Weights weights_;
  Json golden_;
  TokenBatch batch_;
  int64_t count_ = 0;
};

TEST_P(FamilyParity, Logits) {
  const SafetensorsFile file(folder_ + "/logits.safetensors");
  for_each_kernels([&](const std::string& kernels, const DecoderOptions& options) {
    const at::Tensor got = full_logits(weights_, batch_, options);
    for (size_t d = 0; d + 1 < batch_.cu_seqlens.size(); ++d) {
      const int64_t begin = batch_.cu_seqlens[d], length = batch_.cu_seqlens[d + 1] - begin;
      const at::Tensor want = read_tensor(file, std::to_string(d));
      EXPECT_LT((got.narrow(0, begin, length) - want).abs().max().item<float>(), 2e-4)
          << "document " << d << " " << kernels;
    }
  });
}

TEST_P(FamilyParity, LossAndEveryGradient) {
  const double want = golden_.at("loss", "golden").as_number("loss");
  const double scale = 1.0 / static_cast<double>(count_);
  for (const Recompute recompute : {Recompute::kNothing, Recompute::kLayers}) {
    for_each_kernels([&](const std::string& kernels, DecoderOptions options) {
      Weights got = make_weights(weights_.config);
      options.recompute = recompute;
      const LossSum loss = forward_backward(weights_, batch_, scale, got, options);
      EXPECT_NEAR(loss.loss * scale / want, 1.0, 1e-5) << kernels;
      check_gradients(got, kernels);
    });
  }
}

// What is saved has the tensors of the family's own names, and loads as the same model.
TEST_P(FamilyParity, FolderRoundTrip) {
  const std::string folder =
      cat(::testing::TempDir(), "/laconic-family-", GetParam(), "-", ::getpid());
  SaveRequest request;
  request.weights = &weights_;
  request.source_folder = folder_;
  request.dtype = "float32";
  save_model(folder, request);
  const ModelFolder again = load_model(folder);
  EXPECT_TRUE(again.weights.flat.equal(weights_.flat));
  EXPECT_EQ(again.weights.config.rope, weights_.config.rope);
  EXPECT_EQ(again.weights.config.local_rope_theta, weights_.config.local_rope_theta);
  const SafetensorsFile before(folder_ + "/model.safetensors"),
      after(folder + "/model.safetensors");
  std::vector<std::string> names[2];
  for (const TensorEntry& entry : before.index().tensors) names[0].push_back(entry.name);
  for (const TensorEntry& entry : after.index().tensors) names[1].push_back(entry.name);
  for (auto& list : names) std::sort(list.begin(), list.end());
  EXPECT_EQ(names[0], names[1]);
  remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyParity, ::testing::ValuesIn(testing::family_names()),
                         [](const auto& info) { return info.param; });

TEST(FamilyGoldens, AreThere) { EXPECT_GE(testing::family_names().size(), 17u); }

}  // namespace
}  // namespace laconic
