// The single stages of the pre-tokenizer (pre_tokenizer.h), made from their JSON.
//
// Errors: Error(kModel) for a stage that is not known, by name.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "text/pre_tokenizer.h"

namespace laconic {

// `spell_bytes`: a ByteLevel stage writes its pieces in the byte alphabet.
std::unique_ptr<const PreTokenizerStage> parse_stage(const Json& json, bool spell_bytes,
                                                     const std::string& place);

}  // namespace laconic
