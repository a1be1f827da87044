// SPDX-License-Identifier: Apache-2.0
#include "text/bpe_trainer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/byte_level.h"
#include "text/normalizer.h"
#include "text/pre_tokenizer.h"
#include "text/utf8.h"

namespace laconic {
namespace {

constexpr const char* kQwen2Pattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr int32_t kNumBytes = 256;

Json byte_level_json() {
  return Json::Object{{"type", "ByteLevel"},
                      {"add_prefix_space", false},
                      {"trim_offsets", false},
                      {"use_regex", false}};
}

Json pre_tokenizer_json() {
  Json split = Json::Object{{"type", "Split"},
                            {"pattern", Json::Object{{"Regex", kQwen2Pattern}}},
                            {"behavior", "Isolated"},
                            {"invert", false}};
  return Json::Object{{"type", "Sequence"},
                      {"pretokenizers", Json::Array{std::move(split), byte_level_json()}}};
}

Json added_tokens_json(const BpeTrainerSettings& settings, int32_t first_id) {
  Json list = Json::array();
  const auto add = [&](const std::string& content, bool special) {
    list.push_back(Json::Object{{"id", first_id++},
                                {"content", content},
                                {"single_word", false},
                                {"lstrip", false},
                                {"rstrip", false},
                                {"normalized", false},
                                {"special", special}});
  };
  for (const std::string& content : settings.special_tokens) add(content, true);
  for (const std::string& content : settings.plain_tokens) add(content, false);
  return list;
}

using Pair = std::pair<int32_t, int32_t>;

struct Word {
  std::vector<int32_t> symbols;
  int64_t count;
};

struct Candidate {
  int64_t count;
  Pair pair;
  bool operator<(const Candidate& other) const {  // the heap's top is the largest
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

// Pair counts over the distinct words, kept up to date as pairs merge.
class Merger {
 public:
  explicit Merger(std::vector<Word> words) : words_(std::move(words)) {
    for (size_t w = 0; w < words_.size(); ++w) count_word(w, 1);
    for (const auto& [pair, places] : pairs_) queue_.push({places.count, pair});
  }

  // The most frequent pair, or none where none reaches min_frequency.
  std::optional<Pair> best(int64_t min_frequency) {
    while (!queue_.empty()) {
      const Candidate top = queue_.top();
      const auto it = pairs_.find(top.pair);
      const int64_t now = it == pairs_.end() ? 0 : it->second.count;
      if (now == top.count) return now >= min_frequency ? std::optional(top.pair) : std::nullopt;
      queue_.pop();
      if (now > 0) queue_.push({now, top.pair});  // back in line with what it is worth now
    }
    return std::nullopt;
  }

  // REQUIRES: `pair` is what best() gave.
  void merge(Pair pair, int32_t product) {
    std::vector<size_t> places = std::move(pairs_.at(pair).words);
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    for (const size_t w : places) merge_word(w, pair, product);
    pairs_.erase(pair);
    for (const Pair& next : grown_) queue_.push({pairs_[next].count, next});
    grown_.clear();
  }

 private:
  struct Places {
    int64_t count = 0;
    std::vector<size_t> words;  // may repeat, may be out of date
  };

  void count_word(size_t w, int sign) {
    const Word& word = words_[w];
    for (size_t i = 0; i + 1 < word.symbols.size(); ++i) {
      Places& places = pairs_[{word.symbols[i], word.symbols[i + 1]}];
      places.count += sign * word.count;
      if (sign > 0 && (places.words.empty() || places.words.back() != w)) places.words.push_back(w);
    }
  }

  void merge_word(size_t w, Pair pair, int32_t product) {
    std::vector<int32_t>& symbols = words_[w].symbols;
    count_word(w, -1);
    size_t out = 0;
    for (size_t i = 0; i < symbols.size(); ++out) {
      const bool here = i + 1 < symbols.size() && Pair{symbols[i], symbols[i + 1]} == pair;
      symbols[out] = here ? product : symbols[i];
      i += here ? 2 : 1;
    }
    symbols.resize(out);
    count_word(w, 1);
    for (size_t i = 0; i + 1 < out; ++i)
      if (symbols[i] == product || symbols[i + 1] == product)
        grown_.push_back({symbols[i], symbols[i + 1]});
  }

  std::vector<Word> words_;
  std::map<Pair, Places> pairs_;
  std::priority_queue<Candidate> queue_;
  std::vector<Pair> grown_;
};

std::vector<std::string> base_tokens() {
  std::vector<std::string> tokens;
  for (const uint8_t byte : bytes_in_alphabet_order()) {
    tokens.emplace_back();
    append_utf8(byte_to_char(byte), tokens.back());
  }
  return tokens;
}

Json model_json(const std::vector<std::string>& tokens, Json merges) {
  Json::Object vocab;
  for (size_t i = 0; i < tokens.size(); ++i)
    vocab.emplace_back(tokens[i], Json(static_cast<int64_t>(i)));
  return Json::Object{{"type", "BPE"},
                      {"dropout", nullptr},
                      {"unk_token", nullptr},
                      {"continuing_subword_prefix", ""},
                      {"end_of_word_suffix", ""},
                      {"fuse_unk", false},
                      {"byte_fallback", false},
                      {"ignore_merges", false},
                      {"vocab", Json(std::move(vocab))},
                      {"merges", std::move(merges)}};
}

// The distinct pieces of the texts, sorted, as base symbols.
std::vector<Word> count_words(std::span<const std::string> texts,
                              const BpeTrainerSettings& settings) {
  const std::string place = "train_bpe";
  const Normalizer normalizer = Normalizer::parse(Json::Object{{"type", "NFC"}}, place);
  const PreTokenizer pre_tokenizer = PreTokenizer::parse(pre_tokenizer_json(), place);
  const Bpe base = Bpe::parse(model_json(base_tokens(), Json::array()), PieceUnits::kBytes, place);
  const AddedTokens added =
      AddedTokens::parse(added_tokens_json(settings, kNumBytes), base, normalizer, place);
  std::unordered_map<std::string, int64_t> counts;
  for (const std::string& text : texts) {
    require(valid_utf8_prefix(text) == text.size(), ErrorKind::kData, place,
            ": expected UTF-8, got an ill-formed byte at offset ", valid_utf8_prefix(text));
    for (const AddedMatch& match : added.split(text, false, true)) {
      if (match.token) continue;
      const std::string normalized = normalizer.apply(match.text);
      pre_tokenizer.run({normalized, false},
                        [&](Piece piece) { ++counts[std::string(piece.text)]; });
    }
  }
  const std::map<std::string_view, int64_t> sorted(counts.begin(), counts.end());
  std::vector<Word> words;
  for (const auto& [piece, count] : sorted) {
    words.push_back({{}, count});
    for (const char byte : piece) base.encode({&byte, 1}, words.back().symbols);
  }
  return words;
}

}  // namespace

Json train_bpe(std::span<const std::string> texts, const BpeTrainerSettings& settings) {
  const size_t num_added = settings.special_tokens.size() + settings.plain_tokens.size();
  const int64_t num_merges = settings.vocab_size - kNumBytes - static_cast<int64_t>(num_added);
  require(num_merges >= 0, ErrorKind::kUsage, "train_bpe: expected a vocabulary of at least ",
          kNumBytes + num_added, " tokens, got ", settings.vocab_size);
  std::vector<std::string> tokens = base_tokens();
  std::unordered_map<std::string, int32_t> ids;  // two different merges may make the same token
  Json merges = Json::array();
  Merger merger(count_words(texts, settings));
  const int64_t min_frequency = std::max<int64_t>(settings.min_frequency, 1);
  const size_t num_tokens = static_cast<size_t>(kNumBytes + num_merges);
  while (tokens.size() < num_tokens) {
    const auto pair = merger.best(min_frequency);
    if (!pair) break;
    const std::string left = tokens[static_cast<size_t>(pair->first)];
    const std::string right = tokens[static_cast<size_t>(pair->second)];
    const auto [entry, is_new] = ids.emplace(left + right, static_cast<int32_t>(tokens.size()));
    merges.push_back(Json::Array{left, right});
    if (is_new) tokens.push_back(left + right);
    merger.merge(*pair, entry->second);
  }
  const auto first_added = static_cast<int32_t>(tokens.size());
  return Json::Object{{"version", "1.0"},
                      {"truncation", nullptr},
                      {"padding", nullptr},
                      {"added_tokens", added_tokens_json(settings, first_added)},
                      {"normalizer", Json::Object{{"type", "NFC"}}},
                      {"pre_tokenizer", pre_tokenizer_json()},
                      {"post_processor", byte_level_json()},
                      {"decoder", byte_level_json()},
                      {"model", model_json(tokens, std::move(merges))}};
}

}  // namespace laconic
