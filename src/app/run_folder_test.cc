// SPDX-License-Identifier: Apache-2.0
#include "app/run_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

#include "app/checkpoint.h"
#include "base/error.h"

namespace laconic {
namespace {

class RunFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = cat(::testing::TempDir(), "/laconic-run-", info->name(), "-", ::getpid());
    remove_all(path_);
  }
  void TearDown() override { remove_all(path_); }

  static RunIdentity identity(int steps) {
    Json settings = Json::object();
    settings["steps"] = steps;
    return {"tldr", settings};
  }
  static std::string refusal(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return error.what();
    }
    return "";
  }
  std::string path_;
};

Json row(int step) {
  Json json = Json::object();
  json["step"] = step;
  return json;
}

TEST_F(RunFolderTest, TheSameRunIsContinuedAndAnotherIsRefused) {
  { EXPECT_FALSE(RunFolder(path_, identity(3), "steps: 3\n").existed()); }
  { EXPECT_TRUE(RunFolder(path_, identity(3), "").existed()); }
  EXPECT_EQ(read_file(join_path(path_, "config.yaml")), "steps: 3\n");
  const std::string message = refusal([&] { RunFolder(path_, identity(4), ""); });
  EXPECT_NE(message.find("steps 3, got 4"), std::string::npos) << message;
}

TEST_F(RunFolderTest, TwoAtOnceAreRefused) {
  const RunFolder first(path_, identity(3), "");
  const std::string message = refusal([&] { RunFolder(path_, identity(3), ""); });
  EXPECT_NE(message.find("another process"), std::string::npos) << message;
}

TEST_F(RunFolderTest, ALogIsCutBackToWhatACheckpointCounted) {
  make_folders(path_);
  const std::string path = join_path(path_, "log.jsonl");
  JsonLog log(path);
  log.append(row(1));
  const int64_t counted = log.sync();
  log.append(row(2));
  log.truncate(counted);
  log.append(row(3));
  EXPECT_EQ(log.sync(), static_cast<int64_t>(file_size(path)));
  EXPECT_EQ(read_file(path), row(1).dump() + "\n" + row(3).dump() + "\n");
}

TEST_F(RunFolderTest, RotationKeepsTheNewestAndTheNamed) {
  for (int step : {3, 10, 20, 100}) {
    const std::string folder = join_path(path_, cat("checkpoint-", step));
    make_folders(folder);
    write_file_atomic(join_path(folder, "manifest.json"), "{}");
  }
  rotate_checkpoints(path_, 0, {});
  EXPECT_EQ(list_checkpoints(path_), (std::vector<int64_t>{3, 10, 20, 100}));
  rotate_checkpoints(path_, 2, {3, 100});
  EXPECT_EQ(list_checkpoints(path_), (std::vector<int64_t>{3, 100}));
  rotate_checkpoints(path_, 1, {3, 100});
  EXPECT_EQ(list_checkpoints(path_), (std::vector<int64_t>{3, 100}));
  rotate_checkpoints(path_, 1, {100});
  EXPECT_EQ(list_checkpoints(path_), (std::vector<int64_t>{100}));
  EXPECT_FALSE(folder_exists(join_path(path_, cat("checkpoint-3.tmp-", ::getpid()))));
}

}  // namespace
}  // namespace laconic
