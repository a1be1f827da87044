// Loss, log-probabilities, every gradient and ten AdamW steps against transformers, on random tiny
// Qwen2 and Llama models. Numbers: tests/golden/make_tiny_models.py.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "base/safetensors.h"
#include "nn/decoder.h"
#include "nn/model_folder.h"
#include "nn/testing.h"
#include "train/adamw.h"

namespace laconic {
namespace {

using testing::relative_difference;

struct ParityCase {
  const char* family;
  bool aten;  // the path of devices without own kernels, on CPU tensors
};

class TransformersParity : public ::testing::TestWithParam<ParityCase> {
 protected:
  TransformersParity()
      : folder_(std::string(LACONIC_SOURCE_DIR "/tests/golden/tiny_models/") + GetParam().family),
        weights_(load_model(folder_).weights),
        golden_(Json::parse(read_file(folder_ + "/training.json"), "training.json")) {
    options_.aten_kernels = GetParam().aten;
    batch_.cu_seqlens = {0};
    for (const Json& row : golden_.at("documents", "golden").as_array("documents")) {
      for (const Json& id : row.at("ids", "row").as_array("ids")) {
        batch_.ids.push_back(static_cast<int32_t>(id.as_integer("id")));
      }
      for (const Json& target : row.at("targets", "row").as_array("targets")) {
        batch_.targets.push_back(static_cast<int32_t>(target.as_integer("target")));
        count_ += batch_.targets.back() >= 0;
      }
      batch_.cu_seqlens.push_back(static_cast<int32_t>(batch_.ids.size()));
    }
  }

  double setting(const char* name) const {
    return golden_.at("settings", "golden").at(name, "settings").as_number(name);
  }

  // Tensors of a file in the layout of the weights.
  Weights read_tensors(const std::string& name) const {
    Weights out = make_weights(weights_.config);
    const SafetensorsFile file(folder_ + "/" + name);
    size_t found = 0;
    for (const Parameter& parameter : out.parameters) {
      for (const TensorEntry& entry : file.index().tensors) {
        if (entry.name != parameter.name) continue;
        const auto bytes = file.bytes(entry);
        EXPECT_EQ(bytes.size(), static_cast<size_t>(parameter.size()) * sizeof(float));
        std::memcpy(out.flat.data_ptr<float>() + parameter.offset, bytes.data(), bytes.size());
        ++found;
      }
    }
    EXPECT_EQ(found, file.index().tensors.size());
    EXPECT_EQ(found, out.parameters.size());
    return out;
  }

  std::string folder_;
  Weights weights_;
  Json golden_;
  DecoderOptions options_;
  TokenBatch batch_;
  int64_t count_ = 0;
};

TEST_P(TransformersParity, TargetLogprobs) {
  const std::vector<float> got = target_logprobs(weights_, batch_, options_);
  size_t t = 0;
  for (const Json& row : golden_.at("logprobs", "golden").as_array("logprobs")) {
    for (const Json& want : row.as_array("row")) {
      EXPECT_NEAR(got[t], want.as_number("logprob"), 1e-4) << "token " << t;
      ++t;
    }
  }
  EXPECT_EQ(t, got.size());
}

TEST_P(TransformersParity, LossAndEveryGradient) {
  const Weights want = read_tensors("gradients.safetensors");
  testing::for_each_target([&](const std::string&) {
    Weights got = make_weights(weights_.config);
    const double scale = 1.0 / static_cast<double>(count_);
    const LossSum loss = forward_backward(weights_, batch_, scale, got, options_);
    EXPECT_EQ(loss.num_targets, count_);
    const double first = golden_.at("losses", "golden").as_array("losses")[0].as_number("loss");
    EXPECT_NEAR(loss.loss * scale, first, 1e-5);
    for (const Parameter& p : want.parameters) {
      const auto part = [&](const at::Tensor& x) { return x.narrow(0, p.offset, p.size()); };
      EXPECT_LT(relative_difference(part(got.flat), part(want.flat)), 2e-5) << p.name;
    }
  });
}

TEST_P(TransformersParity, TenAdamWSteps) {
  AdamWOptions options;
  options.beta1 = setting("beta1"), options.beta2 = setting("beta2"), options.eps = setting("eps");
  options.weight_decay = setting("weight_decay");
  options.aten_kernels = GetParam().aten;
  AdamW optimizer(weights_, options);
  Weights gradients = make_weights(weights_.config);
  const double scale = 1.0 / static_cast<double>(count_);
  for (size_t step = 0; step < 10; ++step) {
    gradients.flat.zero_();
    const LossSum loss = forward_backward(weights_, batch_, scale, gradients, options_);
    const double want = golden_.at("losses", "golden").as_array("losses")[step].as_number("loss");
    EXPECT_NEAR(loss.loss * scale, want, 1e-4) << "step " << step;
    const double norm = gradient_norm(gradients, GetParam().aten);
    const double want_norm =
        golden_.at("norms", "golden").as_array("norms")[step].as_number("norm");
    EXPECT_NEAR(norm / want_norm, 1.0, 1e-4) << "step " << step;
    optimizer.step(weights_, gradients, setting("lr"), clip_factor(norm, setting("max_norm")));
  }
  const Weights want = read_tensors("trained.safetensors");
  for (const Parameter& p : want.parameters) {
    const auto part = [&](const at::Tensor& x) { return x.narrow(0, p.offset, p.size()); };
    EXPECT_LT(relative_difference(part(weights_.flat), part(want.flat)), 1e-3) << p.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, TransformersParity,
                         ::testing::Values(ParityCase{"qwen2", false}, ParityCase{"llama", false},
                                           ParityCase{"qwen2", true}, ParityCase{"llama", true}),
                         [](const auto& info) {
                           return std::string(info.param.family) +
                                  (info.param.aten ? "OnAtenKernels" : "");
                         });

}  // namespace
}  // namespace laconic
