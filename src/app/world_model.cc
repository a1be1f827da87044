// SPDX-License-Identifier: Apache-2.0
#include "app/world_model.h"

#include "base/error.h"
#include "base/json.h"
#include "data/world.h"
#include "nn/model_folder.h"
#include "text/bpe_trainer.h"

namespace laconic {
namespace {

constexpr const char* kEndOfText = "<|endoftext|>";
constexpr const char* kTurnStart = "<|im_start|>";
constexpr const char* kTurnEnd = "<|im_end|>";

// ChatML without a default system turn: what a Qwen2 folder's template does, at its smallest.
constexpr const char* kChatTemplate =
    "{%- for message in messages %}\n"
    "    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' "
    "}}\n"
    "{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n"
    "    {{- '<|im_start|>assistant\\n' }}\n"
    "{%- endif %}\n";

constexpr int64_t kTokenizerProblems = 600;  // of each level; more change no merge
constexpr int64_t kMaxPositions = 2048;
constexpr double kRopeTheta = 10000.0;

std::vector<std::string> tokenizer_texts(uint64_t seed) {
  std::vector<std::string> texts;
  for (int difficulty = kWorldMinDifficulty; difficulty <= kWorldMaxDifficulty; ++difficulty) {
    for (int64_t i = 0; i < kTokenizerProblems; ++i) {
      const WorldProblem row =
          make_world_problem(seed, static_cast<uint64_t>(i), difficulty, WorldSplit::kTrain);
      texts.push_back("user\n" + row.problem + "\n" + std::string(kWorldBriefInstruction));
      texts.push_back("assistant\n" + row.short_completion);
      texts.push_back("assistant\n" + row.long_completion);
    }
  }
  return texts;
}

Json world_config(const WorldModelSettings& settings, int64_t vocab_size, int64_t end_id,
                  int64_t start_id) {
  Json config = Json::object();
  config["architectures"] = Json::Array{"Qwen2ForCausalLM"};
  config["attention_dropout"] = 0.0;
  config["bos_token_id"] = start_id;
  config["eos_token_id"] = end_id;
  config["hidden_act"] = "silu";
  config["hidden_size"] = settings.hidden_size;
  config["initializer_range"] = settings.initial_std;
  config["intermediate_size"] = settings.intermediate_size;
  config["max_position_embeddings"] = kMaxPositions;
  config["max_window_layers"] = settings.num_layers;
  config["model_type"] = "qwen2";
  config["num_attention_heads"] = settings.num_heads;
  config["num_hidden_layers"] = settings.num_layers;
  config["num_key_value_heads"] = settings.num_kv_heads;
  config["rms_norm_eps"] = 1e-6;
  config["rope_theta"] = kRopeTheta;
  config["sliding_window"] = nullptr;
  config["tie_word_embeddings"] = true;
  config["torch_dtype"] = "bfloat16";
  config["use_cache"] = true;
  config["use_sliding_window"] = false;
  config["vocab_size"] = vocab_size;
  return config;
}

Json tokenizer_config() {
  Json config = Json::object();
  config["add_bos_token"] = false;
  config["add_prefix_space"] = false;
  config["chat_template"] = kChatTemplate;
  config["clean_up_tokenization_spaces"] = false;
  config["eos_token"] = kTurnEnd;
  config["model_max_length"] = kMaxPositions;
  config["pad_token"] = kEndOfText;
  config["tokenizer_class"] = "Qwen2Tokenizer";
  config["unk_token"] = nullptr;
  return config;
}

Json special_tokens_map() {
  Json map = Json::object();
  map["eos_token"] = kTurnEnd;
  map["pad_token"] = kEndOfText;
  return map;
}

int64_t id_of(const Json& tokenizer, const char* token) {
  for (const Json& added : tokenizer.at("added_tokens", "tokenizer").as_array("tokenizer"))
    if (added.at("content", "tokenizer").as_string("tokenizer") == token)
      return added.at("id", "tokenizer").as_integer("tokenizer");
  fail(ErrorKind::kInternal, "the trained tokenizer has no ", token);
}

}  // namespace

void make_world_model(const std::string& folder, const WorldModelSettings& settings) {
  BpeTrainerSettings bpe;
  bpe.vocab_size = static_cast<int32_t>(settings.vocab_size);
  bpe.special_tokens = {kEndOfText, kTurnStart, kTurnEnd};
  bpe.plain_tokens = {"<think>", "</think>"};
  const std::vector<std::string> texts = tokenizer_texts(settings.seed);
  const Json tokenizer = train_bpe(texts, bpe);
  const int64_t end_id = id_of(tokenizer, kTurnEnd);

  // A row of the embedding for each id, rounded up so that the head's matrix product has even rows.
  const int64_t vocab_size = (settings.vocab_size + 15) / 16 * 16;
  const Json config = world_config(settings, vocab_size, end_id, id_of(tokenizer, kEndOfText));
  Weights weights = make_weights(parse_model_config(config, "config.json"));
  initialize_weights(weights, settings.initial_std, settings.seed);

  Json generation = Json::object();
  generation["bos_token_id"] = id_of(tokenizer, kEndOfText);
  generation["do_sample"] = true;
  generation["eos_token_id"] = end_id;
  generation["temperature"] = 0.7;

  SaveRequest request;
  request.weights = &weights;
  request.dtype = "bfloat16";
  request.files = {{"config.json", config.dump(2) + "\n"},
                   {"generation_config.json", generation.dump(2) + "\n"},
                   {"tokenizer.json", tokenizer.dump(2) + "\n"},
                   {"tokenizer_config.json", tokenizer_config().dump(2) + "\n"},
                   {"special_tokens_map.json", special_tokens_map().dump(2) + "\n"},
                   {"chat_template.jinja", kChatTemplate}};
  save_model(folder, request);
}

}  // namespace laconic
