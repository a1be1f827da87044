// SPDX-License-Identifier: Apache-2.0
#include "base/machine.h"

#include <gtest/gtest.h>

namespace laconic {
namespace {

TEST(Machine, ReadsCpuinfo) {
  const char* text =
      "processor\t: 0\nmodel name\t: AMD EPYC 9R14\nflags\t\t: fpu avx2 fma avx512f avx512_bf16x\n"
      "\nprocessor\t: 1\nmodel name\t: other\n";
  EXPECT_EQ(processor_of(text), "AMD EPYC 9R14");
  EXPECT_EQ(instruction_sets_of(text), (std::vector<std::string>{"avx2", "fma", "avx512f"}));
  EXPECT_EQ(processor_of(""), "");
}

TEST(Machine, ReadsMeminfo) {
  const char* text = "MemTotal:       24603004 kB\nMemFree: 1 kB\nMemAvailable:   2048 kB\n";
  EXPECT_EQ(meminfo_bytes(text, "MemTotal"), int64_t{24603004} * 1024);
  EXPECT_EQ(meminfo_bytes(text, "MemAvailable"), 2 << 20);
  EXPECT_EQ(meminfo_bytes(text, "Nothing"), 0);
}

TEST(Machine, ReadsTheCgroupsQuota) {
  EXPECT_EQ(quota_cores("200000 100000\n"), 2);
  EXPECT_EQ(quota_cores("50000 100000"), 1);
  EXPECT_EQ(quota_cores("max 100000"), 0);
  EXPECT_EQ(quota_cores(""), 0);
}

TEST(Machine, SaysBytes) {
  EXPECT_EQ(bytes_text(1 << 19), "0.5 MiB");
  EXPECT_EQ(bytes_text(int64_t{5} << 29), "2.5 GiB");
}

TEST(Machine, ThisMachineHasSomething) {
  const Machine machine = read_machine();
  EXPECT_GE(machine.usable_cores, 1);
  EXPECT_GT(machine.memory_bytes, 0);
  EXPECT_LE(machine.memory_available_bytes, machine.memory_bytes);
}

}  // namespace
}  // namespace laconic
