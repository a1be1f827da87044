// A compiled regular expression in tokenizer.json's dialect: finds the next match in well-formed
// UTF-8.
//
// Most patterns of tokenizers run on our own automaton (regex_scanner.h), the others on PCRE2 with
// UTF, UCP and, where the machine has it, JIT; the matches are the same. Newline is LF alone; ^ and
// $ match at lines (Ruby). Bounded, whatever pattern and text: the automaton by what it reads,
// PCRE2 by its match limit at each start and by the processor's time for all of a text, since it
// does not tell its work. Errors: compile throws Error(kModel); a search beyond a bound throws
// Error(kData). Thread-safe after construction: a Matches object belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "text/regex_scanner.h"

namespace laconic {

class Regex {
 public:
  enum class Engine { kFastest, kPcre2 };  // kPcre2: for tests
  static Regex compile(std::string_view pattern, const std::string& place,
                       Engine engine = Engine::kFastest);
  ~Regex();
  Regex(Regex&&) noexcept;
  bool has_scanner() const;

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
    // The next match of PCRE2 at or behind `from`; its return code.
    int search(size_t from);
    size_t next_window(size_t start) const;

    void* data_ = nullptr;  // PCRE2's
    RegexScanner::Work work_;
    double deadline_s_ = 0;  // of this thread's processor time
    size_t from_ = 0;
    unsigned num_found_ = 0;
    std::optional<size_t> last_end_;
  };

 private:
  struct Code;
  explicit Regex(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace laconic
