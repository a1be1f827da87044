// The output of `laconic generate`: one line a sample, as it finishes, in a file that a later call
// continues.
//
// Beside OUTPUT lies OUTPUT.settings.json with all that the samples depend on; a call that differs
// from it is refused (kUsage), so that a file never mixes samplers; another version of laconic goes
// on with a warning. A torn last line (killed while writing) is cut off; a bad line elsewhere is
// Error(kData).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/json.h"

namespace laconic {

class OutputFile;

class SampleOutput {
 public:
  // `path` "-": stdout, which cannot be continued.
  // as_text: the completions alone are written, to stdout.
  SampleOutput(const std::string& path, const Json& settings, bool as_text = false);
  ~SampleOutput();
  bool has(const std::string& id, int64_t sample_idx) const {
    return done_.count({id, sample_idx}) > 0;
  }
  size_t num_done() const { return done_.size(); }
  void write(const Json& row);  // handed to the system at once
  void close();

 private:
  void read_existing(const std::string& path);
  std::set<std::pair<std::string, int64_t>> done_;
  std::unique_ptr<OutputFile> file_;  // null: stdout
  bool as_text_ = false;
};

}  // namespace laconic
