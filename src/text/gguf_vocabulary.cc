// SPDX-License-Identifier: Apache-2.0
#include "text/gguf_vocabulary.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "text/chat_template.h"
#include "text/gguf_families.h"
#include "text/prompt_files.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

constexpr int32_t kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5;

class VocabularyReader {
 public:
  VocabularyReader(const Json& json, const std::string& place, int64_t num_rows)
      : json_(json), place_(place), num_rows_(num_rows) {}

  void read(GgufVocabulary& to) {
    to.tokens.assign(static_cast<size_t>(num_rows_), "");
    to.types.assign(static_cast<size_t>(num_rows_), kUnused);
    const Json& model = json_.at("model", place_);
    for (const auto& [token, id] : model.at("vocab", place_).as_object(place_))
      put(to, token, id, kNormal);
    if (const Json* added = json_.find("added_tokens"))
      for (const Json& token : added->as_array(place_)) read_added(to, token);
    for (size_t id = 0; id < to.tokens.size(); ++id)
      if (to.types[id] == kUnused) to.tokens[id] = cat("[PAD", id, "]");
    for (const Json& merge : model.at("merges", place_).as_array(place_))
      to.merges.push_back(merge_text(merge));
  }

 private:
  void put(GgufVocabulary& to, const std::string& token, const Json& id, int32_t type) const {
    const int64_t index = id.as_integer(place_);
    require(index >= 0 && index < num_rows_, ErrorKind::kModel, place_, ": token \"", token,
            "\": expected an id below vocab_size ", num_rows_, " of config.json, got ", index);
    to.tokens[static_cast<size_t>(index)] = token;
    to.types[static_cast<size_t>(index)] = type;
  }
  void read_added(GgufVocabulary& to, const Json& token) const {
    const std::string& content = token.at("content", place_).as_string(place_);
    for (const char* flag : {"lstrip", "rstrip", "single_word"}) {
      const Json* value = token.find(flag);
      require(!value || *value != Json(true), ErrorKind::kModel, place_, ": added token \"",
              content, "\": ", flag, ": expected false for a GGUF file, got true");
    }
    const Json* special = token.find("special");
    put(to, content, token.at("id", place_),
        special && *special == Json(true) ? kControl : kUserDefined);
  }
  // "a b", or ["a", "b"] in newer files.
  std::string merge_text(const Json& merge) const {
    if (merge.is_string()) return merge.as_string(place_);
    const Json::Array& parts = merge.as_array(place_);
    require(parts.size() == 2, ErrorKind::kModel, place_, ": merges: expected pairs, got ",
            merge.dump());
    return cat(parts[0].as_string(place_), " ", parts[1].as_string(place_));
  }

  const Json& json_;
  const std::string& place_;
  int64_t num_rows_;
};

std::optional<int32_t> special_id(const PromptFiles& files, const Tokenizer& tokenizer,
                                  const char* name) {
  const Json* token = files.special_tokens.find(name);
  return token ? tokenizer.token_to_id(token->as_string(name)) : std::nullopt;
}

// Whether encoding puts `bos` in front; anything else that it adds is refused.
bool find_adds_bos(const Tokenizer& tokenizer, std::optional<int32_t>& bos,
                   const std::string& place) {
  const auto plain = tokenizer.encode("a"), full = tokenizer.encode("a", {.add_special = true});
  if (plain == full) return false;
  const bool one_in_front =
      full.size() == plain.size() + 1 && std::equal(plain.begin(), plain.end(), full.begin() + 1);
  require(one_in_front && (!bos || *bos == full[0]), ErrorKind::kModel, place,
          ": post_processor: expected one that adds nothing but the BOS in front for a GGUF file, "
          "got ids added elsewhere");
  bos = full[0];
  return true;
}

void find_ids(GgufVocabulary& to, const PromptFiles& files, const Tokenizer& tokenizer,
              const std::vector<int64_t>& bos_ids, const std::vector<int64_t>& eos_ids) {
  to.bos_id = special_id(files, tokenizer, "bos_token");
  to.pad_id = special_id(files, tokenizer, "pad_token");
  to.unk_id = special_id(files, tokenizer, "unk_token");
  if (!to.bos_id && !bos_ids.empty()) to.bos_id = static_cast<int32_t>(bos_ids[0]);
  // The tokenizer's own end first, then what generation ends on beside it.
  std::vector<int32_t> ends;
  if (const auto end = special_id(files, tokenizer, "eos_token")) ends.push_back(*end);
  for (const int64_t id : eos_ids)
    if (std::find(ends.begin(), ends.end(), id) == ends.end())
      ends.push_back(static_cast<int32_t>(id));
  require(ends.size() <= 3, ErrorKind::kModel, files.template_place,
          ": eos_token_id: expected at most three ids for a GGUF file, got ", ends.size());
  std::optional<int32_t>* const places[] = {&to.eos_id, &to.eot_id, &to.eom_id};
  for (size_t i = 0; i < ends.size(); ++i) *places[i] = ends[i];
}

GgufVocabulary read_vocabulary(const std::string& folder, int64_t num_rows,
                               const std::vector<int64_t>& bos_ids,
                               const std::vector<int64_t>& eos_ids) {
  const std::string path = join_path(folder, "tokenizer.json");
  const Tokenizer tokenizer = Tokenizer::from_file(path);  // refuses what is broken
  const Json json = Json::parse(read_file(path), path);
  const PromptFiles files = read_prompt_files(folder);
  GgufVocabulary vocabulary;
  vocabulary.pre = name_gguf_family(json, path);
  VocabularyReader(json, path, num_rows).read(vocabulary);
  find_ids(vocabulary, files, tokenizer, bos_ids, eos_ids);
  vocabulary.adds_bos = find_adds_bos(tokenizer, vocabulary.bos_id, path);
  if (files.template_source) ChatTemplate::parse(*files.template_source, files.template_place);
  vocabulary.chat_template = files.template_source;
  for (const auto& id : {vocabulary.bos_id, vocabulary.eos_id, vocabulary.eot_id, vocabulary.eom_id,
                         vocabulary.pad_id, vocabulary.unk_id})
    require(!id || *id < num_rows, ErrorKind::kModel, folder,
            ": expected special ids below vocab_size ", num_rows, ", got ", id.value_or(0));
  return vocabulary;
}

}  // namespace

GgufVocabulary make_gguf_vocabulary(const std::string& folder, int64_t num_rows,
                                    const std::vector<int64_t>& bos_ids,
                                    const std::vector<int64_t>& eos_ids) {
  try {
    return read_vocabulary(folder, num_rows, bos_ids, eos_ids);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    throw Error(ErrorKind::kModel, error.what());
  }
}

void add_to_header(const GgufVocabulary& vocabulary, GgufHeader& header) {
  header.text("tokenizer.ggml.model", "gpt2");
  header.text("tokenizer.ggml.pre", vocabulary.pre);
  header.texts("tokenizer.ggml.tokens", vocabulary.tokens);
  header.integers("tokenizer.ggml.token_type", vocabulary.types);
  header.texts("tokenizer.ggml.merges", vocabulary.merges);
  const std::pair<const char*, std::optional<int32_t>> ids[] = {
      {"bos_token_id", vocabulary.bos_id},     {"eos_token_id", vocabulary.eos_id},
      {"eot_token_id", vocabulary.eot_id},     {"eom_token_id", vocabulary.eom_id},
      {"padding_token_id", vocabulary.pad_id}, {"unknown_token_id", vocabulary.unk_id}};
  for (const auto& [name, id] : ids)
    if (id) header.count(cat("tokenizer.ggml.", name), *id);
  header.flag("tokenizer.ggml.add_bos_token", vocabulary.adds_bos);
  if (vocabulary.chat_template) header.text("tokenizer.chat_template", *vocabulary.chat_template);
}

}  // namespace laconic
