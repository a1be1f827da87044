// What a run or a file of samples was made with, against what is asked for now. All that continues
// something compares identities, so that no file ever mixes two settings.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace laconic {

class Json;

// "temperature 0.7, got 1": the first member in which the two objects differ, one that only one of
// them has ("none") included; objects within by their own members. Empty if they are equal.
std::string first_difference(const Json& before, const Json& now);

}  // namespace laconic
