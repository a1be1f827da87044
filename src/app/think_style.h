// A reply's text as it streams in, cut into thinking and answer for display.
//
// The tags belong to the thinking. A tag may arrive in pieces: what could become one waits for the
// next piece. Text in front of an opening tag is answer, as in text/think_span.h. Pure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace laconic {

struct StyledText {
  std::string text;
  bool is_thinking = false;
  bool operator==(const StyledText&) const = default;
};

class ThinkStyle {
 public:
  explicit ThinkStyle(bool starts_thinking) : is_thinking_(starts_thinking) {}
  std::vector<StyledText> push(std::string_view piece);
  std::vector<StyledText> finish();  // what was held back

 private:
  std::string pending_;
  bool is_thinking_;
};

}  // namespace laconic
