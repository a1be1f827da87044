// SPDX-License-Identifier: Apache-2.0
#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <new>

#include "base/error.h"
#include "text/regex_dialect.h"
#include "text/unicode_age.h"
#include "text/utf8.h"

namespace laconic {
namespace {

constexpr uint32_t kMatchLimit = 1u << 30;
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
    pcre2_set_match_limit(match, kMatchLimit);
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
  const uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NO_AUTO_CAPTURE;
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
  if (regex.has_scanner()) return;
  data_ = pcre2_match_data_create(1, nullptr);
  if (!data_) throw std::bad_alloc();
  if (replace_by_stand_ins(subject, copy_)) subject_ = copy_;
}

Regex::Matches::~Matches() { pcre2_match_data_free(static_cast<pcre2_match_data*>(data_)); }

std::optional<TextRange> Regex::Matches::next() {
  if (const auto& scanner = regex_.code_->scanner) {
    const auto found = scanner->find(subject_, from_);
    if (found) from_ = found->end;
    return found;
  }
  auto* data = static_cast<pcre2_match_data*>(data_);
  const Code& code = *regex_.code_;
  pcre2_match_context* context = thread_match_context();
  while (from_ <= subject_.size()) {
    const int rc = code.jit ? pcre2_jit_match(code.code, as_units(subject_), subject_.size(), from_,
                                              0, data, context)
                            : pcre2_match(code.code, as_units(subject_), subject_.size(), from_,
                                          PCRE2_NO_UTF_CHECK, data, context);
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
    return found;
  }
  return std::nullopt;
}

}  // namespace laconic
