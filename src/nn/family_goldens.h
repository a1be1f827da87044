// The folders of tests/golden/families: one random tiny model of each family and rope scaling, with
// what transformers computes (tests/golden/make_families.py).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"

namespace laconic::testing {

inline std::string family_goldens() { return LACONIC_SOURCE_DIR "/tests/golden/families"; }

// In order; empty where the folder is absent, which a test of its own says
// (train/family_parity_test.cc).
inline std::vector<std::string> family_names() {
  std::vector<std::string> names;
  if (!folder_exists(family_goldens())) return names;
  for (const auto& entry : std::filesystem::directory_iterator(family_goldens()))
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace laconic::testing
