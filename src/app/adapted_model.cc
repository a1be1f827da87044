// SPDX-License-Identifier: Apache-2.0
#include "app/adapted_model.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/philox.h"
#include "nn/decoder.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

constexpr int64_t kMaxCheapWeights = 1'000'000'000;
constexpr int32_t kDocuments = 4, kDocumentTokens = 48;

TokenBatch probe_batch(const ModelConfig& config) {
  TokenBatch batch;
  batch.cu_seqlens = {0};
  const auto length =
      static_cast<int32_t>(std::min<int64_t>(kDocumentTokens, config.max_positions));
  PhiloxStream ids(/*key=*/7, /*stream=*/0);
  for (int32_t document = 0; document < kDocuments; ++document) {
    for (int32_t t = 0; t < length; ++t)
      batch.ids.push_back(static_cast<int32_t>(ids.integer(0, config.vocab_size - 1)));
    batch.targets.insert(batch.targets.end(), batch.ids.end() - length + 1, batch.ids.end());
    batch.targets.push_back(-1);
    batch.cu_seqlens.push_back(static_cast<int32_t>(batch.ids.size()));
  }
  return batch;
}

}  // namespace

PromptBuilder load_prompts(const std::string& folder, const ModelConfig& config) {
  PromptBuilder builder = PromptBuilder::from_folder(folder);
  const int64_t num_ids = builder.tokenizer().size();
  require(num_ids <= config.vocab_size, ErrorKind::kModel, join_path(folder, "tokenizer.json"),
          ": expected ids below ", config.vocab_size, " (vocab_size of config.json), got ",
          num_ids - 1);
  for (const int32_t id : builder.stop_ids())
    require(id >= 0 && id < num_ids, ErrorKind::kModel, folder,
            ": eos_token_id: expected ids below ", num_ids, " (those of tokenizer.json), got ", id,
            " (no reply could end with it)");
  return builder;
}

ModelFolder load_adapted_model(const std::string& folder, const std::string& adapter) {
  ModelFolder model = load_model(folder);
  if (adapter.empty()) return model;
  merge_adapter(load_adapter(adapter, model.index.config), model.weights);
  model.index.config.dtype = "float32";
  return model;
}

std::optional<LogprobChange> merge_change(const std::string& base, const Adapter& adapter,
                                          const std::string& merged) {
  Weights weights = load_model(base).weights;
  if (weights.flat.numel() > kMaxCheapWeights) return std::nullopt;
  const TokenBatch batch = probe_batch(weights.config);
  merge_adapter(adapter, weights);
  const std::vector<float> before = target_logprobs(weights, batch);
  weights = load_model(merged).weights;
  const std::vector<float> after = target_logprobs(weights, batch);
  LogprobChange change;
  for (size_t t = 0; t < before.size(); ++t) {
    if (batch.targets[t] < 0) continue;
    const double difference = std::abs(double{after[t]} - before[t]);
    change.nats = std::max(change.nats, difference);
    change.relative = std::max(change.relative, difference / std::abs(double{before[t]}));
    ++change.num_tokens;
  }
  return change;
}

}  // namespace laconic
