// laconic tokenize: {"text"} -> {"ids"}, and with --decode {"ids"} -> {"text"}; JSONL in, JSONL
// out.
// SPDX-License-Identifier: Apache-2.0
#include "app/commands.h"
#include "app/jsonl_map.h"
#include "base/error.h"
#include "base/file.h"
#include "base/settings.h"
#include "text/prompt_files.h"
#include "text/special_ends.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

struct TokenizeSettings {
  std::string model;
  JsonlPaths paths;
  bool decode = false, plain = false, add_special = false, skip_special = false;
};

bool parse(TokenizeSettings& s, Arguments arguments) {
  Settings settings("laconic tokenize", "Turns text into token ids, or ids into text.");
  settings.positional("MODEL", &s.model, "model folder, or a tokenizer.json").path();
  settings.alias("model_name_or_path").required();
  settings.add("input", &s.paths.input, "JSONL file to read, - for stdin").file().existing();
  settings.alias("data");
  settings.add("output", &s.paths.output, "JSONL file to write, - for stdout").file();
  settings.alias("out");
  settings.add("decode", &s.decode, "ids to text instead of text to ids");
  settings.add("plain", &s.plain, "special tokens written in the text stay text");
  settings.add(
      "add_special", &s.add_special,
      "add what the model's texts have around them (BOS and the like): by tokenizer_config.json, "
      "else the post-processor");
  settings.add("skip_special", &s.skip_special, "with --decode: leave special tokens out");
  settings.example("echo '{\"text\": \"1 + 1 = 2\"}' | laconic tokenize models/world-long");
  if (!settings.parse(arguments)) return false;
  require(!(s.decode && (s.plain || s.add_special)), ErrorKind::kUsage,
          "laconic tokenize: expected --plain and --add-special without --decode, got both");
  require(s.decode || !s.skip_special, ErrorKind::kUsage,
          "laconic tokenize: expected --skip-special with --decode, got it alone");
  return true;
}

// `ends`: what --add-special puts around the ids; empty without it.
void add_ids(const Tokenizer& tokenizer, const EncodeOptions& options, const SpecialEnds& ends,
             Json& row, const std::string& place) {
  Json ids = Json::array();
  const std::string& text = row.at("text", place).as_string(place + ": text");
  for (const int32_t id : ends.around(tokenizer.encode(text, options))) ids.push_back(id);
  row["ids"] = std::move(ids);
}

void add_text(const Tokenizer& tokenizer, bool skip_special, Json& row, const std::string& place) {
  std::vector<int32_t> ids;
  for (const Json& value : row.at("ids", place).as_array(place + ": ids")) {
    const int64_t id = value.as_integer(place + ": ids");
    require(id >= 0 && id <= INT32_MAX, ErrorKind::kData, place, ": ids: expected token ids, got ",
            id);
    ids.push_back(static_cast<int32_t>(id));
  }
  row["text"] = tokenizer.decode(ids, skip_special);
}

}  // namespace

int run_tokenize(Arguments arguments) {
  TokenizeSettings s;
  if (!parse(s, arguments)) return 0;
  if (!file_exists(s.model)) require_model_folder(s.model, "MODEL");
  const std::string path = folder_exists(s.model) ? join_path(s.model, "tokenizer.json") : s.model;
  const Tokenizer tokenizer = Tokenizer::from_file(path);
  EncodeOptions options;
  options.match_special = !s.plain;
  SpecialEnds ends;
  if (s.add_special) ends = special_ends(tokenizer, read_prompt_files(parent_path(path)));
  const auto map = [&](Json& row, const std::string& place) {
    if (s.decode)
      add_text(tokenizer, s.skip_special, row, place);
    else
      add_ids(tokenizer, options, ends, row, place);
  };
  map_jsonl(s.paths, map, JsonlThreads::kAllCores);
  return 0;
}

}  // namespace laconic
