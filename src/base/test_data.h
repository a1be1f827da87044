// Where tests find the shared data (real benchmarks, tokenizers, templates), which is never part of
// the repository.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string>

namespace laconic {

// Folder $LACONIC_SHARED_DATA, else ../shared/data beside the repository. The file may be absent: a
// test then skips with a message that names it.
inline std::string shared_data_path(const std::string& name) {
  const char* folder = std::getenv("LACONIC_SHARED_DATA");
  return (folder ? std::string(folder) : std::string(LACONIC_SOURCE_DIR "/../shared/data")) + "/" +
         name;
}

}  // namespace laconic
