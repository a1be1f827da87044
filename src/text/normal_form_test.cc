// The normal forms against utf8proc's own, whole and slow, on texts made to be hard.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <utf8proc.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "text/normalizer.h"
#include "text/unicode_age.h"
#include "text/utf8.h"

namespace laconic {
namespace {

constexpr NormalForm kForms[] = {NormalForm::kNfc, NormalForm::kNfd, NormalForm::kNfkc,
                                 NormalForm::kNfkd};

std::string by_utf8proc(NormalForm form, const std::string& text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.c_str());
  utf8proc_uint8_t* made = form == NormalForm::kNfc    ? utf8proc_NFC(bytes)
                           : form == NormalForm::kNfd  ? utf8proc_NFD(bytes)
                           : form == NormalForm::kNfkc ? utf8proc_NFKC(bytes)
                                                       : utf8proc_NFKD(bytes);
  std::string out(reinterpret_cast<const char*>(made));
  std::free(made);
  return out;
}

std::string repeated(char32_t c, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) append_utf8(c, out);
  return out;
}

// Characters that do something: marks of many classes, Hangul, what decomposes and what composes.
std::vector<char32_t> lively_characters() {
  std::vector<char32_t> out = {'a',    'e',    'D',    ' ',    0x1100, 0x1161, 0x11A8, 0xAC00,
                               0xD7A3, 0xFDFA, 0x1E9B, 0x212B, 0x0344, 0x0958, 0x2126};
  for (char32_t c = 0x300; c < 0x370; ++c) out.push_back(c);
  for (char32_t c = 0x80; c < 0x30000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    const auto* property = utf8proc_get_property(static_cast<int32_t>(c));
    if (property->combining_class != 0 || property->decomp_seqindex != UINT16_MAX) out.push_back(c);
  }
  std::erase_if(out, unknown_to_unicode9);  // those the tokenizer leaves alone on purpose
  return out;
}

TEST(NormalFormTest, EqualsUtf8procOnRandomTexts) {
  const std::vector<char32_t> lively = lively_characters();
  std::mt19937 random(7);  // NOLINT: the same texts each time
  for (int round = 0; round < 4000; ++round) {
    std::string text;
    const size_t length = 1 + random() % 24;
    for (size_t i = 0; i < length; ++i)
      append_utf8(random() % 3 == 0 ? lively[random() % 128] : lively[random() % lively.size()],
                  text);
    for (const NormalForm form : kForms)
      ASSERT_EQ(to_normal_form(form, text), by_utf8proc(form, text)) << "round " << round;
  }
}

// Of each character with something to map, alone and between two marks out of order.
TEST(NormalFormTest, EqualsUtf8procOnEachCharacter) {
  for (const char32_t c : lively_characters()) {
    std::string alone, among;
    append_utf8(c, alone);
    for (const char32_t part : {char32_t{'a'}, char32_t{0x0301}, c, char32_t{0x0323}, c})
      append_utf8(part, among);
    for (const NormalForm form : kForms) {
      ASSERT_EQ(to_normal_form(form, alone), by_utf8proc(form, alone)) << std::hex << uint32_t{c};
      ASSERT_EQ(to_normal_form(form, among), by_utf8proc(form, among)) << std::hex << uint32_t{c};
    }
  }
}

// 80 kB that take utf8proc alone 33 s: a run of marks of one class, then one of a lower class.
TEST(NormalFormTest, OrdersALongRunOfMarksInNoTime) {
  const std::string text = "e" + repeated(0x301, 20000) + repeated(0x323, 20000);
  const std::string ordered = repeated(0x323, 20000) + repeated(0x301, 20000);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(to_normal_form(NormalForm::kNfd, text), "e" + ordered);
  EXPECT_EQ(to_normal_form(NormalForm::kNfkd, text), "e" + ordered);
  const std::string composed = "\u1EB9" + ordered.substr(2);
  EXPECT_EQ(to_normal_form(NormalForm::kNfc, text), composed);
  EXPECT_EQ(to_normal_form(NormalForm::kNfkc, text), composed);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace laconic
