// Which members of a training row nothing was made of, so that each file can say it once; and
// members that would change what is learnt and that rows cannot follow.
//
// Not a schema: a member is unused because its shape has no use for it. Absent and null are the
// same, and so are an empty text, list or object.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "data/rows.h"

namespace laconic {

// Error(kData) for a row with images, videos or audio, and for a reply that is marked as unwanted
// (KTO's label).
void refuse_media(const Json& json, const std::string& place);

// Fills `unused` and `template_reads` of a row that was read from `json`; `chosen` is the field
// that was named for the completion, or empty.
void find_unused(const Json& json, std::string_view chosen, TrainingRow& row);

}  // namespace laconic
