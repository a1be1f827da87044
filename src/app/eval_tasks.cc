// SPDX-License-Identifier: Apache-2.0
#include "app/eval_tasks.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "eval/benchmarks.h"
#include "eval/summary.h"  // setting_text

namespace laconic {
namespace {

// --bench named twice would measure twice into one folder.
void check_distinct(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  require(twice == names.end(), ErrorKind::kUsage, "--bench: expected each benchmark once, got ",
          twice == names.end() ? "" : *twice, " twice");
}

MeasureOptions with_preset(const EvalSource& source, const Settings& all,
                           const SamplerPreset* preset, const Benchmark* benchmark) {
  MeasureOptions measure = source.measure;
  if (!preset && !source.model_folder.empty())
    use_generation_config(all, source.model_folder, measure);
  if (!preset) return measure;
  if (!all.given("temperature")) measure.temperature = preset->temperature;
  if (!all.given("top_p")) measure.top_p = preset->top_p;
  if (!all.given("max_new_tokens")) measure.max_new_tokens = preset->max_new_tokens;
  if (!all.given("samples") && benchmark) measure.samples = benchmark->samples(preset->id);
  return measure;
}

AnswerRules answer_rules(const EvalSource& source, const Settings& all, const SamplerPreset* preset,
                         const Benchmark* benchmark) {
  AnswerRules rules;
  if (benchmark) rules = benchmark->rules(preset->id);
  if (!benchmark || all.given("answer_from"))
    rules.sources = parse_answer_sources(source.answer_from);
  if (!benchmark || all.given("count_thinking")) rules.count_thinking = source.count_thinking;
  return rules;
}

EvalTask read_task(const EvalSource& source, const Settings& all, const Benchmark* benchmark) {
  EvalTask task;
  if (benchmark) task.name = benchmark->name;
  const std::string path = benchmark ? benchmark_file(*benchmark, source.data_dir) : source.data;
  // A published file with a row that has no answer (gaokao2023en) is measured without it, which is
  // said.
  const bool lenient = benchmark && !all.given("bad_rows");
  BadRows bad_rows(parse_bad_row_policy(lenient ? "skip" : source.bad_rows));
  task.problems = read_problems(path, bad_rows);
  bad_rows.close();
  task.num_bad_rows = bad_rows.count();
  if (task.num_bad_rows > 0) log_warning(path, ": ", bad_rows.summary());
  if (benchmark) {
    const std::string note = check_benchmark(*benchmark, path, task.problems, task.num_bad_rows);
    if (!note.empty()) log_warning(note);
  }
  const auto limit = static_cast<size_t>(source.limit);
  if (limit > 0 && task.problems.size() > limit) task.problems.resize(limit);

  const SamplerPreset* preset = nullptr;
  if (!source.preset.empty() || benchmark)
    preset = &find_sampler_preset(source.preset.empty() ? "r1" : source.preset);
  if (preset) task.preset = preset->name;
  const std::string instruction = all.given("instruction") || !benchmark
                                      ? source.instruction
                                      : std::string(benchmark->instruction);
  task.measure = with_preset(source, all, preset, benchmark).resolve(instruction);
  task.measure.rules = answer_rules(source, all, preset, benchmark);
  log_info(task.name.empty() ? path : task.name, ": ", task.problems.size(), " problems, ",
           setting_text(task.measure.describe()), ", answer from ", describe(task.measure.rules),
           preset ? ", preset " + task.preset : "");
  return task;
}

}  // namespace

void EvalSource::add_to(Settings& settings) {
  settings.add("data", &data, "JSONL of problems with answers; or --bench").file().existing();
  settings.alias("input");
  settings.add("bench", &bench, "named benchmarks, comma-separated: " + joined(benchmark_names()));
  settings.metavar("NAMES");
  settings.add("data_dir", &data_dir, "folder of the benchmarks' files (docs/benchmarks.md)");
  settings.folder().existing();
  settings.add("preset", &preset,
               "sampler setting: r1 (T 0.6, top_p 0.95, cap 32768; the default with --bench) or "
               "tldr-paper (T 0.7, cap 8192); with --bench the number of samples too. What is "
               "given beside it wins");
  settings.choices({"r1", "tldr-paper"});
  settings.add("limit", &limit, "take only the first problems of each file; 0: all").range(0, 1e12);
  settings.add("instruction", &instruction,
               "line added to the user turn of a problem. Default: the benchmark's, else none");
  settings.add("answer_from", &answer_from,
               "where a reply's answer stands, tried in order: box, hashes, phrase, choice, math, "
               "number, whole. Default with --bench: the benchmark's");
  settings.metavar("PLACES").advanced();
  settings.add("count_thinking", &count_thinking,
               "an answer inside <think> counts too. Default with --preset tldr-paper and --bench: "
               "yes, as in that paper");
  settings.advanced();
  settings.add("bad_rows", &bad_rows,
               "fail | skip | quarantine=PATH. Default with --bench: skip, which is said");
  settings.metavar("WHAT").advanced();
}

std::vector<EvalTask> read_eval_tasks(const EvalSource& source, const Settings& all) {
  require(source.data.empty() != source.bench.empty(), ErrorKind::kUsage,
          "laconic eval: expected --data FILE or --bench NAMES, got ",
          source.data.empty() ? "neither" : "both");
  std::vector<EvalTask> tasks;
  if (!source.data.empty()) {
    tasks.push_back(read_task(source, all, nullptr));
    return tasks;
  }
  check_distinct(source.bench);
  std::vector<const Benchmark*> chosen;  // every name is known before a file is read
  for (const std::string& name : source.bench) chosen.push_back(&find_benchmark(name));
  for (const Benchmark* benchmark : chosen) tasks.push_back(read_task(source, all, benchmark));
  return tasks;
}

}  // namespace laconic
