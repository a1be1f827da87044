// For tests: a golden adapter of tests/golden/adapters with its documents and log-probabilities.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "nn/decoder.h"

namespace laconic::testing {

inline std::string adapter_folder(const std::string& name) {
  return std::string(LACONIC_SOURCE_DIR "/tests/golden/adapters/") + name;
}
inline std::string tiny_model_folder(const std::string& name) {
  return std::string(LACONIC_SOURCE_DIR "/tests/golden/tiny_models/") + name;
}

struct AdapterGolden {
  explicit AdapterGolden(const std::string& name)
      : folder(adapter_folder(name)),
        json(Json::parse(read_file(folder + "/training.json"), "training.json")),
        base_folder(tiny_model_folder(json.at("base", "golden").as_string("base"))) {
    batch.cu_seqlens = {0};
    for (const Json& row : json.at("documents", "golden").as_array("documents")) {
      for (const Json& id : row.at("ids", "row").as_array("ids"))
        batch.ids.push_back(static_cast<int32_t>(id.as_integer("id")));
      for (const Json& target : row.at("targets", "row").as_array("targets")) {
        batch.targets.push_back(static_cast<int32_t>(target.as_integer("target")));
        num_targets += batch.targets.back() >= 0;
      }
      batch.cu_seqlens.push_back(static_cast<int32_t>(batch.ids.size()));
    }
  }

  void expect_logprobs(const std::vector<float>& got) const {
    size_t t = 0;
    for (const Json& row : json.at("logprobs", "golden").as_array("logprobs"))
      for (const Json& want : row.as_array("row")) {
        EXPECT_NEAR(got[t], want.as_number("logprob"), 1e-4) << "token " << t;
        ++t;
      }
    EXPECT_EQ(t, got.size());
  }
  double setting(const char* name) const {
    return json.at("settings", "golden").at(name, "settings").as_number(name);
  }
  double number(const char* list, size_t idx) const {
    return json.at(list, "golden").as_array(list)[idx].as_number(list);
  }

  std::string folder;
  Json json;
  std::string base_folder;
  TokenBatch batch;
  int64_t num_targets = 0;
};

}  // namespace laconic::testing
