// What the machine under this process is: for `doctor`, run.json and reports. Linux only (/proc,
// cgroups). What cannot be read is empty or zero, never an error.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace laconic {

class Json;

struct Machine {
  std::string processor;                      // "AMD EPYC 9R14"
  std::vector<std::string> instruction_sets;  // those that a kernel could want: "avx2", ...
  int64_t usable_cores = 0;                   // the least of affinity and the cgroup's quota
  int64_t memory_bytes = 0;                   // of the machine, or of the cgroup where less
  int64_t memory_available_bytes = 0;         // without swapping
};

// A graphics card as the NVIDIA driver reports it.
struct CudaCard {
  std::string name;
  int64_t memory_bytes = 0;
  int64_t memory_available_bytes = 0;
};

Machine read_machine();
// Asks the driver's management library, loaded at run time; none where there is no driver.
std::vector<CudaCard> read_cuda_cards();
Json machine_json(const Machine& machine);

// Parts of read_machine, for tests. cpuinfo and meminfo are the texts of /proc/cpuinfo and
// /proc/meminfo.
std::string processor_of(std::string_view cpuinfo);
std::vector<std::string> instruction_sets_of(std::string_view cpuinfo);
int64_t meminfo_bytes(std::string_view meminfo, std::string_view field);
// "200000 100000" (cpu.max) -> 2 cores; 0: no limit.
int64_t quota_cores(std::string_view cpu_max);
std::string bytes_text(int64_t bytes);  // "23.4 GiB"

}  // namespace laconic
