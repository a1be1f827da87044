// One row of a training file as `laconic sft` and `laconic tldr` would train on it: what `laconic
// inspect FILE --model M` prints.
//
// It goes through the code of training itself (app/training_rows.h), so what it shows is what is
// trained on. Errors: as reading and tokenizing the row; Error(kData) when the file has no such
// row.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

namespace laconic {

struct DataRowRequest {
  std::string path;
  std::string model;          // folder with the tokenizer and the template
  int64_t row = 1;            // the first is 1; blank lines do not count
  std::string field;          // that holds the completion, as in sft's FILE:FIELD; empty: by shape
  std::string instruction;    // added to the user turn of a problem
  std::string turns = "all";  // as in training
};

// {"file", "form", "line", "shape", "id", "num_tokens", "num_prompt_tokens", "num_targets", "note",
// "text", "ids", "loss_mask", "tokens"}: loss_mask[i] is 1 where ids[i] is a target, tokens[i] is
// its text; "note" is there where the template rewrites or drops something of the row.
Json data_row_facts(const DataRowRequest& request);
// The same for people: a line a token, "+" before those that are trained on.
std::string data_row_text(const Json& facts);

}  // namespace laconic
