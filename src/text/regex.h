// A compiled regular expression in tokenizer.json's dialect: finds the next match in well-formed
// UTF-8.
//
// PCRE2 with UTF, UCP and, where the machine has it, JIT. Newline is LF alone; ^ and $ match at
// lines (Ruby). Errors: compile throws Error(kModel); a search that exceeds PCRE2's limits throws
// Error(kData). Thread-safe after construction: a Matches object belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace laconic {

struct TextRange {
  size_t begin, end;
};

class Regex {
 public:
  static Regex compile(std::string_view pattern, const std::string& place);
  static std::string escape(std::string_view literal);  // a pattern that matches `literal`
  ~Regex();
  Regex(Regex&&) noexcept;

  // The matches in `subject`, left to right; an empty match right behind another match is passed
  // over.
  class Matches {
   public:
    Matches(const Regex& regex, std::string_view subject);
    ~Matches();
    Matches(const Matches&) = delete;
    Matches& operator=(const Matches&) = delete;
    std::optional<TextRange> next();

   private:
    const Regex& regex_;
    std::string copy_;  // with stand-ins for characters that PCRE2 may not know (unicode_age.h)
    std::string_view subject_;
    void* data_;
    size_t from_ = 0;
    std::optional<size_t> last_end_;
  };

 private:
  struct Code;
  explicit Regex(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace laconic
