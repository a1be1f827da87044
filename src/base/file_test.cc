// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "base/hash.h"
#include "base/philox.h"

namespace laconic {
namespace {

std::string scratch() {
  std::string path = testing::TempDir() + "laconic_file_test_" + std::to_string(::getpid());
  make_folders(path);
  return path;
}

TEST(File, AtomicWriteReplacesAndLeavesNothingBehind) {
  const std::string folder = scratch();
  const std::string path = join_path(folder, "a.txt");
  write_file_atomic(path, "one");
  write_file_atomic(path, "two");
  EXPECT_EQ(read_file(path), "two");
  EXPECT_FALSE(file_exists(path + ".tmp-" + std::to_string(::getpid())));
  EXPECT_EQ(MappedFile(path).text(), "two");
  OutputFile(path, true).write("!");
  EXPECT_EQ(read_file(path), "two!");
  remove_all(folder);
}

// The id of a process that has ended.
pid_t dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

TEST(File, TemporariesOfDeadProcessesGoAndNothingElse) {
  const std::string folder = join_path(scratch(), "stale");
  const std::string dead = std::to_string(dead_process()), own = std::to_string(::getpid());
  make_folders(join_path(folder, "model.tmp-" + dead + "/deep"));
  const std::string names[] = {"model",      "model.tmp-" + own, "other.tmp-" + dead,
                               "model.tmp-", "model.tmp-12x",    ".tmp-" + dead};
  for (const std::string& name : names) write_file_atomic(join_path(folder, name), "x");
  remove_stale_temporaries(folder, "model");
  EXPECT_FALSE(folder_exists(join_path(folder, "model.tmp-" + dead)));
  for (const std::string& name : names) EXPECT_TRUE(file_exists(join_path(folder, name))) << name;
  remove_stale_temporaries(folder);
  for (const std::string& name : names)
    EXPECT_EQ(file_exists(join_path(folder, name)), name != "other.tmp-" + dead) << name;
  remove_stale_temporaries(join_path(folder, "absent"));
  remove_all(folder);
}

TEST(File, ErrorsNamePathAndReason) {
  try {
    read_file("/nowhere/x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_STREQ(error.what(), "/nowhere/x: cannot open: No such file or directory");
  }
  if (file_exists("/dev/full") || ::access("/dev/full", W_OK) == 0) {
    OutputFile full("/dev/full");
    full.write("x");
    try {
      full.close();
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kDisk);
    }
  }
}

TEST(File, Paths) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(file_name("a/b.c"), "b.c");
  EXPECT_EQ(parent_path("a/b.c"), "a");
  EXPECT_EQ(parent_path("b.c"), ".");
}

// Known answers: xxHash's own test values for empty input.
TEST(Hash, KnownValues) {
  EXPECT_EQ(hex64(hash64("")), "2d06800538d394c2");
  Hash128 whole, parts;
  const std::string text(1000, 'q');
  whole.add(std::as_bytes(std::span(text)));
  parts.add(std::as_bytes(std::span(text).subspan(0, 7)));
  parts.add(std::as_bytes(std::span(text).subspan(7)));
  EXPECT_EQ(whole.hex(), parts.hex());
  EXPECT_EQ(Hash128().hex(), "99aa06d3014798d86001c324468d497f");
}

// Known answers of Random123's kat_vectors for philox4x32-10.
TEST(Philox, KnownAnswers) {
  const std::array<uint32_t, 4> zero = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  EXPECT_EQ(philox(0, 0, 0), zero);
  const std::array<uint32_t, 4> ones = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
  EXPECT_EQ(philox(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}), ones);
  PhiloxStream stream(7, 1);
  for (int i = 0; i < 1000; ++i) {
    const int64_t draw = stream.integer(-2, 3);
    EXPECT_GE(draw, -2);
    EXPECT_LE(draw, 3);
  }
  EXPECT_EQ(stream.index(), 1000u);
}

// A rename would put a file in the place of a pipe or, as root, of /dev/null.
TEST(WriteFileAtomic, WritesIntoWhatIsNoFile) {
  const std::string pipe = testing::TempDir() + "/write-file-atomic-pipe";
  std::filesystem::remove(pipe);
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  write_file_atomic(pipe, "four");
  char got[8] = {};
  EXPECT_EQ(::read(reader, got, sizeof got), 4);
  EXPECT_EQ(std::string(got), "four");
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  ::close(reader);
  std::filesystem::remove(pipe);
}

}  // namespace
}  // namespace laconic
