// SPDX-License-Identifier: Apache-2.0
#include "data/decontaminate.h"

#include <span>

#include "base/error.h"
#include "base/format.h"
#include "base/hash.h"

namespace laconic {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
    if (is_word && !in_word) words.emplace_back();
    if (is_word) words.back() += c;
    in_word = is_word;
  }
  return words;
}

}  // namespace

NgramIndex::NgramIndex(int64_t num_words) : num_words_(static_cast<size_t>(num_words)) {
  LACONIC_CHECK(num_words >= 1);
}

void NgramIndex::add(std::string_view text, const std::string& place) {
  const std::vector<std::string> words = words_of(text);
  if (words.empty()) return;
  const auto index = static_cast<uint32_t>(places_.size());
  places_.push_back(place);
  whole_texts_.emplace(hash64(joined(words, " ")), index);
  for (size_t i = 0; i + num_words_ <= words.size(); ++i)
    windows_.emplace(hash64(joined(std::span(words).subspan(i, num_words_), " ")), index);
}

NgramIndex::Match NgramIndex::find(std::string_view text) const {
  const std::vector<std::string> words = words_of(text);
  if (words.empty()) return {};
  const auto look_up = [&](const auto& map, size_t begin, size_t end) -> Match {
    std::string window = joined(std::span(words).subspan(begin, end - begin), " ");
    const auto found = map.find(hash64(window));
    return found == map.end() ? Match() : Match{&places_[found->second], std::move(window)};
  };
  if (Match match = look_up(whole_texts_, 0, words.size())) return match;
  for (size_t i = 0; i + num_words_ <= words.size(); ++i)
    if (Match match = look_up(windows_, i, i + num_words_)) return match;
  return {};
}

}  // namespace laconic
