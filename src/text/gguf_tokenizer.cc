// SPDX-License-Identifier: Apache-2.0
#include "text/gguf_tokenizer.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/gguf_families.h"

namespace laconic {
namespace {

enum class TokenType { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5 };

// Members in the order written; brace lists of Json would be ambiguous.
Json object(Json::Object members) { return Json(std::move(members)); }

Json template_with_bos(const std::string& bos, int64_t id) {
  const Json first = object({{"SpecialToken", object({{"id", bos}, {"type_id", int64_t{0}}})}});
  const Json a = object({{"Sequence", object({{"id", "A"}, {"type_id", int64_t{0}}})}});
  const Json b = object({{"Sequence", object({{"id", "B"}, {"type_id", int64_t{1}}})}});
  const Json second = object({{"SpecialToken", object({{"id", bos}, {"type_id", int64_t{1}}})}});
  const Json special = object({{"id", bos},
                               {"ids", Json(Json::Array{Json(id)})},
                               {"tokens", Json(Json::Array{Json(bos)})}});
  return object({{"type", "TemplateProcessing"},
                 {"single", Json(Json::Array{first, a})},
                 {"pair", Json(Json::Array{first, a, second, b})},
                 {"special_tokens", object({{bos, special}})}});
}

class Builder {
 public:
  Builder(const Json& metadata, const std::string& place) : metadata_(metadata), place_(place) {
    const std::string model = text("model");
    require(model == "gpt2", ErrorKind::kModel, where("model"), ": expected \"gpt2\", got \"",
            model, "\" (only byte-level BPE is supported)");
    const std::string name = text("pre");
    const auto family = find_gguf_family(name);
    require(family.has_value(), ErrorKind::kModel, where("pre"),
            ": expected smollm, qwen2, deepseek-r1-qwen, llama-bpe, gpt-2 or default, got \"", name,
            "\"");
    family_ = *family;
    read_tokens();
  }

  GgufTokenizer build(int64_t max_positions) {
    GgufTokenizer result;
    const bool add_bos = flag("add_bos_token", family_.adds_bos && find("bos_token_id"));
    require(!flag("add_eos_token", false), ErrorKind::kModel, where("add_eos_token"),
            ": expected false, got true (not supported)");
    require(!flag("add_space_prefix", false), ErrorKind::kModel, where("add_space_prefix"),
            ": expected false, got true (not supported)");
    result.files["tokenizer.json"] = tokenizer_json(add_bos).dump(2) + "\n";
    result.files["tokenizer_config.json"] = config_json(add_bos, max_positions).dump(2) + "\n";
    result.files["special_tokens_map.json"] = special_map().dump(2) + "\n";
    result.token_ids = token_ids();
    result.files["generation_config.json"] = result.token_ids.dump(2) + "\n";
    if (const Json* source = chat_template())
      result.files["chat_template.jinja"] = source->as_string(place_);
    return result;
  }

 private:
  std::string where(std::string_view key) const { return cat(place_, ": tokenizer.ggml.", key); }
  const Json* find(std::string_view key) const {
    return metadata_.find(cat("tokenizer.ggml.", key));
  }
  const Json& at(std::string_view key, bool (Json::*is)() const, const char* kind) const {
    const Json* value = find(key);
    require(value && (value->*is)(), ErrorKind::kModel, where(key), ": expected ", kind, ", got ",
            value ? value->kind_name() : "none");
    return *value;
  }
  std::string text(std::string_view key) const {
    return at(key, &Json::is_string, "a string").as_string(place_);
  }
  bool flag(std::string_view key, bool absent) const {
    return find(key) ? at(key, &Json::is_boolean, "a boolean").as_boolean(place_) : absent;
  }
  void read_tokens();
  std::optional<int64_t> id_of(std::string_view key) const;
  const Json* chat_template() const;
  Json added_token(int64_t id, bool with_id) const;
  Json tokenizer_json(bool add_bos) const;
  Json config_json(bool add_bos, int64_t max_positions) const;
  Json special_map() const;
  Json token_ids() const;

  const Json& metadata_;
  const std::string& place_;
  GgufFamily family_;
  std::vector<std::string> tokens_;
  std::vector<TokenType> types_;
};

void Builder::read_tokens() {
  for (const Json& token : at("tokens", &Json::is_array, "an array").as_array(place_)) {
    require(token.is_string(), ErrorKind::kModel, where("tokens"), ": expected strings, got ",
            token.kind_name());
    tokens_.push_back(token.as_string(place_));
  }
  const Json& types = at("token_type", &Json::is_array, "an array");
  require(types.size() == tokens_.size(), ErrorKind::kModel, where("token_type"), ": expected ",
          tokens_.size(), " items (one a token), got ", types.size());
  for (const Json& type : types.as_array(place_)) {
    const int64_t value = type.is_integer() ? type.as_integer(place_) : 0;
    require(value >= 1 && value <= 5, ErrorKind::kModel, where("token_type"),
            ": expected types from 1 to 5, got ", value, " for \"", tokens_[types_.size()], "\"");
    types_.push_back(static_cast<TokenType>(value));
  }
}

std::optional<int64_t> Builder::id_of(std::string_view key) const {
  const Json* value = find(key);
  if (!value) return std::nullopt;
  require(value->is_integer() && value->as_integer(place_) >= 0 &&
              static_cast<size_t>(value->as_integer(place_)) < tokens_.size(),
          ErrorKind::kModel, where(key), ": expected an id below ", tokens_.size(), ", got ",
          value->dump());
  return value->as_integer(place_);
}

const Json* Builder::chat_template() const {
  const Json* value = metadata_.find("tokenizer.chat_template");
  require(!value || value->is_string(), ErrorKind::kModel, place_,
          ": tokenizer.chat_template: expected a string, got ", value ? value->kind_name() : "");
  return value;
}

Json Builder::added_token(int64_t id, bool with_id) const {
  const auto index = static_cast<size_t>(id);
  Json::Object members;
  if (with_id) members.emplace_back("id", id);
  members.emplace_back("content", tokens_[index]);
  for (const char* name : {"single_word", "lstrip", "rstrip", "normalized"})
    members.emplace_back(name, false);
  members.emplace_back("special", types_[index] != TokenType::kUserDefined);
  return Json(std::move(members));
}

bool is_added(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUserDefined;
}

Json Builder::tokenizer_json(bool add_bos) const {
  Json::Array added;
  Json::Object vocabulary;
  for (size_t id = 0; id < tokens_.size(); ++id) {
    // Rows that only pad the matrix have made-up names.
    if (types_[id] == TokenType::kUnused) continue;
    if (is_added(types_[id])) added.push_back(added_token(static_cast<int64_t>(id), true));
    vocabulary.emplace_back(tokens_[id], static_cast<int64_t>(id));
  }
  Json::Array merges;
  for (const Json& merge : at("merges", &Json::is_array, "an array").as_array(place_)) {
    require(merge.is_string(), ErrorKind::kModel, where("merges"), ": expected strings, got ",
            merge.kind_name());
    merges.push_back(merge);
  }
  Json post = byte_level_json(false);
  if (add_bos) {
    const auto bos = id_of("bos_token_id");
    require(bos.has_value(), ErrorKind::kModel, where("bos_token_id"),
            ": expected an id (add_bos_token), got none");
    post = template_with_bos(tokens_[static_cast<size_t>(*bos)], *bos);
  }
  return object({{"version", "1.0"},
                 {"truncation", nullptr},
                 {"padding", nullptr},
                 {"added_tokens", Json(std::move(added))},
                 {"normalizer", family_.nfc ? object({{"type", "NFC"}}) : Json(nullptr)},
                 {"pre_tokenizer", family_pre_tokenizer(family_)},
                 {"post_processor", std::move(post)},
                 {"decoder", byte_level_json(true)},
                 {"model", object({{"type", "BPE"},
                                   {"dropout", nullptr},
                                   {"unk_token", nullptr},
                                   {"continuing_subword_prefix", nullptr},
                                   {"end_of_word_suffix", nullptr},
                                   {"fuse_unk", false},
                                   {"byte_fallback", false},
                                   {"ignore_merges", family_.ignore_merges},
                                   {"vocab", Json(std::move(vocabulary))},
                                   {"merges", Json(std::move(merges))}})}});
}

Json Builder::special_map() const {
  Json::Object members;
  const std::pair<const char*, const char*> names[] = {{"bos_token", "bos_token_id"},
                                                       {"eos_token", "eos_token_id"},
                                                       {"pad_token", "padding_token_id"},
                                                       {"unk_token", "unknown_token_id"}};
  for (const auto& [name, key] : names)
    if (const auto id = id_of(key)) members.emplace_back(name, tokens_[static_cast<size_t>(*id)]);
  return Json(std::move(members));
}

Json Builder::config_json(bool add_bos, int64_t max_positions) const {
  Json config = Json::object();
  config["add_bos_token"] = add_bos;
  config["add_prefix_space"] = false;
  Json decoder = Json::object();
  for (size_t id = 0; id < tokens_.size(); ++id)
    if (is_added(types_[id]))
      decoder.members().emplace_back(cat(id), added_token(static_cast<int64_t>(id), false));
  config["added_tokens_decoder"] = std::move(decoder);
  if (const Json* source = chat_template()) config["chat_template"] = *source;
  config["clean_up_tokenization_spaces"] = false;
  config["model_max_length"] = max_positions;
  // The general class takes the pipeline as tokenizer.json says; a family's own may rebuild it.
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  const Json specials = special_map();
  for (const auto& [name, token] : specials.as_object(place_)) config[name] = token;
  return config;
}

Json Builder::token_ids() const {
  Json ids = Json::object();
  if (const auto bos = id_of("bos_token_id")) ids["bos_token_id"] = *bos;
  Json::Array ends;
  for (const char* key : {"eos_token_id", "eot_token_id", "eom_token_id"})
    if (const auto id = id_of(key);
        id && std::find(ends.begin(), ends.end(), Json(*id)) == ends.end())
      ends.push_back(*id);
  if (ends.size() == 1)
    ids["eos_token_id"] = ends[0];
  else if (!ends.empty())
    ids["eos_token_id"] = Json(std::move(ends));
  if (const auto pad = id_of("padding_token_id")) ids["pad_token_id"] = *pad;
  return ids;
}

}  // namespace

GgufTokenizer make_gguf_tokenizer(const Json& metadata, int64_t max_positions,
                                  const std::string& place) {
  return Builder(metadata, place).build(max_positions);
}

}  // namespace laconic
