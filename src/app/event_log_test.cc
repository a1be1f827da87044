// SPDX-License-Identifier: Apache-2.0
#include "app/event_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"

namespace laconic {
namespace {

class EventLogTest : public testing::Test {
 protected:
  EventLogTest()
      : folder_((std::filesystem::temp_directory_path() / cat("laconic_events_", ::getpid()))
                    .string()) {
    make_folders(folder_);
  }
  ~EventLogTest() override { remove_all(folder_); }
  std::string all() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      paths.push_back(entry.path().string());
    std::sort(paths.begin(), paths.end());
    std::string out;
    for (const std::string& path : paths) out += read_file(path);
    return out;
  }
  static Json row(int64_t step) {
    Json out = Json::parse(R"({"type": "step", "loss": 0.5, "share": {"a": 1}, "x": null})", "");
    out["step"] = step;
    return out;
  }
  std::string folder_;
};

TEST_F(EventLogTest, NumbersBecomeScalars) {
  EventLog log(folder_, true);
  log.append(row(1), "train");
  EXPECT_EQ(static_cast<size_t>(log.sync()), all().size());
  EXPECT_NE(all().find("brain.Event:2"), std::string::npos);
  EXPECT_NE(all().find("train/loss"), std::string::npos);
  EXPECT_NE(all().find("train/share/a"), std::string::npos);
  EXPECT_EQ(all().find("train/x"), std::string::npos);
  EXPECT_EQ(all().find("train/step"), std::string::npos);
}

TEST_F(EventLogTest, ResumingCutsWhatIsBehindTheCheckpoint) {
  int64_t size = 0;
  {
    EventLog log(folder_, true);
    log.append(row(1), "train");
    size = log.sync();
    log.append(row(2), "late");
  }
  const std::string kept = all().substr(0, static_cast<size_t>(size));
  EventLog log(folder_, true);
  log.restore(size, 1);
  EXPECT_EQ(all(), kept);
  log.append(row(2), "train");
  log.sync();
  EXPECT_TRUE(all().starts_with(kept));
  EXPECT_EQ(all().find("late"), std::string::npos);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2);
  log.restore(0, 0);  // no checkpoint: from the start
  EXPECT_EQ(all(), "");
}

TEST_F(EventLogTest, NotEnabledWritesNothingButStillCuts) {
  {
    EventLog log(folder_, true);
    log.append(row(1), "train");
  }
  EventLog log(folder_, false);
  const int64_t size = log.sync();
  log.append(row(2), "train");
  EXPECT_EQ(log.sync(), size);
  log.restore(size - 1, 1);
  EXPECT_EQ(log.sync(), size - 1);
}

}  // namespace
}  // namespace laconic
