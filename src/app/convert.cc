// laconic convert: a GGUF file into a Hugging Face model folder, a folder into one of another dtype
// or into a GGUF file.
// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "app/commands.h"
#include "base/error.h"
#include "base/file.h"
#include "base/gguf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/settings.h"
#include "nn/folder_writer.h"
#include "nn/gguf_export.h"
#include "nn/gguf_model.h"
#include "nn/model_folder.h"
#include "text/gguf_tokenizer.h"
#include "text/gguf_vocabulary.h"

namespace laconic {
namespace {

struct ConvertSettings {
  std::string gguf, model, out, gguf_out;
  std::string dtype = "float32", gguf_type = "auto";
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

// Another GGUF file may be replaced; anything else stays.
void check_file_target(const std::string& path) {
  require(!folder_exists(path), ErrorKind::kUsage, path,
          ": expected the name of a file, got a folder");
  require(!file_exists(path) || MappedFile(path).text().starts_with("GGUF"), ErrorKind::kUsage,
          path, ": expected a new file or a GGUF file, got another one (nothing was overwritten)");
}

void export_folder(const ConvertSettings& s) {
  check_file_target(s.gguf_out);
  const ModelIndex index = open_model(s.model);
  const std::string config_path = join_path(s.model, "config.json");
  const std::string_view type = gguf_type(s.gguf_type, index.config);
  GgufHeader header;
  add_gguf_architecture(index.config, type, config_path, header);
  header.text("general.name", file_name(without_slash(s.model)));
  if (const std::string licence = model_licence(s.model); !licence.empty())
    header.text("general.license", licence);
  const std::vector<int64_t> bos_ids =
      parse_token_ids(index.config_json.find("bos_token_id"), config_path + ": bos_token_id");
  add_to_header(
      make_gguf_vocabulary(s.model, index.config.vocab_size, bos_ids, index.eos_token_ids), header);
  make_folders(parent_path(s.gguf_out));
  write_gguf(index, type, std::move(header), s.gguf_out);
}

void check_paths(const ConvertSettings& s) {
  const auto one_of = [](const std::string& a, const std::string& b, const char* names) {
    require(a.empty() != b.empty(), ErrorKind::kUsage, "laconic convert: expected one of ", names,
            ", got ", a.empty() ? "neither" : "both");
  };
  one_of(s.gguf, s.model, "--gguf and --model");
  one_of(s.out, s.gguf_out, "--out and --gguf-out");
  require(s.gguf_out.empty() || s.gguf.empty(), ErrorKind::kUsage,
          "laconic convert: --gguf-out: expected --model with it, got --gguf (convert it to a "
          "folder first)");
  require(s.gguf_type == "auto" || !s.gguf_out.empty(), ErrorKind::kUsage,
          "laconic convert: --gguf-type: expected --gguf-out with it, got none");
}

}  // namespace

int run_convert(Arguments arguments) {
  ConvertSettings s;
  Settings settings("laconic convert",
                    "Writes a model folder from a GGUF file or another folder, or a GGUF file from "
                    "a folder.");
  settings.positional("MODEL", &s.model, "model folder, or a .gguf file").path().existing();
  settings.alias("model_name_or_path");
  settings
      .add("gguf", &s.gguf,
           "GGUF v3 file to read (llama, qwen2, qwen3; F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q4_K, "
           "Q5_K, Q6_K)")
      .file()
      .existing();
  settings.add("out", &s.out, "folder to write").folder().alias("output").alias("output_dir");
  settings
      .add("gguf_out", &s.gguf_out,
           "GGUF file to write from a model folder (Llama, Qwen2, Qwen3), instead of --out")
      .file();
  settings
      .add("gguf_type", &s.gguf_type,
           "type of the matrices in --gguf-out; auto: as stored; Q8_0 takes a quarter of F32 and "
           "rounds")
      .choices({"auto", "F32", "F16", "BF16", "Q8_0"});
  settings.add("dtype", &s.dtype, "dtype of the weights in --out; float32 keeps every value")
      .choices({"float32", "bfloat16", "float16"});
  settings.add("shard_gb", &s.shard_gb, "largest safetensors file, 10^9 bytes").range(1e-6, 1e6);
  settings.advanced();
  settings.example("laconic convert model.Q8_0.gguf --out models/imported --dtype bfloat16");
  settings.example("laconic convert models/short --gguf-out short.gguf --gguf-type Q8_0");
  if (!settings.parse(arguments)) return 0;
  if (s.gguf.empty() && s.model.ends_with(".gguf")) s.gguf = std::move(s.model), s.model.clear();
  if (!s.model.empty()) require_model_folder(s.model, "MODEL");
  check_paths(s);
  if (!s.gguf_out.empty()) {
    export_folder(s);
    log_info("wrote ", s.gguf_out);
    return 0;
  }
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
