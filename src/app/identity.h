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

// Warns of each member of `now` ("commit", "threads") that `before` has with another value: what
// may change bits, but is no reason to refuse. `place`: what is used again, for the message.
void warn_of_changes(const Json& before, const Json& now, const std::string& place);
Json commit_of_binary();  // {"commit": ...}: the one such thing that samples depend on

}  // namespace laconic
