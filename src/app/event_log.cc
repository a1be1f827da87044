// SPDX-License-Identifier: Apache-2.0
#include "app/event_log.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "base/disk.h"
#include "base/error.h"
#include "base/event_file.h"

namespace laconic {
namespace {

using Scalars = std::vector<std::pair<std::string, double>>;

constexpr std::string_view kPrefix = "events.out.tfevents.";

double now_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void collect(const Json& row, const std::string& tag, Scalars& out) {
  for (const auto& [name, value] : row.as_object(tag)) {
    if (name == "step" || name == "type") continue;
    if (value.is_number()) out.emplace_back(tag + "/" + name, value.as_number(tag));
    if (value.is_object()) collect(value, tag + "/" + name, out);
  }
}

}  // namespace

std::vector<std::string> EventLog::paths() const {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    if (entry.path().filename().string().starts_with(kPrefix)) out.push_back(entry.path().string());
  std::sort(out.begin(), out.end());
  return out;
}

// Names sort in the order of writing, also when the clock was set back.
void EventLog::open() {
  if (file_) return;
  if (!path_.empty()) {
    file_ = std::make_unique<OutputFile>(path_, /*append=*/true);
    return;
  }
  const std::vector<std::string> earlier = paths();
  auto seconds = static_cast<long long>(now_s());
  if (!earlier.empty()) {
    const std::string last = file_name(earlier.back());
    seconds = std::max(seconds, std::atoll(last.c_str() + kPrefix.size()));
  }
  char name[96];
  std::snprintf(name, sizeof name, "%s%010lld.%04zu.laconic", kPrefix.data(), seconds,
                earlier.size());
  path_ = join_path(folder_, name);
  file_ = std::make_unique<OutputFile>(path_, /*append=*/true);
  file_->write(event_file_version(now_s()));
  if (start_step_ > 0) file_->write(event_session_start(now_s(), start_step_ + 1));
}

void EventLog::append(const Json& row, const std::string& tag) {
  const Json* step = row.find("step");
  if (!enabled_ || !step || !step->is_integer()) return;
  Scalars scalars;
  collect(row, tag, scalars);
  if (scalars.empty()) return;
  try {
    open();
    file_->write(event_scalars(now_s(), step->as_integer("step"), scalars));
    file_->flush();
  } catch (const Error& error) {
    if (!is_full_disk(error)) throw;
  }
}

int64_t EventLog::sync() {
  if (file_) file_->close();
  file_.reset();
  int64_t total = 0;
  for (const std::string& path : paths()) total += static_cast<int64_t>(file_size(path));
  return total;
}

void EventLog::restore(int64_t size, int64_t step) {
  file_.reset();
  path_.clear();
  start_step_ = step;
  for (const std::string& path : paths()) {
    const auto bytes = static_cast<int64_t>(file_size(path));
    const int64_t kept = std::min(bytes, size);
    size -= kept;
    if (kept == 0)
      remove_all(path);
    else if (kept < bytes)
      std::filesystem::resize_file(path, static_cast<uintmax_t>(kept));
  }
}

}  // namespace laconic
