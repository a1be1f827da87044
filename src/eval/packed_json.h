// JSON packed for a page: gzip, then base64. A browser unpacks it with DecompressionStream("gzip").
//
// Replies shrink to about a third of their bytes. Deterministic for one version of zlib. Errors:
// Error(kMemory) where zlib has no memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"

namespace laconic {

std::string packed_json(const Json& value);

}  // namespace laconic
