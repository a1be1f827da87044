// SPDX-License-Identifier: Apache-2.0
#include "nn/model_folder.h"

#include <functional>

#include "nn/model_folder_fixture.h"

namespace laconic {
namespace {

// The zoo: a good folder, one thing broken, the line that says so ("@" is the folder).
struct Broken {
  const char* why;
  bool sharded;
  std::function<void(const std::string& folder)> spoil;
  const char* message;
};

void edit_index(const std::string& folder, const std::function<void(Json&)>& edit) {
  const std::string path = folder + "/model.safetensors.index.json";
  Json json = Json::parse(read_file(path), path);
  edit(json);
  put(path, json.dump());
}

const char* const kFirst = "/model-00001-of-00005.safetensors";
const char* const kLast = "/model-00005-of-00005.safetensors";

std::vector<Broken> broken_folders();

TEST_F(ModelFolderTest, BrokenFoldersAreRefusedInOneLine) {
  for (const Broken& broken : broken_folders()) {
    remove_all(path("m"));
    const std::string folder = save("m", broken.sharded ? 1300 : 1 << 30);
    ASSERT_EQ(file_exists(folder + kLast), broken.sharded);
    broken.spoil(folder);
    try {
      load_model(folder);
      ADD_FAILURE() << broken.why << ": accepted";
    } catch (const Error& error) {
      std::string message = error.what();
      for (size_t at; (at = message.find(folder)) != std::string::npos;)
        message.replace(at, folder.size(), "@");
      EXPECT_EQ(error.kind(), ErrorKind::kModel) << broken.why << ": " << message;
      EXPECT_EQ(message, broken.message) << broken.why;
    }
  }
}

std::vector<Broken> broken_folders() {
  const std::string single = "/model.safetensors";
  return {
      {"no config", false, [](const auto& f) { remove_all(f + "/config.json"); },
       "@: expected a file config.json, got none (is it a model folder?)"},
      {"no weights", false, [=](const auto& f) { remove_all(f + single); },
       "@: expected model.safetensors or model.safetensors.index.json, got neither"},
      {"pickled weights", false,
       [=](const auto& f) {
         remove_all(f + single);
         put(f + "/pytorch_model.bin", "x");
       },
       "@: expected model.safetensors or model.safetensors.index.json, got pytorch_model.bin (save "
       "it as safetensors first)"},
      {"config of another width", false,
       [](const auto& f) {
         Json json = Json::parse(kConfig, "");
         json["intermediate_size"] = 13;
         put(f + "/config.json", json.dump());
       },
       "@/model.safetensors: tensor \"model.layers.0.mlp.gate_proj.weight\".shape: expected [13, "
       "8] "
       "(from config.json), got [12, 8]"},
      {"config says more layers", false,
       [](const auto& f) {
         Json json = Json::parse(kConfig, "");
         json["num_hidden_layers"] = 3;
         put(f + "/config.json", json.dump());
       },
       "@: expected a tensor \"model.layers.2.input_layernorm.weight\", got none"},
      {"config says fewer layers", false,
       [](const auto& f) {
         Json json = Json::parse(kConfig, "");
         json["num_hidden_layers"] = 1;
         put(f + "/config.json", json.dump());
       },
       "@: expected only tensors of Qwen2ForCausalLM, got 12 others: "
       "model.layers.1.input_layernorm.weight, model.layers.1.mlp.down_proj.weight, "
       "model.layers.1.mlp.gate_proj.weight, model.layers.1.mlp.up_proj.weight, "
       "model.layers.1.post_attention_layernorm.weight and 7 more"},
      {"config is no JSON", false, [](const auto& f) { put(f + "/config.json", "{\"a\": }"); },
       "@/config.json:1:7: expected valid JSON, got \"a\": }"},
      {"config is an array", false, [](const auto& f) { put(f + "/config.json", "[]"); },
       "@/config.json: expected an object, got array"},
      {"generation config of the wrong type", false,
       [](const auto& f) { put(f + "/generation_config.json", "{\"eos_token_id\": \"x\"}"); },
       "@/generation_config.json: eos_token_id: expected a token id or an array of them, got "
       "string"},
      {"untied head missing", false,
       [=](const auto& f) {
         auto tensors = tensors_of(f + single);
         std::erase_if(tensors, [](const auto& t) { return t.name == "lm_head.weight"; });
         put_tensors(f + single, tensors);
       },
       "@: expected a tensor \"lm_head.weight\", got none (config.json says that the embeddings "
       "are "
       "not tied)"},
      {"tensor of integers", false,
       [=](const auto& f) {
         auto tensors = tensors_of(f + single);
         for (NewTensor& t : tensors)
           if (t.name == "model.norm.weight") t.dtype = "I32";
         put_tensors(f + single, tensors);
       },
       "@/model.safetensors: tensor \"model.norm.weight\".dtype: expected F32, F16 or BF16, got "
       "I32"},
      {"truncated file", false,
       [=](const auto& f) {
         const std::string bytes = read_file(f + single);
         put(f + single, bytes.substr(0, bytes.size() - 1));
       },
       "@/model.safetensors: tensor \"model.norm.weight\".data_offsets: expected an end <= 5407 "
       "(bytes after the header), got 5408 (file cut short?)"},
      {"missing shard", true, [](const auto& f) { remove_all(f + kLast); },
       "@/model.safetensors.index.json: weight_map: \"lm_head.weight\": "
       "expected the file \"model-00005-of-00005.safetensors\" in the folder, got none"},
      {"shard outside the folder", true,
       [](const auto& f) {
         edit_index(f, [](Json& json) {
           json["weight_map"]["lm_head.weight"] = "../model-00001-of-00005.safetensors";
         });
       },
       "@/model.safetensors.index.json: weight_map: \"lm_head.weight\": expected the name of a "
       "file "
       "in the folder, got \"../model-00001-of-00005.safetensors\""},
      {"shard by an absolute path", true,
       [](const auto& f) {
         edit_index(f, [&](Json& json) { json["weight_map"]["lm_head.weight"] = f + kLast; });
       },
       "@/model.safetensors.index.json: weight_map: \"lm_head.weight\": expected the name of a "
       "file in the folder, got \"@/model-00005-of-00005.safetensors\""},
      {"index names a number", true,
       [](const auto& f) {
         edit_index(f, [](Json& json) { json["weight_map"]["lm_head.weight"] = 5; });
       },
       "@/model.safetensors.index.json: weight_map: \"lm_head.weight\": expected a string, got "
       "integer"},
      {"shard that links to itself", true,
       [](const auto& f) {
         remove_all(f + kLast);
         fs::create_symlink(fs::path(f + kLast).filename(), f + kLast);
       },
       "@/model.safetensors.index.json: weight_map: \"lm_head.weight\": expected the file "
       "\"model-00005-of-00005.safetensors\" in the folder, got none"},
      {"weights that are a folder", false,
       [=](const auto& f) {
         remove_all(f + single);
         make_folders(f + single);
       },
       "@: expected model.safetensors or model.safetensors.index.json, got neither"},
      {"field of the wrong type", false,
       [](const auto& f) {
         Json json = Json::parse(kConfig, "");
         json["hidden_size"] = "8";
         put(f + "/config.json", json.dump());
       },
       "@/config.json: hidden_size: expected an integer, got string"},
      {"vocabulary larger than the embedding", false,
       [](const auto& f) {
         Json json = Json::parse(kConfig, "");
         json["vocab_size"] = 21;
         put(f + "/config.json", json.dump());
       },
       "@/model.safetensors: tensor \"model.embed_tokens.weight\".shape: expected [21, 8] (from "
       "config.json), got [20, 8]"},
      {"index names the wrong shard", true,
       [](const auto& f) {
         edit_index(f, [](Json& json) {
           json["weight_map"]["lm_head.weight"] = "model-00001-of-00005.safetensors";
         });
       },
       "@/model.safetensors.index.json: weight_map: \"lm_head.weight\": expected the tensor in "
       "model-00001-of-00005.safetensors, got none there"},
      {"index does not list a tensor", true,
       [](const auto& f) {
         edit_index(f, [](Json& json) { json["weight_map"].erase("model.norm.weight"); });
       },
       "@/model-00004-of-00005.safetensors: tensor \"model.norm.weight\": expected a tensor that "
       "model.safetensors.index.json lists, got an unlisted one"},
      {"index without a map", true,
       [](const auto& f) { edit_index(f, [](Json& json) { json.erase("weight_map"); }); },
       "@/model.safetensors.index.json: weight_map: expected an object of tensor names and files, "
       "got none"},
      {"tensor in two shards", true,
       [](const auto& f) {
         auto tensors = tensors_of(f + kLast);
         tensors.push_back(tensors_of(f + kFirst)[0]);
         put_tensors(f + kLast, tensors);
       },
       "@/model-00001-of-00005.safetensors: tensor \"model.embed_tokens.weight\": expected each "
       "tensor once, got it in model-00005-of-00005.safetensors too"},
  };
}

// The path is wrong, not what lies there: the usage kind.
TEST_F(ModelFolderTest, FilesInPlaceOfAFolderAreRefused) {
  put(path("m"), "x");
  try {
    load_model(path("m"));
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_EQ(error.what(),
              "model: expected a model folder, got " + path("m") + ", which is a file");
  }
}

TEST_F(ModelFolderTest, CarriedTensorsWithoutMeaningAreAccepted) {
  Json json = config();
  json["tie_word_embeddings"] = true;
  const std::string folder = save("m", 1 << 30, json);
  const std::string file = folder + "/model.safetensors";
  auto tensors = tensors_of(file);
  for (const NewTensor& tensor : tensors) EXPECT_NE(tensor.name, "lm_head.weight");
  tensors.push_back({"lm_head.weight", "F32", {20, 8}});
  tensors.push_back({"model.layers.0.self_attn.rotary_emb.inv_freq", "F32", {1}});
  put_tensors(file, tensors);
  const ModelIndex index = open_model(folder);
  EXPECT_EQ(index.ignored.size(), 2u);
}

}  // namespace
}  // namespace laconic
