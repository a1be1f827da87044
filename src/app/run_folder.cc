// SPDX-License-Identifier: Apache-2.0
#include "app/run_folder.h"

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <sys/file.h>
#include <torch/version.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "app/event_log.h"
#include "app/identity.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/version.h"

namespace laconic {

void JsonLog::mirror_to(EventLog* events, std::string tag) {
  events_ = events;
  tag_ = std::move(tag);
}

void JsonLog::append(const Json& row) {
  if (events_) {
    const Json* type = row.find("type");
    const std::string name = type && type->is_string() ? type->as_string("") : tag_;
    events_->append(row, name == "step" ? "train" : name);
  }
  try {
    if (!file_) file_ = std::make_unique<OutputFile>(path_, true);
    file_->write(row.dump() + "\n");
    file_->flush();
  } catch (const Error& error) {
    if (!is_full_disk(error)) throw;
    if (!warned_)
      log_warning(error.what(), " (log rows wait in memory until there is space again)");
    warned_ = true;
  }
}

int64_t JsonLog::sync() {
  if (file_) {
    file_->close();
    file_.reset();
    warned_ = false;
  }
  return size_bytes();
}

int64_t JsonLog::size_bytes() const {
  return file_exists(path_) ? static_cast<int64_t>(file_size(path_)) : 0;
}

void JsonLog::truncate(int64_t size) {
  file_.reset();
  const int64_t now = size_bytes();
  require(now >= size, ErrorKind::kData, path_, ": expected at least ", size, " bytes, got ", now,
          " (the log was changed after its checkpoint)");
  if (now > size && ::truncate(path_.c_str(), size) != 0)
    fail(ErrorKind::kFailure, path_, ": cannot cut the log back to ", size, " bytes");
}

RunFolder::RunFolder(const std::string& path, const RunIdentity& identity,
                     const std::string& config_yaml)
    : path_(path) {
  make_folders(path);
  lock();
  const std::string marker = file("run.json");
  existed_ = file_exists(marker);
  if (existed_) {
    check_identity(identity, config_yaml);
    remove_stale_temporaries(path);
    remove_stale_temporaries(file("samples"));
    return;
  }
  make_folders(file("samples"));
  write_file_atomic(file("config.yaml"), config_yaml);
  Json run = describe_machine();
  run["command"] = identity.command;
  run["identity"] = identity.settings;
  write_file_atomic(marker, run.dump(2) + "\n");
}

RunFolder::~RunFolder() {
  if (lock_ >= 0) ::close(lock_);
}

void RunFolder::lock() {
  lock_ = ::open(file("run.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  // A folder that cannot hold the file fails at its first write, which says why; a file system
  // without locks has to do without.
  if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(lock_);
  fail(ErrorKind::kUsage, path_,
       ": expected a run that nobody works on, got one that another "
       "process is running");
}

namespace {

// The steps that a run had and has now, where they are more; {} else.
std::optional<std::pair<int64_t, int64_t>> lengthened(const Json& before, const Json& now) {
  const Json* then = before.find("max_steps");
  const Json* asked = now.find("max_steps");
  if (!then || !asked || !then->is_number() || !asked->is_number()) return std::nullopt;
  const auto from = static_cast<int64_t>(then->as_number("max_steps"));
  const auto to = static_cast<int64_t>(asked->as_number("max_steps"));
  if (to <= from) return std::nullopt;
  return std::pair(from, to);
}

// Rates of these schedules depend on the number of steps, so those that are done were others.
bool depends_on_length(const Json& settings) {
  const Json* kind = settings.find("lr_scheduler_type");
  return kind && kind->is_string() && !kind->as_string("").starts_with("constant_with_w") &&
         kind->as_string("") != "constant";
}

}  // namespace

void RunFolder::check_identity(const RunIdentity& identity, const std::string& config_yaml) const {
  const std::string marker = file("run.json");
  Json run = Json::parse(read_file(marker), marker);
  const std::string command = run.at("command", marker).as_string(marker + ": command");
  require(command == identity.command, ErrorKind::kUsage, path_, ": expected a run of ",
          identity.command, ", got one of ", command, " (choose another --out)");
  Json before = run.at("identity", marker), asked = identity.settings;
  if (before.find("num_train_epochs")) before.erase("num_train_epochs");
  const auto longer = lengthened(before, asked);
  if (longer) before["max_steps"] = longer->second;
  if (!before.find("content") && asked.find("content")) {
    log_warning(path_,
                ": begun by a version that kept no hashes of its files: whether they are the "
                "same is not checked");
    asked.erase("content");
  }
  const std::string difference = first_difference(before, asked);
  require(difference.empty(), ErrorKind::kUsage, path_, ": expected to continue with ", difference,
          " (choose another --out, or remove the folder)");
  const Json now = describe_machine();
  Json build = Json::object();
  for (const char* name : {"commit", "libtorch", "threads"}) build[name] = now.at(name, marker);
  warn_of_changes(run, build, path_);
  if (!longer) return;
  log_info(path_, ": lengthened from ", longer->first, " to ", longer->second, " steps");
  if (depends_on_length(identity.settings))
    log_warning(path_, ": the steps that are done had the learning rates of a run of ",
                longer->first, " steps (lr_scheduler_type constant has no length)");
  run["identity"] = identity.settings;
  write_file_atomic(file("config.yaml"), config_yaml);
  write_file_atomic(marker, run.dump(2) + "\n");
}

void RunFolder::require_there() const {
  const bool there = lock_ >= 0 ? still_exists(lock_) : file_exists(file("run.json"));
  require(there, ErrorKind::kFailure, path_,
          ": expected the folder of this run, got none (removed while the run worked in it)");
}

std::string RunFolder::checkpoint(int64_t step) const { return file(cat("checkpoint-", step)); }

Json describe_machine() {
  Json json = Json::object();
  json["version"] = version();
  json["commit"] = commit();
  json["libtorch"] = TORCH_VERSION;
  json["threads"] = int64_t{at::get_num_threads()};
  json["machine"] = machine_json(read_machine());
  return json;
}

void require_free_space(const std::string& folder, uint64_t bytes, const std::string& what) {
  const uint64_t available = free_bytes(folder);
  require(available >= bytes, ErrorKind::kDisk, folder, ": expected ", (bytes >> 20) + 1,
          " MiB free for ", what, ", got ", available >> 20, " MiB");
}

}  // namespace laconic
