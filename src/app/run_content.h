// What a run is made of, by content: hashes of the files of its models and data. Part of the run's
// identity, so that a run never goes on over other weights, another template or other rows under
// the same names.
//
// Hashes are XXH3 of the bytes as they are on disk (base/hash.h): files are read once, at the speed
// of memory where they are cached; nothing is trusted from a manifest. Errors: as read_blocks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace laconic {

struct RunParts {
  std::vector<std::string> models;  // model folders: weights, config, tokenizer, template
  std::vector<std::string> files;   // of rows (files_of() in training_rows.h), problems, bounds
};

// {"path": "hash", ...}, in the order given. A name twice is there once.
Json run_content(const RunParts& parts);

}  // namespace laconic
