// laconic convert: a GGUF file into a Hugging Face model folder, or a folder into one of another
// dtype.
// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "app/commands.h"
#include "base/error.h"
#include "base/file.h"
#include "base/gguf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/settings.h"
#include "nn/gguf_model.h"
#include "nn/model_folder.h"
#include "text/gguf_tokenizer.h"

namespace laconic {
namespace {

struct ConvertSettings {
  std::string gguf, model, out;
  std::string dtype = "float32";
  double shard_gb = 5;
};

std::string metadata_text(const Json& metadata, const char* key, const char* absent) {
  const Json* value = metadata.find(key);
  return value && value->is_string() ? value->as_string(key) : absent;
}

std::string model_card(const GgufFile& file, const std::string& dtype) {
  const Json& metadata = file.index().metadata;
  const std::string licence = metadata_text(metadata, "general.license", "");
  return cat("---\n", licence.empty() ? "" : cat("license: ", licence, "\n"),
             "library_name: transformers\npipeline_tag: text-generation\n---\n\n# ",
             metadata_text(metadata, "general.name", "Imported model"), "\n\nImported from `",
             file_name(file.path()), "` (GGUF) by laconic ", LACONIC_VERSION,
             ": `laconic convert`, ", "weights as ", dtype, ".\n");
}

void convert_gguf(const ConvertSettings& s, SaveRequest request) {
  const GgufFile file(s.gguf);
  Json config = gguf_config(file, s.dtype);
  const ModelConfig parsed = parse_model_config(config, s.gguf);
  GgufTokenizer tokenizer =
      make_gguf_tokenizer(file.index().metadata, parsed.max_positions, s.gguf);
  for (const auto& [key, value] : tokenizer.token_ids.as_object(s.gguf)) config[key] = value;
  const Weights weights = load_gguf_weights(file, parsed);
  request.weights = &weights;
  request.files = std::move(tokenizer.files);
  request.files["config.json"] = config.dump(2) + "\n";
  request.card = model_card(file, s.dtype);
  save_model(s.out, request);
}

void convert_folder(const ConvertSettings& s, SaveRequest request) {
  const ModelFolder model = load_model(s.model);
  request.weights = &model.weights;
  request.source_folder = s.model;
  save_model(s.out, request);
}

}  // namespace

int run_convert(Arguments arguments) {
  ConvertSettings s;
  Settings settings("laconic convert",
                    "Writes a Hugging Face model folder from a GGUF file or from another folder.");
  settings.add("gguf", &s.gguf,
               "GGUF v3 file (llama or qwen2; F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q4_K, Q5_K, Q6_K)");
  settings.add("model", &s.model, "model folder, instead of --gguf").alias("model_name_or_path");
  settings.add("out", &s.out, "folder to write").alias("output_dir").required();
  settings.add("dtype", &s.dtype, "dtype of the stored weights; float32 keeps every value")
      .choices({"float32", "bfloat16", "float16"});
  settings.add("shard_gb", &s.shard_gb, "largest safetensors file, 10^9 bytes").range(1e-6, 1e6);
  settings.example("laconic convert --gguf model.Q8_0.gguf --out models/imported --dtype bfloat16");
  if (!settings.parse(arguments)) return 0;
  require(s.gguf.empty() != s.model.empty(), ErrorKind::kUsage,
          "laconic convert: expected one of --gguf and --model, got ",
          s.gguf.empty() ? "neither" : "both");
  SaveRequest request;
  request.dtype = s.dtype;
  request.max_shard_bytes = static_cast<int64_t>(s.shard_gb * 1e9);
  if (s.gguf.empty())
    convert_folder(s, std::move(request));
  else
    convert_gguf(s, std::move(request));
  log_info("wrote ", s.out);
  return 0;
}

}  // namespace laconic
