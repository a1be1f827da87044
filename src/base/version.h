// What this binary is: for --version, run.json and reports.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace laconic {

const char* version();  // "0.1.0"
const char* commit();   // abbreviated hash, "-dirty" appended; "unknown" outside a git checkout

}  // namespace laconic
