// SPDX-License-Identifier: Apache-2.0
#include "base/machine.h"

#include <dlfcn.h>
#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/json.h"

namespace laconic {
namespace {

// Files of /proc have no size to map or reserve, so the stream is read to its end.
std::string system_text(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The text after "name<spaces>:" on the first line that begins so.
std::string_view field_of(std::string_view text, std::string_view name) {
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      std::string_view key = line.substr(0, colon);
      while (!key.empty() && (key.back() == ' ' || key.back() == '\t')) key.remove_suffix(1);
      std::string_view value = line.substr(colon + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      if (key == name) return value;
    }
    begin = end + 1;
  }
  return {};
}

int64_t leading_integer(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

int64_t affinity_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return CPU_COUNT(&set);
}

// The cgroup's limit and use; 0 where there is none. Both cgroup versions.
struct CgroupMemory {
  int64_t limit_bytes = 0, used_bytes = 0;
};

CgroupMemory cgroup_memory() {
  CgroupMemory memory;
  memory.limit_bytes = leading_integer(system_text("/sys/fs/cgroup/memory.max"));
  memory.used_bytes = leading_integer(system_text("/sys/fs/cgroup/memory.current"));
  if (memory.limit_bytes > 0) return memory;
  memory.limit_bytes = leading_integer(system_text("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
  memory.used_bytes = leading_integer(system_text("/sys/fs/cgroup/memory/memory.usage_in_bytes"));
  return memory;
}

}  // namespace

std::string processor_of(std::string_view cpuinfo) {
  return std::string(field_of(cpuinfo, "model name"));
}

std::vector<std::string> instruction_sets_of(std::string_view cpuinfo) {
  const std::string flags = " " + std::string(field_of(cpuinfo, "flags")) + " ";
  std::vector<std::string> sets;
  for (const char* name : {"avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni",
                           "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8"})
    if (flags.find(" " + std::string(name) + " ") != std::string::npos) sets.emplace_back(name);
  return sets;
}

int64_t meminfo_bytes(std::string_view meminfo, std::string_view field) {
  return leading_integer(field_of(meminfo, field)) * 1024;
}

int64_t quota_cores(std::string_view cpu_max) {
  const size_t space = cpu_max.find(' ');
  if (space == std::string_view::npos) return 0;
  const int64_t quota = leading_integer(cpu_max);
  const int64_t period = leading_integer(cpu_max.substr(space + 1));
  if (quota <= 0 || period <= 0) return 0;  // "max": no limit
  return std::max<int64_t>(1, quota / period);
}

std::string bytes_text(int64_t bytes) {
  char buffer[48];
  const double mebibytes = static_cast<double>(bytes) / (1 << 20);
  if (mebibytes >= 1024)
    std::snprintf(buffer, sizeof buffer, "%.1f GiB", mebibytes / 1024);
  else
    std::snprintf(buffer, sizeof buffer, "%.1f MiB", mebibytes);
  return buffer;
}

Machine read_machine() {
  Machine machine;
  const std::string cpuinfo = system_text("/proc/cpuinfo");
  const std::string meminfo = system_text("/proc/meminfo");
  machine.processor = processor_of(cpuinfo);
  machine.instruction_sets = instruction_sets_of(cpuinfo);
  machine.usable_cores = affinity_cores();
  const int64_t quota = quota_cores(system_text("/sys/fs/cgroup/cpu.max"));
  if (quota > 0) machine.usable_cores = std::min(machine.usable_cores, quota);
  machine.memory_bytes = meminfo_bytes(meminfo, "MemTotal");
  machine.memory_available_bytes = meminfo_bytes(meminfo, "MemAvailable");
  const CgroupMemory cgroup = cgroup_memory();
  if (cgroup.limit_bytes > 0 && cgroup.limit_bytes < machine.memory_bytes) {
    machine.memory_bytes = cgroup.limit_bytes;
    machine.memory_available_bytes = std::clamp<int64_t>(cgroup.limit_bytes - cgroup.used_bytes, 0,
                                                         machine.memory_available_bytes);
  }
  return machine;
}

std::vector<CudaCard> read_cuda_cards() {
  std::vector<CudaCard> cards;
  void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) return cards;
  // The signatures of NVML's public interface; 0 is success.
  struct Memory {
    unsigned long long total, free, used;
  };
  const auto init = reinterpret_cast<int (*)()>(dlsym(library, "nvmlInit_v2"));
  const auto count = reinterpret_cast<int (*)(unsigned*)>(dlsym(library, "nvmlDeviceGetCount_v2"));
  const auto handle =
      reinterpret_cast<int (*)(unsigned, void**)>(dlsym(library, "nvmlDeviceGetHandleByIndex_v2"));
  const auto name =
      reinterpret_cast<int (*)(void*, char*, unsigned)>(dlsym(library, "nvmlDeviceGetName"));
  const auto memory =
      reinterpret_cast<int (*)(void*, Memory*)>(dlsym(library, "nvmlDeviceGetMemoryInfo"));
  unsigned num_cards = 0;
  if (init && count && handle && name && memory && init() == 0 && count(&num_cards) == 0) {
    for (unsigned i = 0; i < num_cards; ++i) {
      void* device = nullptr;
      char text[128] = {};
      Memory bytes = {};
      if (handle(i, &device) != 0 || name(device, text, sizeof text) != 0) continue;
      if (memory(device, &bytes) != 0) bytes = {};
      cards.push_back({text, static_cast<int64_t>(bytes.total), static_cast<int64_t>(bytes.free)});
    }
  }
  dlclose(library);
  return cards;
}

Json machine_json(const Machine& machine) {
  Json json = Json::object();
  json["processor"] = Json(machine.processor);
  Json sets = Json::array();
  for (const std::string& name : machine.instruction_sets) sets.push_back(Json(name));
  json["instruction_sets"] = sets;
  json["usable_cores"] = Json(machine.usable_cores);
  json["memory_bytes"] = Json(machine.memory_bytes);
  json["memory_available_bytes"] = Json(machine.memory_available_bytes);
  return json;
}

}  // namespace laconic
