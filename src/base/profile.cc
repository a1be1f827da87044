// SPDX-License-Identifier: Apache-2.0
#include "base/profile.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace laconic {
namespace {

struct Total {
  int64_t ns = 0;
  int64_t calls = 0;
};
using Totals = std::map<std::string_view, Total>;

// Each thread adds to its own totals; they outlive it, and the table sums over them.
struct Registry {
  std::mutex mutex;
  std::vector<std::shared_ptr<Totals>> threads;
};

Registry& registry() {
  static Registry all;
  return all;
}

Totals& totals_of_this_thread() {
  static thread_local const std::shared_ptr<Totals> mine = [] {
    auto made = std::make_shared<Totals>();
    const std::lock_guard lock(registry().mutex);
    registry().threads.push_back(made);
    return made;
  }();
  return *mine;
}

thread_local ProfileScope* innermost = nullptr;

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void ProfileScope::open(const char* name) {
  name_ = name;
  outer_ = innermost;
  innermost = this;
  start_ns_ = now_ns();
}

void ProfileScope::close() {
  const int64_t all_ns = now_ns() - start_ns_;
  Total& total = totals_of_this_thread()[name_];
  total.ns += all_ns - inside_ns_;
  ++total.calls;
  innermost = outer_;
  if (outer_ != nullptr) outer_->inside_ns_ += all_ns;
}

void set_profiling(bool on) {
  ProfileScope::enabled_ = on;
  if (!on) return;
  const std::lock_guard lock(registry().mutex);
  for (const auto& thread : registry().threads) thread->clear();
}

std::string profile_table() {
  Totals sums;
  Total all;
  {
    const std::lock_guard lock(registry().mutex);
    for (const auto& thread : registry().threads)
      for (const auto& [name, total] : *thread) {
        sums[name].ns += total.ns;
        sums[name].calls += total.calls;
        all.ns += total.ns;
      }
  }
  if (all.ns == 0) return "";
  std::vector<std::pair<std::string_view, Total>> rows(sums.begin(), sums.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second.ns > b.second.ns; });
  std::string table = "  share     seconds       calls  where\n";
  for (const auto& [name, total] : rows) {
    char line[160];
    std::snprintf(line, sizeof line, "%6.1f%%  %10.3f  %10lld  %.*s\n",
                  100.0 * static_cast<double>(total.ns) / static_cast<double>(all.ns),
                  static_cast<double>(total.ns) * 1e-9, static_cast<long long>(total.calls),
                  static_cast<int>(name.size()), name.data());
    table += line;
  }
  return table;
}

}  // namespace laconic
