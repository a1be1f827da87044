// What a published folder says about where replies end, made to agree with what training taught and
// the sampler stops at.
//
// A base model's chat template ends turns with a token that its generation_config.json does not
// know: whoever serves the folder would never stop. Where the template's end of turn is not among
// the ids that the folder ends replies with, generation_config.json and config.json get the
// sampler's stop ids, and tokenizer_config.json and special_tokens_map.json name the end of turn as
// eos_token. A folder that knows its end of turn stays as it is, byte for byte. Errors:
// Error(kModel) for files that cannot be read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

namespace laconic {

class PromptBuilder;

// The files of `folder` that have to change, by name, with their new text; empty where none has.
std::map<std::string, std::string> stop_files(const std::string& folder,
                                              const PromptBuilder& builder);

}  // namespace laconic
