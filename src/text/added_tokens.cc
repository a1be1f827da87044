// SPDX-License-Identifier: Apache-2.0
#include "text/added_tokens.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "text/bpe.h"
#include "text/normalizer.h"
#include "text/regex.h"  // TextRange
#include "text/utf8.h"

namespace laconic {

// Byte trie over the tokens of one kind.
class AddedTokens::Trie {
 public:
  Trie() : nodes_(1) {}

  void insert(std::string_view content, size_t token) {
    if (content.empty()) return;
    starts_[static_cast<uint8_t>(content[0])] = true;
    size_t node = 0;
    for (const char c : content) {
      const auto byte = static_cast<uint8_t>(c);
      size_t child = child_of(node, byte);
      if (child == 0) {
        child = nodes_.size();
        nodes_[node].children.emplace_back(byte, child);
        nodes_.emplace_back();
      }
      node = child;
    }
    if (nodes_[node].token == kNone) nodes_[node].token = token;
  }

  bool empty() const { return nodes_.size() == 1; }

  struct Found {
    TextRange range;
    size_t token;
  };
  // The leftmost match at or behind `from`, the longest of those.
  std::optional<Found> find(std::string_view text, size_t from) const {
    for (size_t begin = from; begin < text.size(); ++begin) {
      if (!starts_[static_cast<uint8_t>(text[begin])]) continue;
      std::optional<Found> best;
      size_t node = 0;
      for (size_t pos = begin; pos < text.size(); ++pos) {
        node = child_of(node, static_cast<uint8_t>(text[pos]));
        if (node == 0) break;
        if (nodes_[node].token != kNone) best = {{begin, pos + 1}, nodes_[node].token};
      }
      if (best) return best;
    }
    return std::nullopt;
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;
  struct Node {
    size_t token = kNone;
    std::vector<std::pair<uint8_t, size_t>> children;
  };
  size_t child_of(size_t node, uint8_t byte) const {
    for (const auto& [label, child] : nodes_[node].children)
      if (label == byte) return child;
    return 0;
  }
  std::vector<Node> nodes_;
  std::array<bool, 256> starts_{};
};

AddedTokens::AddedTokens()
    : raw_(std::make_unique<Trie>()), normalized_(std::make_unique<Trie>()) {}
AddedTokens::~AddedTokens() = default;
AddedTokens::AddedTokens(AddedTokens&&) noexcept = default;

namespace {

AddedToken parse_token(const Json& json, const std::string& place) {
  AddedToken token;
  token.content = json.at("content", place).as_string(place + ".content");
  require(!token.content.empty(), ErrorKind::kModel, place, ".content: expected text, got none");
  const int64_t id = json.at("id", place).as_integer(place + ".id");
  require(id >= 0 && id < INT32_MAX, ErrorKind::kModel, place, ".id: expected a token id, got ",
          id);
  token.id = static_cast<int32_t>(id);
  const auto flag = [&](const char* name) {
    return json.at(name, place).as_boolean(cat(place, ".", name));
  };
  token.single_word = flag("single_word");
  token.lstrip = flag("lstrip");
  token.rstrip = flag("rstrip");
  token.normalized = flag("normalized");
  token.special = flag("special");
  return token;
}

// The start of the character that ends before `pos`. REQUIRES: pos > 0.
size_t previous_char(std::string_view text, size_t pos) {
  while ((static_cast<uint8_t>(text[--pos]) & 0xC0) == 0x80) {
  }
  return pos;
}

// Neither neighbour is a word character.
bool stands_alone(std::string_view text, TextRange range) {
  size_t left = range.begin > 0 ? previous_char(text, range.begin) : 0;
  size_t right = range.end;
  return (range.begin == 0 || !is_word_char(next_code_point(text, left))) &&
         (right == text.size() || !is_word_char(next_code_point(text, right)));
}

// Where the white space that ends at `pos` begins, not before `from`.
size_t blanks_before(std::string_view text, size_t pos, size_t from) {
  while (pos > from) {
    const size_t before = previous_char(text, pos);
    size_t cursor = before;
    if (before < from || !is_white_space(next_code_point(text, cursor))) break;
    pos = before;
  }
  return pos;
}

size_t blanks_behind(std::string_view text, size_t pos) {
  while (pos < text.size()) {
    size_t cursor = pos;
    if (!is_white_space(next_code_point(text, cursor))) break;
    pos = cursor;
  }
  return pos;
}

}  // namespace

AddedTokens AddedTokens::parse(const Json& json, const Bpe& model, const Normalizer& normalizer,
                               const std::string& place) {
  AddedTokens added;
  if (json.is_null()) return added;
  int32_t next_id = static_cast<int32_t>(model.num_tokens());
  const Json::Array& list = json.as_array(place);
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string here = cat(place, "[", i, "]");
    AddedToken token = parse_token(list[i], here);
    const bool repeated = added.by_content_.contains(token.content);
    require(!repeated, ErrorKind::kModel, here, ": expected a new token, got \"", token.content,
            "\" again");
    const auto known = model.token_to_id(token.content);
    const int32_t id = known ? *known : next_id;
    require(token.id == id, ErrorKind::kModel, here, ".id: expected ", id, " for \"", token.content,
            "\", as `tokenizers` numbers it, got ", token.id);
    // As `tokenizers` does: behind the highest id so far, once that has left the vocabulary.
    const auto vocabulary_end = static_cast<int32_t>(model.num_tokens());
    next_id = std::max({next_id, vocabulary_end, id >= vocabulary_end ? id + 1 : 0});
    added.by_content_[token.content] = i;
    added.by_id_[token.id] = i;
    token.spelled = token.normalized ? normalizer.apply(token.content) : token.content;
    (token.normalized ? added.normalized_ : added.raw_)->insert(token.spelled, i);
    added.tokens_.push_back(std::move(token));
  }
  return added;
}

std::vector<AddedMatch> AddedTokens::split(std::string_view text, bool normalized,
                                           bool match_special) const {
  std::vector<AddedMatch> out;
  const Trie& trie = normalized ? *normalized_ : *raw_;
  size_t done = 0;  // everything before is in `out`
  const auto put_text = [&](size_t end) {
    if (done < end) out.push_back({text.substr(done, end - done), nullptr});
  };
  for (size_t from = 0; !trie.empty();) {
    const auto found = trie.find(text, from);
    if (!found) break;
    from = found->range.end;
    const AddedToken& token = tokens_[found->token];
    if (token.special && !match_special) continue;
    if (token.single_word && !stands_alone(text, found->range)) continue;
    auto [begin, end] = found->range;
    if (token.lstrip) begin = std::min(begin, blanks_before(text, begin, done));
    if (token.rstrip) end = blanks_behind(text, end);
    put_text(begin);
    out.push_back({text.substr(begin, end - begin), &token});
    done = end;
  }
  put_text(text.size());
  return out;
}

const AddedToken* AddedTokens::find(int32_t id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : &tokens_[it->second];
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto it = by_content_.find(std::string(content));
  return it == by_content_.end() ? nullptr : &tokens_[it->second];
}

int32_t AddedTokens::max_id() const {
  int32_t id = -1;
  for (const AddedToken& token : tokens_) id = std::max(id, token.id);
  return id;
}

}  // namespace laconic
