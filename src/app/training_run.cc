// SPDX-License-Identifier: Apache-2.0
#include "app/training_run.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>
#include <tuple>

#include "app/checkpoint.h"
#include "app/stop_files.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/log.h"
#include "base/signals.h"
#include "nn/copied_files.h"
#include "nn/lora.h"

namespace laconic {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSaveRetry{5};
constexpr std::chrono::milliseconds kPoll{200};

std::vector<int64_t> domain_sizes(const std::vector<Domain>& domains) {
  std::vector<int64_t> sizes;
  for (const Domain& domain : domains) sizes.push_back(domain.size());
  return sizes;
}

// Of this process, resident, since its start.
int64_t peak_memory_bytes() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} << 10;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Weights trained_weights(const TrainSettings& settings, const ModelFolder& model) {
  if (!settings.lora.enabled()) return model.weights;
  const AdapterConfig config = settings.lora.config(model.index.config, settings.model);
  Weights weights = attach_adapter(model.weights, config, static_cast<uint64_t>(settings.seed));
  log_info(config.use_dora ? "DoRA" : "LoRA", ": ", weights.lora->plan.modules.size(), " modules, ",
           weights.lora->flat.numel(), " weights are trained, ", model.weights.flat.numel(),
           " are frozen");
  return weights;
}

}  // namespace

ModelFolder load_for_training(const TrainSettings& settings) {
  copied_files(settings.model);  // refuses now what could not be published at the end
  ModelFolder model = load_model(settings.model);
  if (settings.lora.enabled())
    check_trainable(model.weights, settings.lora.config(model.index.config, settings.model));
  return model;
}

TrainingRun::TrainingRun(const TrainSettings& settings, RunFolder& folder, ModelFolder& model,
                         std::vector<Domain> domains)
    : settings_(settings),
      folder_(folder),
      model_(model),
      domains_(std::move(domains)),
      saved_dtype_(settings.dtype.empty() ? model.index.config.dtype : settings.dtype),
      trained_(trained_weights(settings, model)),
      trainer_(trained_, settings.trainer()),
      stream_(domain_sizes(domains_), static_cast<uint64_t>(settings.seed)),
      events_(folder.path(), settings.report_to == "tensorboard"),
      log_(folder.file("log.jsonl")),
      mixture_log_(folder.file("mixture.jsonl")),
      progress_("train", settings.max_steps, "steps"),
      interval_rows_(domains_.size(), 0),
      interval_tokens_(domains_.size(), 0) {
  log_.mirror_to(&events_, "train");
  mixture_log_.mirror_to(&events_, "mixture");
  const std::string& source = model.index.folder;
  if (std::any_of(domains_.begin(), domains_.end(), [](const Domain& d) { return d.has_turns(); }))
    stop_files_ = stop_files(source, PromptBuilder::from_folder(source));
  require_free_space(folder.path(), 2 * needed_bytes(), "two checkpoints");
}

uint64_t TrainingRun::needed_bytes() const {
  return checkpoint_bytes(trained_tensors(trained_).flat.numel(),
                          trained_.lora ? "float32" : saved_dtype_);
}

std::optional<Json> TrainingRun::resume() {
  const std::optional<int64_t> step = latest_checkpoint(folder_.path());
  if (!step) {
    log_.truncate(0);
    mixture_log_.truncate(0);
    events_.restore(0, 0);
    progress_.start_at(0);
    return std::nullopt;
  }
  const std::string path = folder_.checkpoint(*step);
  const Json state = load_checkpoint(path, trained_, trainer_);
  stream_.restore(state.at("stream", path), path);
  log_.truncate(state.at("log_bytes", path).as_integer(path));
  mixture_log_.truncate(state.at("mixture_bytes", path).as_integer(path));
  const Json* event_bytes = state.find("event_bytes");  // none: of a version without event files
  events_.restore(event_bytes ? event_bytes->as_integer(path) : 0, num_steps());
  const auto& rows = state.at("interval_rows", path).as_array(path);
  const auto& tokens = state.at("interval_tokens", path).as_array(path);
  for (size_t k = 0; k < domains_.size() && k < rows.size() && k < tokens.size(); ++k) {
    interval_rows_[k] = rows[k].as_integer(path);
    interval_tokens_[k] = tokens[k].as_integer(path);
  }
  progress_.start_at(num_steps());
  log_info("continuing from ", path);
  return state.at("extra", path);
}

bool TrainingRun::step(std::span<const double> alpha) {
  const Clock::time_point start = Clock::now();
  const RowStream stream_before = stream_;
  const std::vector<int64_t> rows_before = interval_rows_, tokens_before = interval_tokens_;
  std::vector<TokenRow> drawn;
  for (int64_t i = 0; i < settings_.rows_per_step(); ++i) {
    const RowStream::Draw draw = stream_.next(alpha);
    const size_t domain = static_cast<size_t>(draw.domain);
    drawn.push_back(domains_[domain].row(draw.row));
    interval_rows_[domain] += 1;
    interval_tokens_[domain] += static_cast<int64_t>(drawn.back().ids.size());
  }
  std::vector<const TokenRow*> rows;
  for (const TokenRow& row : drawn) rows.push_back(&row);
  const std::optional<StepMetrics> done =
      trainer_.step(rows, {.keep_going = [] { return !stop_requested(); }});
  if (!done) {
    stream_ = stream_before;
    interval_rows_ = rows_before;
    interval_tokens_ = tokens_before;
    return false;
  }
  const StepMetrics& metrics = *done;
  if (metrics.skipped)
    log_warning("step ", metrics.step, ": loss ", metrics.loss, ", gradient norm ",
                metrics.gradient_norm, ": not finite, so nothing was changed");
  const double seconds = seconds_since(start);
  if (metrics.step % settings_.logging_steps == 0) log_step(metrics, seconds);
  std::ostringstream note;
  note.precision(4);
  note << "loss " << metrics.loss << "  "
       << std::llround(static_cast<double>(metrics.num_tokens) / seconds) << " tokens/s";
  progress_.update(metrics.step, note.str());
  return true;
}

void TrainingRun::log_step(const StepMetrics& metrics, double seconds) {
  Json row = Json::object();
  row["type"] = "step";
  row["step"] = metrics.step;
  row["loss"] = metrics.loss;
  row["gradient_norm"] = metrics.gradient_norm;
  row["learning_rate"] = metrics.learning_rate;
  row["tokens"] = metrics.num_tokens;
  row["targets"] = metrics.num_targets;
  if (metrics.skipped) row["skipped"] = true;
  const double all_rows = static_cast<double>(
      std::accumulate(interval_rows_.begin(), interval_rows_.end(), int64_t{0}));
  const double all_tokens = static_cast<double>(
      std::accumulate(interval_tokens_.begin(), interval_tokens_.end(), int64_t{0}));
  for (size_t k = 0; k < domains_.size(); ++k) {
    row["row_share"][domains_[k].name()] = static_cast<double>(interval_rows_[k]) / all_rows;
    row["token_share"][domains_[k].name()] = static_cast<double>(interval_tokens_[k]) / all_tokens;
  }
  row["seconds"] = seconds;
  row["tokens_per_s"] = std::round(static_cast<double>(metrics.num_tokens) / seconds);
  row["peak_memory_bytes"] = peak_memory_bytes();
  folder_.require_there();
  log_.append(row);
  std::fill(interval_rows_.begin(), interval_rows_.end(), 0);
  std::fill(interval_tokens_.begin(), interval_tokens_.end(), 0);
}

SaveRequest TrainingRun::save_request() const {
  SaveRequest request;
  request.weights = &trained_;
  request.source_folder = model_.index.folder;
  request.dtype = saved_dtype_;
  request.files = stop_files_;
  return request;
}

void TrainingRun::write_file(const std::string& name, std::string text) {
  folder_.require_there();
  pending_files_[folder_.file(name)] = std::move(text);
  try {
    write_pending_files();
  } catch (const Error& error) {
    if (!is_full_disk(error)) throw;
    log_warning(error.what(), "; it is written when there is space again, training goes on");
  }
}

void TrainingRun::write_pending_files() {
  while (!pending_files_.empty()) {
    const auto first = pending_files_.begin();
    write_file_atomic(first->first, first->second);
    pending_files_.erase(first);
  }
}

Json TrainingRun::state(const Json& extra) {
  Json state = Json::object();
  state["global_step"] = num_steps();
  state["skipped_steps"] = trainer_.num_skipped();
  state["stream"] = stream_.state();
  state["log_bytes"] = log_.sync();
  state["mixture_bytes"] = mixture_log_.sync();
  state["event_bytes"] = events_.sync();
  state["interval_rows"] = Json::array();
  state["interval_tokens"] = Json::array();
  for (size_t k = 0; k < domains_.size(); ++k) {
    state["interval_rows"].push_back(interval_rows_[k]);
    state["interval_tokens"].push_back(interval_tokens_[k]);
  }
  state["extra"] = extra;
  return state;
}

bool TrainingRun::save(const Json& extra) {
  folder_.require_there();
  try {
    write_pending_files();
    save_checkpoint(folder_.checkpoint(num_steps()), save_request(), trainer_, state(extra));
  } catch (const Error& error) {
    if (!is_full_disk(error)) throw;
    log_warning(error.what(), "; saving is paused until there is space, training goes on");
    save_postponed_ = true;
    last_save_failure_ = Clock::now();
    return false;
  }
  save_postponed_ = false;
  std::vector<int64_t> keep = keep_;
  keep.push_back(num_steps());
  rotate_checkpoints(folder_.path(), settings_.save_total_limit, keep);
  return true;
}

void TrainingRun::retry_postponed_save(const Json& extra) {
  if (!save_postponed_ || Clock::now() - last_save_failure_ < kSaveRetry) return;
  last_save_failure_ = Clock::now();
  if (free_bytes(folder_.path()) < needed_bytes()) return;
  if (save(extra)) log_info("step ", num_steps(), ": there is space again, saved");
}

void TrainingRun::save_or_wait(const Json& extra) {
  while (!save(extra)) {
    const Clock::time_point start = Clock::now();
    while (Clock::now() - start < kSaveRetry) {
      require(!stop_requested(), ErrorKind::kDisk, folder_.path(),
              ": expected space for a checkpoint, got none until the signal to stop");
      std::this_thread::sleep_for(kPoll);
    }
  }
}

void TrainingRun::publish_adapter(int64_t step, const ModelCard& card) {
  const Adapter adapter = load_adapter(folder_.checkpoint(step), model_.index.config);
  set_aside_incomplete(folder_.file("adapter"));
  if (settings_.lora.writes_adapter()) {
    ModelCard own = adapter_card(adapter.config);
    own.name = card.name;
    own.licence = model_licence(settings_.model);
    for (const std::string& tag : card.tags)
      if (std::find(own.tags.begin(), own.tags.end(), tag) == own.tags.end())
        own.tags.push_back(tag);
    std::tie(own.data, own.measured_on, own.split, own.metrics, own.command) =
        std::tie(card.data, card.measured_on, card.split, card.metrics, card.command);
    own.body += "\n" + card.body;
    save_adapter(folder_.file("adapter"), {&adapter, model_card_text(own), "", {}, {}});
  }
  if (settings_.lora.writes_adapter() && stop_files_.contains("generation_config.json"))
    log_warning(model_.index.folder,
                ": its generation_config.json does not end replies where the "
                "adapter was trained to end them; RUN/model's and that of `adapter merge` do");
  if (!settings_.lora.writes_merged()) return;
  const AdapterMerge merge(adapter);
  SaveRequest request = save_request();
  request.weights = nullptr;
  request.parameters = model_.weights.parameters;
  request.values = [&](const Parameter& parameter) {
    const at::Tensor base = model_.weights.flat.narrow(0, parameter.offset, parameter.size());
    if (!merge.touches(parameter)) return base;
    const at::Tensor merged = base.clone();
    merge.apply(parameter, merged);
    return merged;
  };
  request.card = model_card_text(card);
  save_model(folder_.file("model"), request);
}

double TrainingRun::last_loss() const {
  const std::string log = read_file(folder_.file("log.jsonl"));
  for (size_t end = log.size(); end > 0;) {
    const size_t newline = log.rfind('\n', end - 1),
                 begin = newline == std::string::npos ? 0 : newline + 1;
    const std::string_view line = std::string_view(log).substr(begin, end - begin);
    end = newline == std::string::npos ? 0 : newline;
    if (line.find("\"step\"") == std::string_view::npos) continue;
    const Json row = Json::parse(line, folder_.file("log.jsonl"));
    const Json* loss = row.find("loss");
    if (loss && loss->is_number()) return loss->as_number("loss");
  }
  return std::numeric_limits<double>::quiet_NaN();
}

void TrainingRun::publish(int64_t step, ModelCard card) {
  require(num_steps() == 0 || trainer_.num_skipped() < num_steps(), ErrorKind::kFailure,
          folder_.path(), ": expected a finite loss in one of ", num_steps(),
          " steps, got none (nothing was learned, so nothing is published)");
  folder_.require_there();
  set_aside_incomplete(folder_.file("model"));
  card.name = file_name(folder_.path());
  card.base = settings_.model;
  if (trained_.lora) return publish_adapter(step, card);
  SaveRequest request = save_request();
  std::optional<ModelIndex> chosen;
  if (step != num_steps()) {  // else the weights are still here, and need no copy
    chosen = open_model(folder_.checkpoint(step));
    request.weights = nullptr;
    request.parameters = model_.weights.parameters;
    request.values = [&](const Parameter& parameter) { return read_tensor(*chosen, parameter); };
  }
  request.card = model_card_text(card);
  save_model(folder_.file("model"), request);
}

Weights TrainingRun::saved_weights() const {
  Weights copy = view_weights(model_.weights.config, model_.weights.flat.clone());
  if (trained_.lora) merge_adapter(adapter_of(trained_), copy);
  round_weights(copy, saved_dtype_);
  return copy;
}

}  // namespace laconic
