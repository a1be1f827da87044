// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>

#include "nn/model_folder.h"
#include "nn/model_folder_fixture.h"

namespace laconic {
namespace {

TEST_F(ModelFolderTest, RoundTripInEachDtypeSingleAndSharded) {
  for (const char* dtype : {"float32", "float16", "bfloat16"}) {
    for (int64_t max_shard_bytes : {int64_t{1} << 30, int64_t{700}}) {
      for (const bool tied : {false, true}) {
        Json json = config();
        json["tie_word_embeddings"] = tied;
        Weights weights = random_weights(json);
        SaveRequest r = request(weights, json, dtype);
        r.max_shard_bytes = max_shard_bytes;
        const std::string folder = path("m");
        save_model(folder, r);
        verify_manifest(folder);
        EXPECT_EQ(file_exists(folder + "/model.safetensors"), max_shard_bytes > 700);
        const ModelFolder loaded = load_model(folder);
        EXPECT_EQ(loaded.index.config.dtype, dtype);
        EXPECT_EQ(loaded.index.config_json.at("torch_dtype", "").as_string(""), dtype);
        EXPECT_EQ(loaded.index.eos_token_ids, std::vector<int64_t>{3});
        round_weights(weights, dtype);
        EXPECT_TRUE(same_values(weights, loaded.weights)) << dtype << " " << max_shard_bytes;
      }
    }
  }
}

TEST_F(ModelFolderTest, ShardsHoldSortedTensorsAndTheIndexNamesThem) {
  const std::string folder = save("m", 700);
  const Json index = Json::parse(read_file(folder + "/model.safetensors.index.json"), "index.json");
  const Weights weights = random_weights(config());
  EXPECT_EQ(index.at("metadata", "").at("total_size", "").as_integer(""), weights.flat.numel() * 4);
  EXPECT_EQ(index.at("weight_map", "").size(), weights.parameters.size());
  int num_files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".safetensors") continue;
    ++num_files;
    const SafetensorsFile file(entry.path());
    EXPECT_EQ(file.index().metadata.at(0), (std::pair<std::string, std::string>{"format", "pt"}));
    const auto& tensors = file.index().tensors;
    for (size_t i = 1; i < tensors.size(); ++i) EXPECT_LT(tensors[i - 1].name, tensors[i].name);
  }
  EXPECT_GT(num_files, 2);
}

TEST_F(ModelFolderTest, CopiesWhatTravelsWithTheWeightsByteForByte) {
  const std::string source = save("source");
  put(source + "/tokenizer.json", "{ \"odd\" :\t1 }\n\n");
  put(source + "/tokenizer_config.json", "{\"chat_template\": \"old\"}  ");
  put(source + "/chat_template.jinja", "{{ new }}");
  put(source + "/generation_config.json", "{ \"eos_token_id\": [5, 6]}");
  put(source + "/LICENSE.txt", "a licence");
  put(source + "/pytorch_model.bin", "not this");
  put(source + "/README.md", "---\nbase_model: x\nlicense: mit\n---\n# other\n");
  const Weights weights = random_weights(config());
  SaveRequest r;
  r.weights = &weights;
  r.source_folder = source;
  r.files["extra.json"] = "{}";
  save_model(path("target/"), r);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
                           "generation_config.json", "LICENSE.txt"})
    EXPECT_EQ(read_file(path("target/") + name), read_file(source + "/" + name)) << name;
  EXPECT_FALSE(file_exists(path("target/pytorch_model.bin")));
  EXPECT_EQ(read_file(path("target/extra.json")), "{}");
  EXPECT_NE(read_file(path("target/README.md")).find("\nlicense: mit\n"), std::string::npos);
  EXPECT_EQ(open_model(path("target")).eos_token_ids, (std::vector<int64_t>{5, 6}));

  put(source + "/tokenizer_config.json", "{\"a\": 1}");
  r.card = "---\nlicense: mit\n---\nhello\n";
  save_model(path("target"), r);
  const Json mirrored = Json::parse(read_file(path("target/tokenizer_config.json")), "t");
  EXPECT_EQ(mirrored.at("chat_template", "").as_string(""), "{{ new }}");
  EXPECT_EQ(read_file(path("target/README.md")), r.card);
}

TEST_F(ModelFolderTest, ACallersCardKeepsTheSourcesLicence) {
  const std::string source = save("source");
  put(source + "/README.md", "---\nlicense: apache-2.0\ntags: [a]\n---\n\nSource.\n");
  const Weights weights = random_weights(config());
  SaveRequest r = request(weights, config(), "float32");
  r.source_folder = source;
  r.card = "---\nlibrary_name: transformers\n---\n\nTrained.\n";
  save_model(path("m"), r);
  EXPECT_EQ(read_file(path("m/README.md")),
            "---\nlicense: apache-2.0\nlibrary_name: transformers\n---\n\nTrained.\n");
  r.card = "---\nlicense: mit\n---\n";
  save_model(path("m"), r);
  EXPECT_EQ(read_file(path("m/README.md")), r.card);
}

TEST_F(ModelFolderTest, StaleTemporaryFoldersGoWithTheNextSave) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  make_folders(path(cat("m.tmp-", child)));
  make_folders(path(cat("other.tmp-", child)));
  save("m");
  EXPECT_FALSE(folder_exists(path(cat("m.tmp-", child))));
  EXPECT_TRUE(folder_exists(path(cat("other.tmp-", child))));
}

TEST_F(ModelFolderTest, ConfigChangesOnlyWhereItMust) {
  struct Case {
    std::vector<const char*> erase;
    const char* set;       // members added
    const char* expected;  // members that differ after saving in bfloat16
  };
  const Case cases[] = {
      {{}, "{}", "{}"},
      {{"torch_dtype"}, R"({"dtype": "float32"})", R"({"dtype": "bfloat16"})"},
      {{},
       R"({"dtype": "float32", "torch_dtype": "float32"})",
       R"({"dtype": "bfloat16", "torch_dtype": "bfloat16"})"},
      {{"torch_dtype"}, "{}", R"({"torch_dtype": "bfloat16"})"},
      {{"rope_theta"},
       R"({"rope_parameters": {"rope_theta": 7.5, "rope_type": "default"}})",
       R"({"rope_theta": 7.5})"},
      {{"rope_theta"},
       R"({"rope_parameters": {"rope_theta": 7.5, "rope_type": "linear", "factor": 2.0}})",
       R"({"rope_theta": 7.5, "rope_scaling": {"rope_type": "linear", "factor": 2.0}})"},
      {{"rope_theta"},
       R"({"architectures": ["Phi3ForCausalLM"], "rope_parameters": {"rope_theta": 7.5, "rope_type": "longrope",
           "partial_rotary_factor": 1.0, "short_factor": [1.0], "long_factor": [2.0],
           "original_max_position_embeddings": 32}})",
       R"({"rope_theta": 7.5, "partial_rotary_factor": 1.0, "original_max_position_embeddings": 32,
           "rope_scaling": {"type": "longrope", "short_factor": [1.0], "long_factor": [2.0]}})"},
      {{"rope_theta"},
       R"({"architectures": ["Gemma3ForCausalLM"], "head_dim": 2, "query_pre_attn_scalar": 4,
           "hidden_activation": "gelu_pytorch_tanh", "sliding_window": 8, "sliding_window_pattern": 2,
           "rope_parameters": {"full_attention": {"rope_theta": 7.5, "rope_type": "default"},
                               "sliding_attention": {"rope_theta": 5.0, "rope_type": "default"}}})",
       R"({"rope_local_base_freq": 5.0, "rope_theta": 7.5})"},
  };
  for (const Case& c : cases) {
    Json json = config();
    for (const char* key : c.erase) json.erase(key);
    const Json set = Json::parse(c.set, "set"), changed = Json::parse(c.expected, "expected");
    for (const auto& [key, value] : set.as_object("")) json[key] = value;
    const Weights weights = random_weights(json);
    SaveRequest r = request(weights, json, "bfloat16");
    r.files["config.json"] = json.dump(3);  // an odd layout, to see it kept
    save_model(path("m"), r);
    Json expected = json;
    for (const auto& [key, value] : changed.as_object("")) expected[key] = value;
    EXPECT_EQ(open_model(path("m")).config_json, expected) << c.set;
    if (expected == json) EXPECT_EQ(read_file(path("m/config.json")), json.dump(3));
  }
}

TEST_F(ModelFolderTest, AFailedSaveLeavesTheOldFolderAndNoOther) {
  const std::string folder = save("m");
  const std::string before = read_file(folder + "/manifest.json");
  const Weights weights = random_weights(config(), 8);
  SaveRequest r = request(weights, config(), "float32");
  r.add_files = [](const std::string& temporary) {
    EXPECT_TRUE(file_exists(temporary + "/model.safetensors"));
    fail(ErrorKind::kDisk, "no space");
  };
  try {
    save_model(folder, r);
    ADD_FAILURE() << "saved";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kDisk);
  }
  EXPECT_EQ(read_file(folder + "/manifest.json"), before);
  verify_manifest(folder);
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), fs::directory_iterator()), 1);
  r.add_files = [](const std::string& temporary) { put(temporary + "/optimizer.bin", "state"); };
  save_model(folder, r);
  EXPECT_NE(read_file(folder + "/manifest.json").find("optimizer.bin"), std::string::npos);
  EXPECT_TRUE(same_values(load_model(folder).weights, weights));
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), fs::directory_iterator()), 1);
}

TEST_F(ModelFolderTest, ForeignFilesAreNotOverwritten) {
  make_folders(path("home"));
  put(path("home/thesis.tex"), "years");
  const Weights weights = random_weights(config());
  for (const char* target : {"home", "home/thesis.tex"}) {
    try {
      save_model(path(target), request(weights, config(), "float32"));
      ADD_FAILURE() << target;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
    }
  }
  EXPECT_EQ(read_file(path("home/thesis.tex")), "years");
}

TEST_F(ModelFolderTest, ManifestNoticesEveryChange) {
  const std::string folder = save("m", 700);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path();
    if (file_name(file) == "manifest.json") continue;
    const std::string bytes = read_file(file);
    std::string flipped = bytes;
    flipped[bytes.size() / 2] ^= 1;
    for (const std::string& damaged : {flipped, bytes + "x", bytes.substr(1)}) {
      put(file, damaged);
      EXPECT_THROW(verify_manifest(folder), Error) << file;
    }
    remove_all(file);
    EXPECT_THROW(verify_manifest(folder), Error) << file;
    put(file, bytes);
    EXPECT_NO_THROW(verify_manifest(folder));
  }
}

}  // namespace
}  // namespace laconic
