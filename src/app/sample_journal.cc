// SPDX-License-Identifier: Apache-2.0
#include "app/sample_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "app/identity.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/version.h"
#include "data/row_fields.h"
#include "data/rows.h"  // for_each_line

namespace laconic {
namespace {

Json entry_to_json(const JournalEntry& entry) {
  Json row = record_to_json(entry.record);
  if (!entry.counted_by.empty()) row["counted_by"] = entry.counted_by;
  if (entry.ids.empty()) return row;
  row["ids"] = Json::array();
  row["logprobs"] = Json::array();
  for (const int32_t id : entry.ids) row["ids"].push_back(int64_t{id});
  for (const float logprob : entry.logprobs) row["logprobs"].push_back(double{logprob});
  return row;
}

JournalEntry entry_from_json(const Json& row, const std::string& place) {
  JournalEntry entry{record_from_json(row, place), {}, {}, {}};
  if (const Json* counted_by = row.find("counted_by"))
    entry.counted_by = counted_by->as_string(place + ": counted_by");
  if (const Json* ids = row.find("ids")) {
    for (const Json& id : ids->as_array(place + ": ids"))
      entry.ids.push_back(static_cast<int32_t>(field_count(id, place + ": ids")));
    for (const Json& logprob : row.at("logprobs", place).as_array(place + ": logprobs"))
      entry.logprobs.push_back(static_cast<float>(logprob.as_number(place + ": logprobs")));
  }
  return entry;
}

Json header_of(const Json& identity) {
  Json header = Json::object();
  header["type"] = "header";
  header["commit"] = commit();  // the last one, where several worked on a file
  for (const auto& [name, value] : identity.as_object("identity")) header[name] = value;
  return header;
}

}  // namespace

SampleJournal::SampleJournal(std::string path, Json identity)
    : path_(std::move(path)), partial_(path_ + ".partial"), identity_(std::move(identity)) {
  if (path_.empty()) return;
  if (file_exists(path_)) {
    file_ = read_sample_file(path_);
    check_identity(file_.header, path_);
    warn_of_changes(file_.header, commit_of_binary(), path_);
    finished_ = true;
    remove_all(partial_);  // killed between the two
    return;
  }
  lock();
  read_partial();
  out_ = std::make_unique<OutputFile>(partial_, /*append=*/true);
  if (file_size(partial_) == 0) {
    out_->write(header_of(identity_).dump() + "\n");
    out_->flush();
  }
}

SampleJournal::~SampleJournal() {
  if (lock_ >= 0) ::close(lock_);
}

void SampleJournal::lock() {
  lock_ = ::open(partial_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  require(lock_ >= 0, errno == ENOSPC ? ErrorKind::kDisk : ErrorKind::kFailure, partial_,
          ": expected to write, got an error: ", std::strerror(errno));
  require(::flock(lock_, LOCK_EX | LOCK_NB) == 0, ErrorKind::kUsage, partial_,
          ": expected a file that no other process works on, got one in use (wait for the other "
          "evaluation, or choose another --out)");
}

void SampleJournal::check_identity(const Json& header, const std::string& place) const {
  Json before = Json::object();  // what the file says of the members of the identity
  for (const auto& [name, value] : identity_.as_object("identity"))
    if (const Json* old = header.find(name)) before[name] = *old;
  if (before.find("setting")) spell_setting(before["setting"]);
  const std::string difference = first_difference(before, identity_);
  require(difference.empty(), ErrorKind::kUsage, place, ": expected to continue with ", difference,
          " (choose another --out, or remove the file to start again)");
}

void SampleJournal::read_partial() {
  const std::string text = read_file(partial_);
  const size_t end = text.rfind('\n');
  const size_t whole = end == std::string::npos ? 0 : end + 1;
  bool is_first = true;
  for_each_line(std::string_view(text).substr(0, whole), [&](int64_t line, std::string_view row) {
    const std::string place = cat(partial_, ":", line);
    const Json json = Json::parse(row, place);
    if (std::exchange(is_first, false)) {
      warn_of_changes(json, commit_of_binary(), partial_);
      return check_identity(json, partial_);
    }
    JournalEntry entry = entry_from_json(json, place);
    auto key = std::pair(entry.record.id, entry.record.sample_idx);
    found_.insert_or_assign(std::move(key), std::move(entry));
  });
  if (whole < text.size()) std::filesystem::resize_file(partial_, whole);
  if (!found_.empty()) log_info(partial_, ": ", found_.size(), " replies are there already");
}

const JournalEntry* SampleJournal::find(const std::string& id, int64_t sample_idx) const {
  const auto found = found_.find({id, sample_idx});
  return found == found_.end() ? nullptr : &found->second;
}

void SampleJournal::add(const JournalEntry& entry) {
  if (!out_) return;
  out_->write(entry_to_json(entry).dump() + "\n");
  out_->flush();
}

void SampleJournal::finish(const Json& header, const std::vector<SampleRecord>& records) {
  if (path_.empty()) return;
  Json whole = header_of(identity_);
  for (const auto& [name, value] : header.as_object("header")) whole[name] = value;
  write_sample_file(path_, {whole, records});
  out_->close();
  out_.reset();
  remove_all(partial_);
}

}  // namespace laconic
