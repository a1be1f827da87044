// The post-processor of tokenizer.json, for one sequence: the special ids around the text's.
//
// null, ByteLevel (offsets only: nothing to do for ids), TemplateProcessing ("single"),
// BertProcessing and RobertaProcessing ("cls" in front, "sep" behind), Sequence of these. Errors:
// Error(kModel) for others, by name, and for templates that use what they do not define.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace laconic {

class PostProcessor {
 public:
  static PostProcessor parse(const Json& json, const std::string& place);
  std::vector<int32_t> apply(std::vector<int32_t> ids) const;
  const std::vector<int32_t>& before() const { return before_; }
  const std::vector<int32_t>& behind() const { return after_; }

 private:
  void add(const Json& json, const std::string& place);
  void add_template(const Json& json, const std::string& place);
  void add_pair(const Json& json, const std::string& place);
  void wrap(const std::vector<int32_t>& before, const std::vector<int32_t>& after);
  std::vector<int32_t> before_, after_;
};

}  // namespace laconic
