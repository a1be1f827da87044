// SPDX-License-Identifier: Apache-2.0
#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <new>

#include "base/error.h"
#include "text/regex_dialect.h"
#include "text/unicode_age.h"
#include "text/utf8.h"

namespace laconic {
namespace {

// At one start of a match: a million, and more for a long text, whose match may have many parts.
constexpr size_t kMatchLimit = 1'000'000, kMatchLimitPerByte = 16;
// Starts between two looks at the clock; seconds for a text, and for each of its bytes.
constexpr size_t kStartsPerSearch = 256;
constexpr double kMaxSeconds = 1, kMaxSecondsPerByte = 2e-6;
// What the automaton may read: this often, and so much more.
constexpr size_t kReadsPerByte = 256, kMoreReads = 1 << 20;

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}
constexpr size_t kJitStackStartBytes = 64 << 10, kJitStackMaxBytes = 16 << 20;

PCRE2_SPTR as_units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

std::string pcre2_message(int code) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

// What a thread needs to search: limits and the JIT's stack.
struct ThreadContext {
  pcre2_match_context* match = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(kJitStackStartBytes, kJitStackMaxBytes, nullptr);
  ThreadContext() {
    if (!match) throw std::bad_alloc();
    if (stack) pcre2_jit_stack_assign(match, nullptr, stack);
  }
  ~ThreadContext() {
    pcre2_match_context_free(match);
    if (stack) pcre2_jit_stack_free(stack);
  }
};

pcre2_match_context* thread_match_context() {
  thread_local const ThreadContext context;
  return context.match;
}

}  // namespace

struct Regex::Code {
  pcre2_code* code = nullptr;
  bool jit = false;
  std::optional<RegexScanner> scanner;
  ~Code() { pcre2_code_free(code); }
};

Regex::Regex(std::unique_ptr<Code> code) : code_(std::move(code)) {}
Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;

bool Regex::has_scanner() const { return code_->scanner.has_value(); }

Regex Regex::compile(std::string_view pattern, const std::string& place, Engine engine) {
  const std::string translated = oniguruma_to_pcre2(pattern, place);
  const std::unique_ptr<pcre2_compile_context, void (*)(pcre2_compile_context*)> context(
      pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
  if (!context) throw std::bad_alloc();
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  auto code = std::make_unique<Code>();
  int error = 0;
  size_t error_offset = 0;
  const uint32_t options =
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NO_AUTO_CAPTURE | PCRE2_USE_OFFSET_LIMIT;
  code->code = pcre2_compile(as_units(translated), translated.size(), options, &error,
                             &error_offset, context.get());
  require(code->code != nullptr, ErrorKind::kModel, place,
          ": expected a regular expression, got \"", pattern, "\" (", pcre2_message(error), ")");
  if (engine == Engine::kFastest) code->scanner = RegexScanner::compile(translated);
  code->jit = !code->scanner && pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE) == 0;
  return Regex(std::move(code));
}

Regex::Matches::Matches(const Regex& regex, std::string_view subject)
    : regex_(regex), subject_(subject) {
  work_.limit = kMoreReads + kReadsPerByte * subject.size();
  if (regex.has_scanner()) return;
  deadline_s_ =
      thread_seconds() + kMaxSeconds + kMaxSecondsPerByte * static_cast<double>(subject.size());
  data_ = pcre2_match_data_create(1, nullptr);
  if (!data_) throw std::bad_alloc();
  if (replace_by_stand_ins(subject, copy_)) subject_ = copy_;
}

Regex::Matches::~Matches() { pcre2_match_data_free(static_cast<pcre2_match_data*>(data_)); }

int Regex::Matches::search(size_t from) {
  auto* data = static_cast<pcre2_match_data*>(data_);
  const Code& code = *regex_.code_;
  pcre2_match_context* context = thread_match_context();
  const size_t limit = kMatchLimit + kMatchLimitPerByte * subject_.size();
  pcre2_set_match_limit(context, static_cast<uint32_t>(std::min<size_t>(limit, UINT32_MAX)));
  for (size_t start = from;; start = next_window(start)) {
    const size_t last = next_window(start);
    pcre2_set_offset_limit(context, last < subject_.size() ? last : PCRE2_UNSET);
    const int rc = code.jit ? pcre2_jit_match(code.code, as_units(subject_), subject_.size(), start,
                                              0, data, context)
                            : pcre2_match(code.code, as_units(subject_), subject_.size(), start,
                                          PCRE2_NO_UTF_CHECK, data, context);
    if (rc != PCRE2_ERROR_NOMATCH || last >= subject_.size()) return rc;
    require(
        thread_seconds() < deadline_s_, ErrorKind::kData,
        "pre-tokenizer: expected a text that the pattern can split in time, got one on which it "
        "searches for too long, at byte ",
        start);
  }
}

// Where a search that begins at `start` is to end: at the start of a character.
size_t Regex::Matches::next_window(size_t start) const {
  size_t end = std::min(start + kStartsPerSearch, subject_.size());
  while (end < subject_.size() && (subject_[end] & 0xc0) == 0x80) ++end;
  return end;
}

std::optional<TextRange> Regex::Matches::next() {
  if (const auto& scanner = regex_.code_->scanner) {
    const auto found = scanner->find(subject_, from_, work_);
    require(work_.looked_at <= work_.limit, ErrorKind::kData,
            "pre-tokenizer: expected a text that the pattern can split in time, got one that it "
            "reads again and again, at byte ",
            from_);
    if (found) from_ = found->end;
    return found;
  }
  auto* data = static_cast<pcre2_match_data*>(data_);
  while (from_ <= subject_.size()) {
    const int rc = search(from_);
    if (rc == PCRE2_ERROR_NOMATCH) return std::nullopt;
    require(rc >= 0, ErrorKind::kData,
            "pre-tokenizer: expected a text that the pattern can split, got ", pcre2_message(rc),
            " at byte ", from_);
    const size_t* offsets = pcre2_get_ovector_pointer(data);
    const TextRange found{offsets[0], offsets[1]};
    if (found.begin == found.end && last_end_ == found.end) {
      if (from_ >= subject_.size()) return std::nullopt;
      next_code_point(subject_, from_);
      continue;
    }
    from_ = found.end;
    last_end_ = found.end;
    constexpr unsigned kSearchesPerLook = 64;
    require(
        ++num_found_ % kSearchesPerLook != 0 || thread_seconds() < deadline_s_, ErrorKind::kData,
        "pre-tokenizer: expected a text that the pattern can split in time, got one on which it "
        "searches for too long, at byte ",
        from_);
    return found;
  }
  return std::nullopt;
}

}  // namespace laconic
