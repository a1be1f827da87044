// SPDX-License-Identifier: Apache-2.0
#include "text/gguf_families.h"

#include <utility>

#include "base/error.h"

namespace laconic {
namespace {

constexpr const char* kGpt2Split =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";
constexpr const char* kLlama3Split =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr const char* kQwen2Split =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

// Members in the order written; brace lists of Json would be ambiguous.
Json object(Json::Object members) { return Json(std::move(members)); }

// What a tokenizer.json says, as far as a family can hold it.
class FamilyReader {
 public:
  explicit FamilyReader(const std::string& place) : place_(place) {}

  GgufFamily read(const Json& json) {
    const Json* normalizer = json.find("normalizer");
    if (normalizer && !normalizer->is_null()) read_normalizer(*normalizer);
    const Json* pre = json.find("pre_tokenizer");
    if (!pre || pre->is_null()) refuse("pre_tokenizer", "a ByteLevel stage", "none");
    read_stages(*pre);
    if (!ends_) refuse("pre_tokenizer", "a ByteLevel stage at its end", "none");
    read_model(json.at("model", place_));
    return std::move(family_);
  }

 private:
  [[noreturn]] void refuse(std::string_view field, std::string_view expected,
                           std::string_view got) const {
    fail(ErrorKind::kModel, place_, ": ", field, ": expected ", expected, " for a GGUF file, got ",
         got);
  }
  static std::string type_of(const Json& json) {
    const Json* type = json.find("type");
    return type && type->is_string() ? type->as_string("") : "";
  }
  static bool is_set(const Json& json, const char* key, bool absent) {
    const Json* value = json.find(key);
    return value && value->is_boolean() ? value->as_boolean("") : absent;
  }

  void read_normalizer(const Json& json) {
    if (type_of(json) == "Sequence") {
      for (const Json& part : json.at("normalizers", place_).as_array(place_))
        read_normalizer(part);
      return;
    }
    if (type_of(json) != "NFC") refuse("normalizer", "none or NFC", type_of(json));
    family_.nfc = true;
  }

  void read_stages(const Json& json) {
    const std::string type = type_of(json);
    if (type == "Sequence") {
      for (const Json& stage : json.at("pretokenizers", place_).as_array(place_))
        read_stages(stage);
      return;
    }
    if (ends_) refuse("pre_tokenizer", "ByteLevel at its end", type + " behind it");
    if (type == "Digits" && is_set(json, "individual_digits", false) && family_.splits.empty()) {
      family_.single_digits = true;
    } else if (type == "Split") {
      read_split(json);
    } else if (type == "ByteLevel" && !is_set(json, "add_prefix_space", true)) {
      family_.byte_level_split = is_set(json, "use_regex", true);
      ends_ = true;
    } else {
      refuse("pre_tokenizer", "Digits, Split and ByteLevel without a prefix space", json.dump());
    }
  }

  void read_split(const Json& json) {
    const Json* pattern = json.find("pattern");
    const Json* regex = pattern ? pattern->find("Regex") : nullptr;
    const Json* behavior = json.find("behavior");
    if (!regex || !regex->is_string() || !behavior || *behavior != Json("Isolated") ||
        is_set(json, "invert", false))
      refuse("pre_tokenizer", "an isolating Split by a Regex", json.dump());
    family_.splits.push_back(regex->as_string(place_));
  }

  void read_model(const Json& model) {
    if (type_of(model) != "BPE") refuse("model.type", "BPE", type_of(model));
    if (is_set(model, "byte_fallback", false)) refuse("model.byte_fallback", "false", "true");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const Json* value = model.find(key);
      if (value && !value->is_null() && *value != Json(""))
        refuse(cat("model.", key), "none", value->dump());
    }
    family_.ignore_merges = is_set(model, "ignore_merges", false);
  }

  const std::string& place_;
  GgufFamily family_;
  bool ends_ = false;
};

}  // namespace

std::optional<GgufFamily> find_gguf_family(std::string_view name) {
  GgufFamily family;
  if (name == "gpt-2") {
    family.byte_level_split = true;
  } else if (name == "smollm") {
    family.single_digits = true;
    family.byte_level_split = true;
  } else if (name == "qwen2" || name == "deepseek-r1-qwen") {
    family.splits = {kQwen2Split};
    family.nfc = true;
  } else if (name == "llama-bpe" || name == "llama3" || name == "llama-v3") {
    family.splits = {kLlama3Split};
    family.ignore_merges = true;
    family.adds_bos = true;
  } else if (name == "default") {
    family.splits = {"[\\p{P}\\$\\+<=>\\^~\\|]+", kGpt2Split, "\\p{N}+", "[0-9][0-9][0-9]"};
  } else {
    return std::nullopt;
  }
  return family;
}

Json byte_level_json(bool use_regex) {
  return object({{"type", "ByteLevel"},
                 {"add_prefix_space", false},
                 {"trim_offsets", true},
                 {"use_regex", use_regex}});
}

Json family_pre_tokenizer(const GgufFamily& family) {
  Json::Array stages;
  if (family.single_digits)
    stages.push_back(object({{"type", "Digits"}, {"individual_digits", true}}));
  for (const std::string& split : family.splits)
    stages.push_back(object({{"type", "Split"},
                             {"pattern", object({{"Regex", split}})},
                             {"behavior", "Isolated"},
                             {"invert", false}}));
  stages.push_back(byte_level_json(family.byte_level_split));
  return object({{"type", "Sequence"}, {"pretokenizers", Json(std::move(stages))}});
}

std::string name_gguf_family(const Json& tokenizer_json, const std::string& place) {
  const GgufFamily family = FamilyReader(place).read(tokenizer_json);
  for (const char* name : {"qwen2", "llama-bpe", "gpt-2", "smollm", "default"}) {
    const GgufFamily known = *find_gguf_family(name);
    // NFC is not compared: llama.cpp has it in no family.
    if (known.splits == family.splits && known.single_digits == family.single_digits &&
        known.byte_level_split == family.byte_level_split &&
        known.ignore_merges == family.ignore_merges)
      return name;
  }
  fail(ErrorKind::kModel, place,
       ": pre_tokenizer: expected the splitting of Qwen 2, Llama 3, GPT-2 or SmolLM for a GGUF "
       "file, got another: ",
       tokenizer_json.at("pre_tokenizer", place).dump());
}

}  // namespace laconic
