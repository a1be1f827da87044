// SPDX-License-Identifier: Apache-2.0
#include "text/special_ends.h"

#include <algorithm>
#include <optional>

#include "text/prompt_files.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

// `ids` with the token where it is wanted, without it where it is not.
void set_token(std::optional<bool> wanted, const char* name, const Tokenizer& tokenizer,
               const PromptFiles& files, std::vector<int32_t>& ids) {
  const Json* text = files.special_tokens.find(name);
  if (!wanted || !text) return;
  const std::optional<int32_t> id = tokenizer.token_to_id(text->as_string(name));
  if (!id) return;
  const auto found = std::find(ids.begin(), ids.end(), *id);
  if (*wanted && found == ids.end()) ids.push_back(*id);
  if (!*wanted && found != ids.end()) ids.erase(found);
}

}  // namespace

std::vector<int32_t> SpecialEnds::in_front_of(std::vector<int32_t> ids) const {
  const bool is_there =
      ids.size() >= before.size() && std::equal(before.begin(), before.end(), ids.begin());
  if (!is_there) ids.insert(ids.begin(), before.begin(), before.end());
  return ids;
}

std::vector<int32_t> SpecialEnds::around(std::vector<int32_t> ids) const {
  ids.insert(ids.begin(), before.begin(), before.end());
  ids.insert(ids.end(), behind.begin(), behind.end());
  return ids;
}

SpecialEnds special_ends(const Tokenizer& tokenizer, const PromptFiles& files) {
  SpecialEnds ends{tokenizer.special_before(), tokenizer.special_behind()};
  set_token(files.add_bos, "bos_token", tokenizer, files, ends.before);
  set_token(files.add_eos, "eos_token", tokenizer, files, ends.behind);
  return ends;
}

}  // namespace laconic
