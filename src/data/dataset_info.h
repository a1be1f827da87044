// LLaMA-Factory's dataset_info.json: which file a data set's name stands for, and what its columns
// and roles are called there.
//
// Read: file_name, formatting (alpaca, sharegpt; openai), columns, tags. A row comes out with
// laconic's own names for the same things, so that it is read as any alpaca or sharegpt row.
// Refused by name: data sets of a hub, ranking (preference) data, images, videos and audios.
// Errors: Error(kData) "dataset_info.json: name.field: expected X, got Y". Source: LLaMA-Factory's
// data/README.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace laconic {

class DatasetInfo {
 public:
  // `path`: of the dataset_info.json. Error(kUsage) with the known names where `name` is none.
  DatasetInfo(const std::string& path, const std::string& name);

  const std::string& file() const { return file_; }  // beside dataset_info.json unless absolute
  Json apply(const Json& row, const std::string& place) const;

 private:
  Json renamed_turns(const Json& turns, const std::string& place) const;

  std::string file_;
  std::vector<std::pair<std::string, std::string>> columns_;  // theirs, ours
  std::string role_tag_, content_tag_;
  std::vector<std::pair<std::string, std::string>> roles_;  // theirs, sharegpt's own
};

// "dir/dataset_info.json": a file of that name.
bool is_dataset_info(const std::string& path);

}  // namespace laconic
