// SPDX-License-Identifier: Apache-2.0
#include "app/training_rows.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/parallel.h"

namespace laconic {
namespace {

constexpr int64_t kRowRules = 2;  // raised when rows become other ids, or facts get other members

std::string with_commas(int64_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::unique_ptr<DatasetInfo> read_mapping(const DomainSource& source) {
  if (!is_dataset_info(source.path)) return nullptr;
  return std::make_unique<DatasetInfo>(source.path, source.completion_field);
}

// What an index depends on; null where there can be none.
Json index_key(const DomainSource& source, const PromptBuilder& builder, const RowLimits& limits) {
  Json key;
  if (source.index_path.empty() || !file_exists(source.path)) return key;
  std::string path = source.path;
  if (const auto mapping = read_mapping(source)) {
    key["dataset_info"] = hex64(hash64(read_file(path)));
    path = mapping->file();
  }
  if (!std::filesystem::is_regular_file(path)) return nullptr;
  key["version"] = LACONIC_VERSION;
  key["rules"] = kRowRules;
  key["path"] = path;
  key["size"] = static_cast<int64_t>(file_size(path));
  key["changed"] = int64_t{std::filesystem::last_write_time(path).time_since_epoch().count()};
  key["field"] = source.completion_field;
  key["template"] = builder.template_hash();
  key["instruction"] = limits.instruction;
  key["max_length"] = limits.max_length;
  key["turns"] = static_cast<int64_t>(limits.turns);
  return key;
}

}  // namespace

std::vector<std::string> files_of(const DomainSource& source) {
  const auto mapping = read_mapping(source);
  if (!mapping) return {source.path};
  return {source.path, mapping->file()};
}

TokenizedRow tokenize_row(const TrainingRow& row, const PromptBuilder& builder,
                          const RowLimits& limits) {
  if (!row.text.empty()) return builder.text_row(row.text);
  if (!row.prompt.empty())
    return builder.training_row(builder.plain_prompt_ids(row.prompt), row.completion);
  if (row.num_prompt_messages > 0)
    return builder.conversation_row(row.messages, static_cast<size_t>(row.num_prompt_messages),
                                    row.variables, limits.turns);
  // A question and a reply in text are the conversation that they stand for.
  Json messages = row.messages.is_null()
                      ? problem_messages(row.problem, limits.instruction, row.system)
                      : row.messages;
  const size_t num_prompt_messages = messages.size();
  Json reply = Json::object();
  reply["role"] = "assistant";
  reply["content"] = row.completion;
  messages.push_back(std::move(reply));
  return builder.conversation_row(messages, num_prompt_messages, row.variables, TurnPolicy::kLast);
}

std::vector<std::string> unused_members(const TrainingRow& row, const PromptBuilder& builder) {
  std::vector<std::string> unused = row.unused;
  for (const std::string& name : row.template_reads)
    if (!builder.template_reads(std::string_view(name).substr(name.rfind('.') + 1)))
      unused.push_back(name);
  return unused;
}

SourceRows::SourceRows(const DomainSource& source, const RowIndex* index)
    : mapping_(read_mapping(source)),
      file_(mapping_ ? mapping_->file() : source.path, index ? &index->places : nullptr) {
  options_.mapping = mapping_.get();
  if (!mapping_) options_.completion_field = source.completion_field;
}

TrainingRow SourceRows::parse(int64_t row) const {
  const std::string place = file_.place(row);
  const Json json = Json::parse(file_.text(row), place);
  json.as_object(place);
  TrainingRow parsed = parse_training_row(json, place, options_);
  if (parsed.id.empty()) parsed.id = cat(file_.name(), ":", file_.line(row));
  parsed.line = file_.line(row);
  return parsed;
}

Domain::Domain(const DomainSource& source, const PromptBuilder& builder, const RowLimits& limits,
               BadRows& bad_rows)
    : name_(source.name),
      key_(index_key(source, builder, limits)),
      index_(key_.is_null() ? std::nullopt : read_row_index(source.index_path, key_)),
      source_(source, index_ ? &*index_ : nullptr),
      builder_(builder),
      limits_(limits) {
  if (index_)
    restore(index_->facts);
  else
    read_all(bad_rows);
  const RowFile& file = source_.file();
  require(size() > 0, ErrorKind::kData, file.shown(), ": expected rows of at most ",
          limits.max_length, " tokens, got none (",
          counts_["num_too_long"] > 0
              ? cat(counts_["num_too_long"], " are longer: raise --max-length")
              : cat(counts_["num_bad"], " bad rows"),
          ")");
}

void Domain::read_all(BadRows& bad_rows) {
  constexpr int64_t kBatchRows = 256;
  const int64_t size = source_.file().size();
  std::vector<int64_t> kept;
  for (int64_t begin = 0; begin < size; begin += kBatchRows) {
    std::vector<ReadRow> batch(static_cast<size_t>(std::min(kBatchRows, size - begin)));
    parallel_for(batch.size(), [&](size_t i) { batch[i] = read(begin + static_cast<int64_t>(i)); });
    for (size_t i = 0; i < batch.size(); ++i)
      add(begin + static_cast<int64_t>(i), std::move(batch[i]), bad_rows, kept);
  }
  source_.file().keep(kept);
}

Domain::ReadRow Domain::read(int64_t i) const {
  ReadRow read;
  std::string reason;
  try {
    const TrainingRow row = source_.parse(i);
    reason = source_.file().place(i) + ": ";  // of what tokenizing throws
    read.shape = row.shape;
    read.ids = tokenize_row(row, builder_, limits_);
    read.unused = unused_members(row, builder_);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    read.fault = reason + error.what();
  }
  return read;
}

void Domain::add(int64_t i, ReadRow read, BadRows& bad_rows, std::vector<int64_t>& kept) {
  if (!read.fault.empty()) {
    const RowFile& file = source_.file();
    bad_rows.add(file.shown(), file.line(i), file.text(i), read.fault);
    ++counts_["num_bad"];
  } else if (static_cast<int64_t>(read.ids.ids.size()) > limits_.max_length) {
    ++counts_["num_too_long"];
  } else {
    ++shapes_[read.shape];
    if (!read.ids.note.empty()) ++notes_[read.ids.note];
    for (const std::string& name : read.unused) ++unused_[name];
    const TokenRow& row = read.ids;
    counts_["num_tokens"] += static_cast<int64_t>(row.ids.size());
    counts_["num_targets"] += row.num_targets();
    remember(static_cast<int64_t>(kept.size()), row);
    kept.push_back(i);
  }
}

void Domain::remember(int64_t i, const TokenRow& row) {
  const auto bytes = static_cast<int64_t>(row.ids.size() * sizeof(int32_t));
  if (cached_bytes_ + bytes > limits_.cache_bytes) return;
  cached_bytes_ += bytes;
  cached_.emplace(i, row);
}

TokenRow Domain::row(int64_t i) {
  if (const auto found = cached_.find(i); found != cached_.end()) return found->second;
  TokenRow row = tokenize_row(source_.parse(i), builder_, limits_);
  remember(i, row);
  return row;
}

Json Domain::facts() const {
  Json facts = Json::object();
  const auto add = [&](const char* name, const Counts& counts) {
    facts[name] = Json::object();
    for (const auto& [key, count] : counts) facts[name][key] = count;
  };
  add("counts", counts_);
  add("shapes", shapes_);
  add("notes", notes_);
  add("unused", unused_);
  return facts;
}

void Domain::restore(const Json& facts) {
  const auto read = [&](const char* name, Counts& counts) {
    for (const auto& [key, count] : facts.at(name, name_).as_object(name_))
      counts[key] = count.as_integer(name_);
  };
  read("counts", counts_);
  read("shapes", shapes_);
  read("notes", notes_);
  read("unused", unused_);
}

void Domain::save_index(const std::string& path) const {
  if (key_.is_null() || index_) return;
  try {
    write_row_index(path, key_, {source_.file().places(), facts()});
  } catch (const Error& error) {  // a full disk: the next start reads the file again
    log_debug(error.what());
  }
}

std::string Domain::summary() const {
  std::string text = cat(name_, ": ", with_commas(size()), " rows, ");
  const std::string& form = source_.file().form();
  bool is_first = true;
  for (const auto& [shape, count] : shapes_) {
    if (!is_first) text += " and ";
    if (shapes_.size() > 1) text += with_commas(count) + " ";
    text += shape;
    is_first = false;
  }
  if (form != "JSONL") text += cat(" (", form, ")");
  const auto count = [&](const char* name) {
    const auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
  };
  text += cat("; ", with_commas(count("num_tokens")), " tokens, ",
              with_commas(count("num_targets")), " of them trained on");
  if (count("num_too_long") > 0)
    text += cat("; dropped ", count("num_too_long"), " longer than max_length");
  if (count("num_bad") > 0) text += cat("; left out ", count("num_bad"), " bad rows");
  return text;
}

std::vector<std::string> Domain::notes() const {
  std::vector<std::string> lines;
  for (const auto& [note, count] : notes_)
    lines.push_back(
        cat(name_, ": ", with_commas(count), " of ", with_commas(size()), " rows: ", note));
  return lines;
}

bool Domain::has_turns() const {
  return std::any_of(shapes_.begin(), shapes_.end(),
                     [](const auto& shape) { return shape.first != "text"; });
}

std::string Domain::unused() const {
  std::string names;
  for (const auto& [name, count] : unused_)
    names += cat(names.empty() ? "" : ", ", name, count < size() ? cat(" (", count, " rows)") : "");
  return names.empty() ? "" : cat(name_, ": members not used: ", names);
}

std::string index_path(const std::string& run_folder, size_t domain_idx) {
  return join_path(run_folder, cat("rows-", domain_idx, ".index"));
}

void save_indices(const std::vector<Domain>& domains, const std::string& run_folder) {
  for (size_t k = 0; k < domains.size(); ++k) domains[k].save_index(index_path(run_folder, k));
}

void log_domain(const Domain& domain) {
  log_info(domain.summary());
  if (const std::string unused = domain.unused(); !unused.empty()) log_info(unused);
  for (const std::string& note : domain.notes()) log_warning(note);
}

}  // namespace laconic
