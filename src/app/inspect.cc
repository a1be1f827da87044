// laconic inspect: what a model folder (or a GGUF file) is: architecture, weights, tensors,
// tokenizer, template, files; or a row of a data file as it is trained on (app/inspect_data.h).
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

#include "app/commands.h"
#include "app/inspect_data.h"
#include "base/error.h"
#include "base/file.h"
#include "base/gguf.h"
#include "base/json.h"
#include "base/printable.h"
#include "base/settings.h"
#include "nn/adapter.h"
#include "nn/model_folder.h"
#include "nn/rope_config.h"
#include "text/prompt_builder.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

struct InspectSettings {
  std::string path, adapter;
  DataRowRequest data;
  bool tensors = false, json = false, verify = false;
};

std::string human_bytes(double bytes) {
  std::array<char, 32> text{};
  const char* const units[] = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < std::size(units); ++unit) bytes /= 1000;
  std::snprintf(text.data(), text.size(), unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
  return text.data();
}

Json shape_json(const std::vector<int64_t>& shape) {
  Json json = Json::array();
  for (int64_t extent : shape) json.push_back(extent);
  return json;
}

Json ids_json(const std::vector<int64_t>& ids) { return shape_json(ids); }

void add_rope_facts(const ModelConfig& config, Json& json) {
  if (config.rotary_width() != config.head_dim) json["rotary_dim"] = config.rotary_width();
  if (config.local_rope_theta > 0) json["local_rope_theta"] = config.local_rope_theta;
  if (config.rope.kind == RopeKind::kDefault) return;
  json["rope_type"] = std::string(rope_type(config.rope.kind));
  json["rope_factor"] = config.rope.factor;
  if (config.rope.original_max_positions > 0)
    json["original_max_positions"] = static_cast<int64_t>(config.rope.original_max_positions);
}

// What the model has beyond Llama's decoder; nothing for what it has not.
void add_family_facts(const ModelConfig& config, Json& json) {
  if (config.o_bias) json["o_bias"] = true;
  if (config.mlp_bias) json["mlp_bias"] = true;
  if (config.qk_norm) json["qk_norm"] = true;
  if (config.activation == Activation::kGeluTanh) json["activation"] = "gelu_pytorch_tanh";
  if (config.sandwich_norms) json["sandwich_norms"] = true;
  if (config.query_scale > 0) json["query_scale"] = config.query_scale;
  if (config.attention_softcap > 0) json["attention_softcap"] = config.attention_softcap;
  if (config.logit_softcap > 0) json["logit_softcap"] = config.logit_softcap;
  const auto& windows = config.layer_windows;
  if (!windows.empty()) {
    json["sliding_window"] = *std::max_element(windows.begin(), windows.end());
    const auto full = std::count(windows.begin(), windows.end(), 0);
    json["sliding_layers"] = static_cast<int64_t>(windows.size()) - int64_t{full};
  }
  if (config.num_experts == 0) return;
  json["experts"] = config.num_experts;
  json["experts_per_token"] = config.experts_per_token;
  json["expert_intermediate_size"] = config.expert_intermediate_size;
  const auto& sparse = config.sparse_layers;
  json["sparse_layers"] = int64_t{std::count(sparse.begin(), sparse.end(), true)};
  json["weights_per_token"] = count_active_weights(config);
}

Json architecture_facts(const ModelConfig& config) {
  Json json = Json::object();
  json["architecture"] = config.architecture;
  json["weights"] = count_weights(config);
  json["dtype"] = config.dtype;
  json["layers"] = config.num_layers;
  json["hidden_size"] = config.hidden_size;
  json["intermediate_size"] = config.intermediate_size;
  json["heads"] = config.num_heads;
  json["kv_heads"] = config.num_kv_heads;
  json["head_dim"] = config.head_dim;
  json["vocab_size"] = config.vocab_size;
  json["max_positions"] = config.max_positions;
  json["rope_theta"] = config.rope_theta;
  json["rms_norm_eps"] = config.rms_norm_eps;
  json["qkv_bias"] = config.qkv_bias;
  json["tied_embeddings"] = config.tie_embeddings;
  add_rope_facts(config, json);
  add_family_facts(config, json);
  return json;
}

// A folder may be a good model with a tokenizer that laconic does not read: that is a fact to
// print, no error.
Json tokenizer_facts(const std::string& folder) {
  Json json = Json::object();
  if (!file_exists(join_path(folder, "tokenizer.json"))) {
    json["tokenizer"] = "none";
    return json;
  }
  try {
    const PromptBuilder builder = PromptBuilder::from_folder(folder);
    json["tokens"] = int64_t{builder.tokenizer().size()};
    json["template_hash"] = builder.template_hash();
    if (builder.template_hash() == "none") return json;
    const int32_t end = builder.end_of_turn_id();
    json["end_of_turn_id"] = int64_t{end};
    json["end_of_turn"] = builder.tokenizer().id_to_token(end).value_or("");
    json["prompt_opens_think"] = builder.prompt_opens_think();
    json["template_drops_reasoning"] = builder.template_drops_reasoning() ? "of every turn"
                                       : builder.template_drops_earlier_reasoning()
                                           ? "of earlier turns"
                                           : "no";
  } catch (const Error& error) {
    json["tokenizer"] = cat("cannot be used: ", error.what());
  }
  return json;
}

Json file_facts(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file()) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  Json json = Json::object();
  for (const std::string& name : names)
    json[name] = static_cast<int64_t>(file_size(join_path(folder, name)));
  return json;
}

// Read in full against the model, so that what is printed is known to fit it.
Json adapter_facts(const std::string& folder, const ModelConfig& config) {
  const Adapter adapter = load_adapter(folder, config);
  Json json = Json::object();
  json["kind"] = adapter.config.use_dora ? "DoRA" : "LoRA";
  json["r"] = adapter.config.r;
  json["alpha"] = adapter.config.alpha;
  json["rslora"] = adapter.config.use_rslora;
  json["modules"] = static_cast<int64_t>(adapter.plan.modules.size());
  json["saved_tensors"] = static_cast<int64_t>(adapter.plan.saved.size());
  json["weights"] = static_cast<int64_t>(adapter_bytes(adapter) / sizeof(float));
  json["base_model"] = adapter.config.base_model;
  return json;
}

Json folder_facts(const InspectSettings& s) {
  if (s.verify) verify_manifest(s.path);
  const ModelIndex index = open_model(s.path);
  Json json = architecture_facts(index.config);
  json["eos_token_ids"] = ids_json(index.eos_token_ids);
  Json ignored = Json::array();
  for (const std::string& name : index.ignored) ignored.push_back(name);
  if (ignored.size() > 0) json["ignored_tensors"] = std::move(ignored);
  const Json tokenizer = tokenizer_facts(s.path);
  for (const auto& [key, value] : tokenizer.as_object(s.path)) json[key] = value;
  json["manifest"] = !has_manifest(s.path) ? "none" : s.verify ? "verified" : "present";
  json["files"] = file_facts(s.path);
  if (!s.adapter.empty()) json["adapter"] = adapter_facts(s.adapter, index.config);
  if (!s.tensors) return json;
  Json tensors = Json::object();
  for (const auto& [name, stored] : index.tensors) {
    Json tensor = Json::object();
    tensor["dtype"] = stored.entry.dtype;
    tensor["shape"] = shape_json(stored.entry.shape);
    tensor["file"] = file_name(index.files[stored.file].path());
    tensors.members().emplace_back(name, std::move(tensor));
  }
  json["tensors"] = std::move(tensors);
  return json;
}

Json gguf_facts(const InspectSettings& s) {
  const GgufFile file(s.path);
  Json json = Json::object();
  // Long arrays (tokens, merges) as their length.
  Json::Object& facts = json.members();  // names are distinct, and may be a million
  for (const auto& [key, value] : file.index().metadata.as_object(s.path))
    facts.emplace_back(
        key, value.is_array() && value.size() > 16 ? Json(cat(value.size(), " items")) : value);
  int64_t num_weights = 0;
  Json types = Json::object(), tensors = Json::object();
  for (const GgufTensor& tensor : file.index().tensors) {
    int64_t size = 1;
    for (int64_t extent : tensor.shape) size *= extent;
    num_weights += size;
    const Json* count = types.find(tensor.type);
    types[tensor.type] = (count ? count->as_integer(s.path) : 0) + 1;
    if (!s.tensors) continue;
    Json tensor_facts = Json::object();
    tensor_facts["type"] = tensor.type;
    tensor_facts["shape"] = shape_json(tensor.shape);
    tensors.members().emplace_back(tensor.name, std::move(tensor_facts));
  }
  json["weights"] = num_weights;
  json["tensor_types"] = std::move(types);
  if (s.tensors) json["tensors"] = std::move(tensors);
  return json;
}

std::string plain(const Json& value) {
  return value.is_string() ? value.as_string("") : value.dump();
}

// The value may be a whole template: its lines stay.
std::string row_text(const char* indent, const std::string& name, size_t width,
                     const std::string& value) {
  std::string shown = printable(name);
  if (shown.size() < width) shown.resize(width, ' ');
  return cat(indent, shown, " ", value, "\n");
}

void print_facts(const Json& facts) {
  std::string text;
  for (const auto& [key, value] : facts.as_object("facts")) {
    if (!value.is_object()) {
      text += row_text("", key, 20, plain(value));
      continue;
    }
    text += printable(key) + "\n";
    for (const auto& [name, item] : value.as_object("facts")) {
      const bool is_size = key == "files";
      text +=
          row_text("  ", name, 50, is_size ? human_bytes(item.as_number("bytes")) : plain(item));
    }
  }
  print_text(text);
}

bool is_gguf(const std::string& path) {
  return path.ends_with(".gguf") || MappedFile(path).text().starts_with("GGUF");
}

void print_data_row(const InspectSettings& s) {
  require(!s.data.model.empty(), ErrorKind::kUsage, s.path,
          ": expected --model FOLDER to show a row of a data file, got none");
  DataRowRequest request = s.data;
  request.path = s.path;
  const Json facts = data_row_facts(request);
  print_text(s.json ? facts.dump() + "\n" : data_row_text(facts));
}

}  // namespace

int run_inspect(Arguments arguments) {
  InspectSettings s;
  Settings settings("laconic inspect",
                    "Says what a model folder or a GGUF file is, or how a row of a data file is "
                    "trained on.");
  settings.positional("PATH", &s.path, "model folder, .gguf file or file of rows");
  settings.path().existing();
  settings.add("adapter", &s.adapter, "PEFT LoRA folder to read against the model in PATH");
  settings.folder().existing();
  settings.add("tensors", &s.tensors, "list every tensor with dtype, shape and file");
  settings.add("verify", &s.verify, "check every file against manifest.json");
  settings.add("json", &s.json, "print one JSON object");
  settings.group("A row of a data file");
  settings
      .add("model", &s.data.model,
           "folder whose tokenizer and template are used; without PATH what is looked at")
      .model()
      .existing()
      .alias("model_name_or_path");
  settings.add("row", &s.data.row, "which row; the first is 1").range(1, 1e15);
  settings.add("field", &s.data.field, "field that holds the completion, as in sft's FILE:FIELD");
  settings.add("instruction", &s.data.instruction, "line added to the user turn of a problem");
  settings.add("turns", &s.data.turns, "assistant turns that are trained on, as in sft")
      .choices({"all", "last", "strict"});
  settings.example("laconic inspect out/model --verify");
  settings.example("laconic inspect rows.jsonl --model out/model --row 3");
  if (!settings.parse(arguments)) return 0;
  if (s.path.empty()) s.path = s.data.model;
  require(!s.path.empty(), ErrorKind::kUsage,
          "laconic inspect: expected PATH, got none (see --help)");
  if (file_exists(s.path) && !is_gguf(s.path)) {
    print_data_row(s);
    return 0;
  }
  const Json facts = folder_exists(s.path) ? folder_facts(s) : gguf_facts(s);
  if (s.json)
    std::printf("%s\n", facts.dump(2).c_str());
  else
    print_facts(facts);
  return 0;
}

}  // namespace laconic
