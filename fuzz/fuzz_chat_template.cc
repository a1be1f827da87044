// Chat templates: whatever the source, parsing ends in a template or in Error(kModel), and
// rendering a conversation with it in text or in Error(kModel) or Error(kData), within the
// interpreter's limits.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "text/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace laconic;
  static const Json context = Json::parse(
      R"({"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "é 😀\n"},
          {"role": "assistant", "content": "<think>\na\n</think>\n\nb", "tool_calls": [{"function":
          {"name": "f", "arguments": {"x": 1.5, "y": [true, null]}}}]}], "add_generation_prompt": true,
          "bos_token": "<s>", "tools": null, "n": -7, "l": [3, 1, 2]})",
      "context");
  try {
    const auto chat = ChatTemplate::parse({reinterpret_cast<const char*>(data), size}, "template");
    chat.render(context);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kModel && error.kind() != ErrorKind::kData) std::abort();
  }
  return 0;
}
