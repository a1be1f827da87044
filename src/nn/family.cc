// SPDX-License-Identifier: Apache-2.0
#include "nn/family.h"

#include <array>

#include "base/error.h"
#include "nn/families/families.h"

namespace laconic {
namespace {

const std::array kFamilies = {&kQwen2,   &kQwen3, &kQwen3Moe, &kLlama,
                              &kMistral, &kPhi3,  &kGemma2,   &kGemma3};

}  // namespace

const Family* find_family(std::string_view architecture) {
  for (const Family* family : kFamilies)
    if (family->architecture == architecture) return family;
  return nullptr;
}

std::string list_families() {
  std::string text;
  for (size_t i = 0; i < kFamilies.size(); ++i)
    text += cat(i == 0 ? "" : i + 1 < kFamilies.size() ? ", " : " or ", kFamilies[i]->architecture);
  return text;
}

}  // namespace laconic
