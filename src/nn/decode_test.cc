// The cached decoder against a naive double-precision forward, and its independence of neighbours,
// of the split into calls and of threads, bit for bit.
// SPDX-License-Identifier: Apache-2.0
#include "nn/decode.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "base/error.h"
#include "base/philox.h"

namespace laconic {
namespace {

struct Shape {
  const char* name;
  int64_t vocab, width, mlp, layers, heads, kv_heads, head_dim;
  bool bias, tied;
};

const Shape kShapes[] = {
    {"grouped queries, biases, tied", 101, 64, 160, 2, 4, 2, 16, true, true},
    {"one query a head, untied", 96, 48, 100, 3, 3, 3, 16, false, false},
    {"odd sizes", 75, 40, 52, 2, 6, 2, 8, true, false},
    {"heads wider than the model's share", 64, 32, 64, 1, 2, 1, 64, false, true},
    // 26 MB of packed weights: threads split columns instead of rows.
    {"large", 3001, 576, 1536, 2, 9, 3, 64, true, false},
};

Weights random_weights(const Shape& shape) {
  ModelConfig config;
  config.architecture = shape.bias ? "Qwen2ForCausalLM" : "LlamaForCausalLM";
  config.vocab_size = shape.vocab;
  config.hidden_size = shape.width;
  config.intermediate_size = shape.mlp;
  config.num_layers = shape.layers;
  config.num_heads = shape.heads;
  config.num_kv_heads = shape.kv_heads;
  config.head_dim = shape.head_dim;
  config.max_positions = 512;
  config.rms_norm_eps = 1e-6;
  config.rope_theta = 10000;
  config.qkv_bias = shape.bias;
  config.tie_embeddings = shape.tied;
  config.dtype = "float32";
  Weights weights = make_weights(config);
  float* flat = weights.flat.mutable_data_ptr<float>();
  for (const Parameter& parameter : weights.parameters) {
    const bool is_vector = parameter.shape.size() == 1;
    const bool is_norm = is_vector && parameter.name.find("norm") != std::string::npos;
    const double scale = is_vector ? 0.5 : 1.5 / std::sqrt(static_cast<double>(parameter.shape[1]));
    for (int64_t i = parameter.offset; i < parameter.offset + parameter.size(); ++i) {
      const double uniform = 2 * philox_uniform(5, static_cast<uint64_t>(i), 0) - 1;
      flat[i] = static_cast<float>((is_norm ? 1 : 0) + scale * uniform);
    }
  }
  return weights;
}

using Row = std::vector<double>;

Row times(const at::Tensor& matrix, const at::Tensor& bias, const Row& x) {
  const float* m = matrix.const_data_ptr<float>();
  Row y(static_cast<size_t>(matrix.size(0)));
  for (size_t i = 0; i < y.size(); ++i) {
    y[i] = bias.defined() ? bias.const_data_ptr<float>()[i] : 0;
    for (size_t k = 0; k < x.size(); ++k) y[i] += x[k] * m[i * x.size() + k];
  }
  return y;
}

Row normalise(const at::Tensor& weight, const Row& x, double eps) {
  double mean = 0;
  for (double value : x) mean += value * value / static_cast<double>(x.size());
  Row y = x;
  for (size_t i = 0; i < y.size(); ++i)
    y[i] *= weight.const_data_ptr<float>()[i] / std::sqrt(mean + eps);
  return y;
}

void rotate(double* head, int64_t width, int64_t position, double theta) {
  for (int64_t i = 0; i < width / 2; ++i) {
    const double angle =
        static_cast<double>(position) *
        std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(width));
    const double a = head[i], b = head[width / 2 + i];
    head[i] = a * std::cos(angle) - b * std::sin(angle);
    head[width / 2 + i] = b * std::cos(angle) + a * std::sin(angle);
  }
}

Row attend_naively(const ModelConfig& c, const std::vector<Row>& qkv, size_t t) {
  const auto width = static_cast<size_t>(c.head_dim);
  Row out(static_cast<size_t>(c.q_width()));
  for (size_t h = 0; h < static_cast<size_t>(c.num_heads); ++h) {
    const size_t kv = h / static_cast<size_t>(c.num_heads / c.num_kv_heads);
    const size_t key = (static_cast<size_t>(c.num_heads) + kv) * width;
    const size_t value = key + static_cast<size_t>(c.num_kv_heads) * width;
    Row p(t + 1);
    double sum = 0;
    for (size_t s = 0; s <= t; ++s) {
      for (size_t e = 0; e < width; ++e) p[s] += qkv[t][h * width + e] * qkv[s][key + e];
      p[s] = std::exp(p[s] / std::sqrt(static_cast<double>(width)));
      sum += p[s];
    }
    for (size_t s = 0; s <= t; ++s)
      for (size_t e = 0; e < width; ++e) out[h * width + e] += p[s] / sum * qkv[s][value + e];
  }
  return out;
}

// Logits of every position.
std::vector<Row> naive_logits(const Weights& w, std::span<const int32_t> ids) {
  const ModelConfig& c = w.config;
  std::vector<Row> x;
  for (int32_t id : ids) {
    const float* from = w.embedding.const_data_ptr<float>() + id * c.hidden_size;
    x.emplace_back(from, from + c.hidden_size);
  }
  for (const LayerWeights& layer : w.layers) {
    std::vector<Row> qkv;
    for (size_t t = 0; t < x.size(); ++t) {
      qkv.push_back(times(layer.qkv_weight, layer.qkv_bias,
                          normalise(layer.input_norm, x[t], c.rms_norm_eps)));
      for (int64_t h = 0; h < c.num_heads + c.num_kv_heads; ++h)
        rotate(qkv.back().data() + h * c.head_dim, c.head_dim, static_cast<int64_t>(t),
               c.rope_theta);
    }
    for (size_t t = 0; t < x.size(); ++t) {
      const Row o = times(layer.o_weight, {}, attend_naively(c, qkv, t));
      for (size_t i = 0; i < o.size(); ++i) x[t][i] += o[i];
      const Row both =
          times(layer.gate_up_weight, {}, normalise(layer.post_norm, x[t], c.rms_norm_eps));
      Row hidden(both.size() / 2);
      for (size_t i = 0; i < hidden.size(); ++i)
        hidden[i] = both[i] / (1 + std::exp(-both[i])) * both[hidden.size() + i];
      const Row down = times(layer.down_weight, {}, hidden);
      for (size_t i = 0; i < down.size(); ++i) x[t][i] += down[i];
    }
  }
  for (Row& row : x) row = times(w.head, {}, normalise(w.final_norm, row, c.rms_norm_eps));
  return x;
}

std::vector<int32_t> random_ids(int64_t count, int64_t vocab, uint64_t key) {
  PhiloxStream stream(key, 0);
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < count; ++i)
    ids.push_back(static_cast<int32_t>(stream.integer(0, vocab - 1)));
  return ids;
}

// Prompt, then the rest one by one, alone in slot 0: logits after the prompt and after each id.
std::vector<std::vector<float>> alone(DecodeModel& model, std::span<const int32_t> ids,
                                      size_t num_prompt_tokens) {
  std::vector<std::vector<float>> rows(1,
                                       std::vector<float>(static_cast<size_t>(model.vocab_size())));
  model.prefill(0, ids.first(num_prompt_tokens), rows[0]);
  for (size_t i = num_prompt_tokens; i < ids.size(); ++i) {
    rows.emplace_back(static_cast<size_t>(model.vocab_size()));
    const std::vector<int32_t> slot = {0};
    model.step(slot, ids.subspan(i, 1), rows.back());
  }
  return rows;
}

class DecodeTest : public testing::TestWithParam<Shape> {
 protected:
  // One thread unless a test says otherwise: threads that wait for one another are slow where other
  // work runs beside.
  DecodeTest() { at::set_num_threads(1); }
  ~DecodeTest() override { at::set_num_threads(num_threads_); }
  const int num_threads_ = at::get_num_threads();
  const Weights weights_ = random_weights(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Shapes, DecodeTest, testing::ValuesIn(kShapes));

void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

TEST_P(DecodeTest, CachedEqualsFullForward) {
  const int64_t length = GetParam().width > 500 ? 12 : 140;
  const auto ids = random_ids(length, GetParam().vocab, 1);
  const auto expected = naive_logits(weights_, ids);
  DecodeModel model(weights_, 2, length);
  const auto rows = alone(model, ids, 5);
  ASSERT_EQ(rows.size(), ids.size() - 4);
  for (size_t i = 0; i < rows.size(); ++i)
    for (size_t v = 0; v < rows[i].size(); ++v)
      ASSERT_NEAR(rows[i][v], expected[i + 4][v], 2e-5) << "position " << i + 4 << " id " << v;
}

// Weights, keys and values in the storage; more than one chunk and page.
TEST_P(DecodeTest, SplitIntoPromptAndStepsDoesNotMatter) {
  const auto ids = random_ids(150, GetParam().vocab, 2);
  for (StorageChoice storage : {StorageChoice::kAuto, StorageChoice::kBfloat16}) {
    DecodeModel model(weights_, 1, 150, storage);
    const auto steps = alone(model, ids, 1);
    for (size_t length : {1u, 2u, 63u, 64u, 65u, 128u, 129u, 150u}) {
      std::vector<float> logits(static_cast<size_t>(model.vocab_size()));
      model.prefill(0, std::span(ids).first(length), logits);
      EXPECT_EQ(logits, steps[length - 1]) << length << " in " << storage_choice_name(storage);
    }
  }
}

TEST_P(DecodeTest, RoundedStorageIsNearTheExact) {
  const auto ids = random_ids(70, GetParam().vocab, 2);
  DecodeModel exact(weights_, 1, 70);
  const auto want = alone(exact, ids, 60).back();
  const double size = std::sqrt(std::inner_product(want.begin(), want.end(), want.begin(), 0.0));
  for (StorageChoice storage : {StorageChoice::kBfloat16, StorageChoice::kInt8}) {
    DecodeModel rounded(weights_, 1, 70, storage);
    const auto got = alone(rounded, ids, 60).back();
    double squares = 0;
    for (size_t v = 0; v < got.size(); ++v) squares += std::pow(got[v] - want[v], 2);
    EXPECT_LT(std::sqrt(squares), 0.05 * size) << storage_choice_name(storage);
    EXPECT_GT(squares, 0) << storage_choice_name(storage);
  }
}

TEST_P(DecodeTest, EveryNumberOfRowsGivesTheSameBits) {
  constexpr int64_t kSlots = 70;
  const auto vocab = static_cast<size_t>(GetParam().vocab);
  DecodeModel model(weights_, kSlots, 16);
  std::vector<std::vector<int32_t>> ids;
  std::vector<std::vector<float>> expected;
  for (int64_t slot = 0; slot < kSlots; ++slot) {
    ids.push_back(random_ids(3 + slot % 7, GetParam().vocab, 100 + static_cast<uint64_t>(slot)));
    expected.push_back(alone(model, ids.back(), ids.back().size() - 1).back());
  }
  const int64_t stride = GetParam().width > 500 ? 9 : 1;
  for (int64_t num_rows = 1; num_rows <= kSlots; num_rows += stride) {
    std::vector<int32_t> slots, last;
    std::vector<float> scratch(vocab);
    for (int64_t row = 0; row < num_rows; ++row) {
      const auto slot =
          static_cast<int32_t>((row * 37 + num_rows) % kSlots);  // distinct: 37 and 70 are coprime
      const auto& prompt = ids[static_cast<size_t>(slot)];
      model.prefill(slot, std::span(prompt).first(prompt.size() - 1), scratch);
      slots.push_back(slot);
      last.push_back(prompt.back());
    }
    std::vector<float> logits(slots.size() * vocab);
    model.step(slots, last, logits);
    for (size_t row = 0; row < slots.size(); ++row)
      ASSERT_TRUE(std::equal(expected[static_cast<size_t>(slots[row])].begin(),
                             expected[static_cast<size_t>(slots[row])].end(),
                             logits.begin() + static_cast<long>(row * vocab)))
          << num_rows << " rows, row " << row;
  }
}

TEST_P(DecodeTest, ThreadsDoNotMatter) {
  const auto ids = random_ids(70, GetParam().vocab, 3);
  DecodeModel model(weights_, 1, 80);
  at::set_num_threads(1);
  const auto expected = alone(model, ids, 60);
  for (int threads : {2, 3}) {
    at::set_num_threads(threads);
    EXPECT_EQ(alone(model, ids, 60), expected) << threads << " threads";
  }
}

TEST_P(DecodeTest, CopiedSlotGoesOnLikeItsSource) {
  const auto prompt = random_ids(70, GetParam().vocab, 4);
  const auto rest = random_ids(6, GetParam().vocab, 5);
  auto whole = prompt;
  whole.insert(whole.end(), rest.begin(), rest.end());
  DecodeModel model(weights_, 4, 80);
  const auto expected = alone(model, whole, prompt.size());
  // Slot 0 has run on; its first 70 positions make slots 1 and 2, which then differ, and itself
  // again.
  model.copy_slot(0, 1, 70);
  model.copy_slot(1, 2, 70);
  model.copy_slot(0, 0, 70);
  EXPECT_EQ(model.num_positions(0), 70);
  const auto vocab = static_cast<size_t>(model.vocab_size());
  const std::vector<int32_t> slots = {2, 0, 1};
  std::vector<float> logits(3 * vocab);
  for (size_t i = 0; i < rest.size(); ++i) {
    const std::vector<int32_t> ids = {0, rest[i], rest[i]};  // slot 2 goes another way
    model.step(slots, ids, logits);
    for (size_t row : {1, 2})
      EXPECT_TRUE(std::equal(expected[i + 1].begin(), expected[i + 1].end(),
                             logits.begin() + static_cast<long>(row * vocab)));
    EXPECT_FALSE(std::equal(expected[i + 1].begin(), expected[i + 1].end(), logits.begin()));
  }
}

// In one piece and in several, across chunks and pages, in every storage.
TEST_P(DecodeTest, ExtendedEqualsThePromptOfTheWhole) {
  const auto ids = random_ids(200, GetParam().vocab, 8);
  const auto vocab = static_cast<size_t>(GetParam().vocab);
  const std::vector<std::vector<size_t>> cuts = {
      {1, 200}, {63, 64, 200}, {64, 65, 66, 200}, {70, 199, 200}};
  for (StorageChoice storage : {StorageChoice::kAuto, StorageChoice::kFloat32,
                                StorageChoice::kBfloat16, StorageChoice::kInt8}) {
    DecodeModel model(weights_, 2, 201, storage);
    std::vector<float> expected(vocab), next(vocab), logits(vocab);
    model.prefill(0, ids, expected);
    model.step(std::vector<int32_t>{0}, std::vector<int32_t>{3}, next);
    for (const auto& ends : cuts) {
      model.prefill(1, std::span(ids).first(ends[0]), logits);
      for (size_t i = 1; i < ends.size(); ++i)
        model.extend(1, std::span(ids).subspan(ends[i - 1], ends[i] - ends[i - 1]), logits);
      EXPECT_EQ(logits, expected) << ends[0] << " in " << storage_choice_name(storage);
      EXPECT_EQ(model.num_positions(1), 200);
      model.step(std::vector<int32_t>{1}, std::vector<int32_t>{3}, logits);
      EXPECT_EQ(logits, next) << ends[0] << " in " << storage_choice_name(storage);
    }
  }
}

// Slots that share their pages go three ways.
TEST_P(DecodeTest, ExtendedCopiesDoNotTouchEachOther) {
  const auto prompt = random_ids(70, GetParam().vocab, 4);
  const auto vocab = static_cast<size_t>(GetParam().vocab);
  DecodeModel model(weights_, 4, 90);
  std::vector<float> logits(vocab), expected(vocab);
  model.prefill(0, prompt, logits);
  model.copy_slot(0, 1, 70);
  model.copy_slot(0, 2, 65);
  std::vector<std::vector<int32_t>> wholes;
  for (int32_t slot : {0, 1, 2}) {
    wholes.emplace_back(prompt.begin(), prompt.begin() + (slot == 2 ? 65 : 70));
    const auto rest = random_ids(5 + slot, GetParam().vocab, 20 + static_cast<uint64_t>(slot));
    wholes.back().insert(wholes.back().end(), rest.begin(), rest.end());
    model.extend(slot, rest, logits);
    model.prefill(3, wholes.back(), expected);
    EXPECT_EQ(logits, expected) << "slot " << slot;
  }
  for (int32_t slot : {0, 1, 2}) {  // what each holds is still its own
    model.step(std::vector<int32_t>{slot}, std::vector<int32_t>{1}, logits);
    wholes[static_cast<size_t>(slot)].push_back(1);
    model.prefill(3, wholes[static_cast<size_t>(slot)], expected);
    EXPECT_EQ(logits, expected) << "slot " << slot;
  }
}

// To other weights and back, also where kAuto stores them otherwise (values of bf16).
TEST_P(DecodeTest, RefreshedEqualsRebuilt) {
  const auto ids = random_ids(70, GetParam().vocab, 9);
  Weights other = random_weights(GetParam());
  initialize_weights(other, 0.3, 77);
  round_weights(other, "bfloat16");
  Weights changing = random_weights(GetParam());
  for (StorageChoice storage : {StorageChoice::kAuto, StorageChoice::kFloat32,
                                StorageChoice::kBfloat16, StorageChoice::kInt8}) {
    DecodeModel first(weights_, 2, 80, storage), second(other, 2, 80, storage);
    const auto expected_first = alone(first, ids, 60), expected_second = alone(second, ids, 60);
    EXPECT_NE(expected_first, expected_second);
    DecodeModel model(weights_, 2, 80, storage);
    for (int round = 0; round < 2; ++round) {
      EXPECT_EQ(alone(model, ids, 60), expected_first) << storage_choice_name(storage);
      EXPECT_GT(model.num_positions(0), 0);
      model.refresh(other);
      EXPECT_EQ(model.num_positions(0), 0);
      EXPECT_EQ(alone(model, ids, 60), expected_second) << storage_choice_name(storage);
      model.refresh(weights_);
    }
    // The same object, changed in place.
    DecodeModel trained(changing, 2, 80, storage);
    changing.flat.copy_(other.flat);
    trained.refresh(changing);
    EXPECT_EQ(alone(trained, ids, 60), expected_second) << storage_choice_name(storage);
    changing.flat.copy_(weights_.flat);
  }
}

TEST(DecodeModelTest, FullSlotIsAnError) {
  const Weights weights = random_weights(kShapes[0]);
  DecodeModel model(weights, 1, 4);
  const auto ids = random_ids(5, 101, 6);
  std::vector<float> logits(101);
  EXPECT_THROW(model.prefill(0, ids, logits), Error);
  model.prefill(0, std::span(ids).first(4), logits);
  const std::vector<int32_t> slot = {0};
  EXPECT_THROW(model.step(slot, std::span(ids).last(1), logits), Error);
  model.prefill(0, std::span(ids).first(3), logits);
  EXPECT_THROW(model.extend(0, std::span(ids).last(2), logits), Error);
  EXPECT_EQ(model.num_positions(0), 3);
  model.extend(0, std::span(ids).last(1), logits);
}

}  // namespace
}  // namespace laconic
