// SPDX-License-Identifier: Apache-2.0
#include "nn/gguf_export.h"

#include <ATen/Parallel.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "nn/dequantize.h"
#include "nn/gguf_names.h"
#include "nn/rope.h"
#include "nn/rope_config.h"

namespace laconic {
namespace {

constexpr int64_t kBlock = 32;        // values of a Q8_0 block
constexpr float kMaxFloat16 = 65504;  // what rounds to it is below 65520

std::string_view architecture_name(const ModelConfig& config, const std::string& place) {
  if (config.architecture == "LlamaForCausalLM") return "llama";
  if (config.architecture == "Qwen2ForCausalLM") return "qwen2";
  if (config.architecture == "Qwen3ForCausalLM") return "qwen3";
  fail(ErrorKind::kModel, place,
       ": architectures: expected LlamaForCausalLM, Qwen2ForCausalLM or Qwen3ForCausalLM for a "
       "GGUF file, got \"",
       config.architecture, "\"");
}

void check_architecture(const ModelConfig& config, std::string_view name,
                        const std::string& place) {
  for (const int64_t window : config.layer_windows)
    require(window == 0, ErrorKind::kModel, place,
            ": sliding_window: expected none for a GGUF file, got ", window);
  require(name != "qwen3" || !config.qkv_bias, ErrorKind::kModel, place,
          ": attention_bias: expected false for a GGUF file of Qwen3, got true");
  require(config.rotary_width() == config.head_dim, ErrorKind::kModel, place,
          ": partial_rotary_factor: expected whole heads to be rotated for a GGUF file, got ",
          config.rotary_width(), " of ", config.head_dim);
  const RopeKind kind = config.rope.kind;
  require(kind == RopeKind::kDefault || kind == RopeKind::kLinear ||
              (kind == RopeKind::kLlama3 && name == "llama"),
          ErrorKind::kModel, place,
          ": rope_type: expected default, linear or llama3 (of Llama) for "
          "a GGUF file, got \"",
          rope_type(kind), "\"");
}

int64_t file_type(std::string_view type) {  // llama.cpp's LLAMA_FTYPE
  if (type == "F32") return 0;
  if (type == "F16") return 1;
  return type == "Q8_0" ? 7 : 32;
}

std::string_view tensor_type(std::string_view type, const std::vector<int64_t>& shape) {
  if (shape.size() < 2) return "F32";
  return type == "Q8_0" && shape.back() % kBlock != 0 ? "F16" : type;
}

// What `quantize` calls a GGUF type.
std::string_view quantised_name(std::string_view type) {
  return type == "Q8_0" ? type : torch_dtype(type);
}

// fp16 and Q8_0's fp16 scale must hold every value.
void check_values(std::span<const float> values, std::string_view type, const std::string& place) {
  for (const float value : values) {
    require(std::isfinite(value), ErrorKind::kModel, place, ": expected finite values, got ",
            value);
    const float limit = type == "Q8_0" ? 127 * kMaxFloat16 : kMaxFloat16;
    require((type != "F16" && type != "Q8_0") || std::fabs(value) <= limit, ErrorKind::kModel,
            place, ": expected values up to ", limit, " for ", type, ", got ", value,
            " (BF16 and F32 hold it)");
  }
}

// llama.cpp divides the plain frequencies by these.
std::vector<float> llama3_divisors(ModelConfig config) {
  const std::vector<float> scaled = rope_frequencies(config, false, 0).inverse;
  config.rope = RopeScaling();
  std::vector<float> divisors = rope_frequencies(config, false, 0).inverse;
  for (size_t i = 0; i < divisors.size(); ++i) divisors[i] /= scaled[i];
  return divisors;
}

// A file under a temporary name until it is whole.
class NewFile {
 public:
  explicit NewFile(const std::string& path)
      : path_(path), temporary_(temporary_path(path)), file_(temporary_) {}
  ~NewFile() {
    if (!published_) remove_temporary(temporary_, path_);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  void write(std::string_view bytes) { file_.write(bytes); }
  void publish() {
    file_.close();
    publish_temporary(temporary_, path_);
    published_ = true;
  }

 private:
  std::string path_, temporary_;
  OutputFile file_;
  bool published_ = false;
};

// One tensor's bytes in its type, with the padding behind them.
std::string stored_bytes(std::span<const float> values, const std::vector<int64_t>& shape,
                         std::string_view type, uint64_t size) {
  std::string bytes(size + GgufHeader::padding(size), '\0');
  const int64_t rows = shape.size() < 2 ? 1 : shape[0];
  const size_t columns = values.size() / static_cast<size_t>(rows);
  const size_t row_bytes = size / static_cast<size_t>(rows);
  at::parallel_for(0, rows, 64, [&](int64_t first, int64_t last) {
    const auto begin = static_cast<size_t>(first), count = static_cast<size_t>(last - first);
    const std::span<char> to(bytes.data() + begin * row_bytes, count * row_bytes);
    quantize(quantised_name(type), values.subspan(begin * columns, count * columns),
             std::as_writable_bytes(to));
  });
  return bytes;
}

}  // namespace

std::string_view gguf_type(const std::string& type, const ModelConfig& config) {
  for (const std::string_view known : {"F32", "F16", "BF16", "Q8_0"})
    if (type == known) return known;
  return safetensors_dtype(config.dtype);
}

void add_gguf_architecture(const ModelConfig& config, std::string_view type,
                           const std::string& place, GgufHeader& header) {
  const std::string name(architecture_name(config, place));
  check_architecture(config, name, place);
  header.text("general.architecture", name);
  header.text("general.type", "model");
  header.count("general.file_type", file_type(type));
  header.count("general.quantization_version", 2);
  header.count(name + ".vocab_size", config.vocab_size);
  header.count(name + ".context_length", config.max_positions);
  header.count(name + ".embedding_length", config.hidden_size);
  header.count(name + ".block_count", config.num_layers);
  header.count(name + ".feed_forward_length", config.intermediate_size);
  header.count(name + ".attention.head_count", config.num_heads);
  header.count(name + ".attention.head_count_kv", config.num_kv_heads);
  header.count(name + ".attention.key_length", config.head_dim);
  header.count(name + ".attention.value_length", config.head_dim);
  header.real(name + ".attention.layer_norm_rms_epsilon", config.rms_norm_eps);
  header.count(name + ".rope.dimension_count", config.head_dim);
  header.real(name + ".rope.freq_base", config.rope_theta);
  if (config.rope.kind != RopeKind::kLinear) return;
  header.text(name + ".rope.scaling.type", "linear");
  header.real(name + ".rope.scaling.factor", config.rope.factor);
}

void write_gguf(const ModelIndex& index, std::string_view type, GgufHeader header,
                const std::string& path) {
  const std::vector<Parameter> plan = plan_parameters(index.config);
  std::vector<uint64_t> sizes;
  const bool has_divisors = index.config.rope.kind == RopeKind::kLlama3;
  if (has_divisors) header.tensor("rope_freqs.weight", "F32", {index.config.head_dim / 2});
  for (const Parameter& parameter : plan)
    sizes.push_back(header.tensor(gguf_name(parameter.name), tensor_type(type, parameter.shape),
                                  parameter.shape));
  const std::string front = header.bytes();
  const uint64_t needed = front.size() + header.data_bytes(), free = free_bytes(parent_path(path));
  require(needed <= free, ErrorKind::kDisk, path, ": expected ", needed, " bytes free, got ", free);

  NewFile file(path);
  file.write(front);
  if (has_divisors) {
    const std::vector<float> divisors = llama3_divisors(index.config);
    file.write(stored_bytes(divisors, {index.config.head_dim / 2}, "F32",
                            divisors.size() * sizeof(float)));
  }
  const bool llama = index.config.architecture == "LlamaForCausalLM";
  std::vector<float> values;
  for (size_t i = 0; i < plan.size(); ++i) {
    const Parameter& parameter = plan[i];
    values.resize(static_cast<size_t>(parameter.size()));
    read_parameter(index, parameter, values);
    const std::string_view stored = tensor_type(type, parameter.shape);
    check_values(values, stored, cat(index.folder, ": tensor \"", parameter.name, "\""));
    if (llama && is_rotated(parameter.name))
      apply_rotary_order(values, parameter.shape.size() == 2 ? parameter.shape[1] : 1,
                         index.config.head_dim);
    file.write(stored_bytes(values, parameter.shape, stored, sizes[i]));
  }
  file.publish();
}

}  // namespace laconic
