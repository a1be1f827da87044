// laconic doctor: what was found on this machine, and what that allows.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/Context.h>
#include <torch/version.h>

#include <algorithm>
#include <cstdio>

#include "app/commands.h"
#include "base/error.h"
#include "base/file.h"  // free_bytes
#include "base/json.h"
#include "base/machine.h"
#include "base/printable.h"
#include "base/settings.h"
#include "base/version.h"
#include "nn/memory_plan.h"

namespace laconic {
namespace {

// Left for activations or the KV cache, libtorch itself and the system: a tenth, and 1 GiB.
constexpr int64_t kOverheadBytes = int64_t{1} << 30;

struct Device {
  std::string name, about;
  int64_t memory_bytes = 0, available_bytes = 0;

  int64_t weights_at(int64_t bytes_per_weight) const {
    return std::max<int64_t>(0, available_bytes / 10 * 9 - kOverheadBytes) / bytes_per_weight;
  }
};

std::string weights_text(int64_t weights) {
  char buffer[48];
  const double millions = static_cast<double>(weights) / 1e6;
  if (millions >= 1000)
    std::snprintf(buffer, sizeof buffer, "%.1f billion weights", millions / 1000);
  else
    std::snprintf(buffer, sizeof buffer, "%.0f million weights", millions);
  return buffer;
}

std::vector<Device> find_devices(const Machine& machine) {
  std::vector<Device> devices = {
      {"cpu", machine.processor, machine.memory_bytes, machine.memory_available_bytes}};
  if (!at::globalContext().hasCUDA()) return devices;
  for (const CudaCard& card : read_cuda_cards())
    devices.push_back({cat("cuda:", devices.size() - 1), card.name, card.memory_bytes,
                       card.memory_available_bytes});
  return devices;
}

Json facts_json(const Machine& machine, const std::vector<Device>& devices, int64_t disk_bytes) {
  Json json = Json::object();
  json["version"] = Json(version());
  json["commit"] = Json(commit());
  json["libtorch"] = Json(TORCH_VERSION);
  json["libtorch_built_for_cuda"] = Json(at::Context::hasCUDART());
  json["libtorch_has_cuda"] = Json(at::globalContext().hasCUDA());
  const Json facts = machine_json(machine);
  for (const auto& [key, value] : facts.as_object("machine")) json[key] = value;
  json["disk_free_bytes"] = Json(disk_bytes);
  json["devices"] = Json::array();
  for (const Device& device : devices) {
    Json entry = Json::object();
    entry["name"] = Json(device.name);
    entry["about"] = Json(device.about);
    entry["memory_bytes"] = Json(device.memory_bytes);
    entry["memory_available_bytes"] = Json(device.available_bytes);
    entry["trainable_weights"] = Json(device.weights_at(kTrainBytesPerWeight));
    entry["samplable_weights"] = Json(device.weights_at(kSampleBytesPerWeight));
    json["devices"].push_back(entry);
  }
  return json;
}

void print_facts(const Machine& machine, const std::vector<Device>& devices, int64_t disk_bytes,
                 const std::string& folder) {
  std::string sets;
  for (const std::string& name : machine.instruction_sets) sets += (sets.empty() ? "" : " ") + name;
  const bool cuda = at::globalContext().hasCUDA();
  const char* const build = cuda                       ? ", with CUDA devices"
                            : at::Context::hasCUDART() ? ", built for CUDA, without a device"
                                                       : ", CPU only";
  std::string text = cat("laconic       ", version(), " (", commit(), ")\n");
  text += cat("libtorch      ", TORCH_VERSION, build, "\n");
  text += cat("processor     ", machine.processor, ", ", machine.usable_cores, " cores usable\n");
  text += "instructions  " + wrap_text(sets, 14, help_columns(), 14) + "\n";
  text += cat("memory        ", bytes_text(machine.memory_bytes), ", ",
              bytes_text(machine.memory_available_bytes), " available\n");
  text += cat("disk          ", bytes_text(disk_bytes), " free in ", folder, "\n");
  if (!cuda && !read_cuda_cards().empty())
    text += "warning       an NVIDIA card is here, but this libtorch does not use it\n";
  for (const Device& device : devices) {
    text += cat("\n", device.name, "  ", device.about, ", ", bytes_text(device.available_bytes),
                " of memory available\n");
    text += cat("  full training in fp32, 16 bytes a weight and activations: up to ",
                weights_text(device.weights_at(kTrainBytesPerWeight)), "\n");
    text += cat("  sampling in fp32, 8 bytes a weight and the KV cache: up to ",
                weights_text(device.weights_at(kSampleBytesPerWeight)), "\n");
  }
  print_text(text);
}

}  // namespace

int run_doctor(Arguments arguments) {
  bool as_json = false;
  std::string folder = ".";
  Settings settings("laconic doctor", "Says what this machine has and what that allows.");
  settings.add("json", &as_json, "print the facts as one JSON object");
  settings.add("folder", &folder, "folder whose free disk space is shown").folder().existing();
  settings.example("laconic doctor --json");
  if (!settings.parse(arguments)) return 0;
  const Machine machine = read_machine();
  const std::vector<Device> devices = find_devices(machine);
  const auto disk_bytes = static_cast<int64_t>(free_bytes(folder));
  if (as_json)
    std::printf("%s\n", facts_json(machine, devices, disk_bytes).dump().c_str());
  else
    print_facts(machine, devices, disk_bytes, folder);
  return 0;
}

}  // namespace laconic
