// The LaTeX reader and the normal form: no input crashes them or runs without end, and a tree that
// is read is the same answer as itself.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "eval/math_compare.h"
#include "eval/math_parser.h"
#include "eval/normalise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace laconic;
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string& form : {canonical_answer(text), std::string(text)}) {
    Arena arena;
    const Node* tree = parse_math(form, arena);
    if (!tree) continue;
    if (canonical_text(*tree) != canonical_text(*tree)) std::abort();
    if (compare_trees(*tree, *tree, arena).verdict == Verdict::kWrong) std::abort();
  }
  return 0;
}
