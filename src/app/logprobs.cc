// laconic logprobs: token ids to their log-probabilities, JSONL in, JSONL out.
// SPDX-License-Identifier: Apache-2.0
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "app/adapted_model.h"
#include "app/commands.h"
#include "app/row_writer.h"
#include "base/error.h"
#include "base/settings.h"
#include "data/rows.h"
#include "nn/decoder.h"
#include "nn/model_folder.h"

namespace laconic {
namespace {

// Rows are run together up to this many tokens.
constexpr size_t kBatchTokens = 4096;

struct IdsRow {
  Json row;
  std::vector<int32_t> ids;
};

std::vector<int32_t> ids_of(const Json& row, const std::string& place, int64_t vocab_size) {
  std::vector<int32_t> ids;
  for (const Json& value : row.at("ids", place).as_array(place + ": ids")) {
    const int64_t id = value.as_integer(place + ": ids");
    require(id >= 0 && id < vocab_size, ErrorKind::kData, place, ": ids: expected ids below ",
            vocab_size, ", got ", id);
    ids.push_back(static_cast<int32_t>(id));
  }
  require(!ids.empty(), ErrorKind::kData, place, ": ids: expected at least 1 id, got none");
  return ids;
}

TokenBatch batch_of(const std::vector<IdsRow>& rows) {
  TokenBatch batch;
  batch.cu_seqlens.push_back(0);
  for (const IdsRow& row : rows) {
    batch.ids.insert(batch.ids.end(), row.ids.begin(), row.ids.end());
    batch.targets.insert(batch.targets.end(), row.ids.begin() + 1, row.ids.end());
    batch.targets.push_back(-1);
    batch.cu_seqlens.push_back(static_cast<int32_t>(batch.ids.size()));
  }
  return batch;
}

// The best n ids of one position, best first, lower id first on a tie: [[id, logprob], ...].
Json best_of(const float* logits, int64_t vocab_size, int64_t n) {
  std::vector<int32_t> order(static_cast<size_t>(vocab_size));
  std::iota(order.begin(), order.end(), 0);
  const auto end = order.begin() + std::min(n, vocab_size);
  std::partial_sort(order.begin(), end, order.end(), [&](int32_t a, int32_t b) {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
  });
  const double max = logits[order[0]];
  double sum = 0;
  for (int64_t i = 0; i < vocab_size; ++i) sum += std::exp(logits[i] - max);
  Json best = Json::array();
  for (auto id = order.begin(); id != end; ++id) {
    Json pair = Json::array();
    pair.push_back(int64_t{*id});
    pair.push_back(logits[*id] - max - std::log(sum));
    best.push_back(std::move(pair));
  }
  return best;
}

void write_batch(Decoder& decoder, std::vector<IdsRow>& rows, int64_t num_top, RowWriter& out) {
  const std::vector<float> logprobs = decoder.target_logprobs(batch_of(rows));
  size_t begin = 0;
  for (IdsRow& row : rows) {
    Json values = Json::array();
    for (size_t i = 0; i + 1 < row.ids.size(); ++i) values.push_back(double{logprobs[begin + i]});
    begin += row.ids.size();
    row.row["logprobs"] = std::move(values);
    if (num_top > 0) {
      const at::Tensor logits = decoder.full_logits(batch_of({row}));
      Json top = Json::array();
      for (size_t i = 0; i + 1 < row.ids.size(); ++i)
        top.push_back(
            best_of(logits.const_data_ptr<float>() + static_cast<int64_t>(i) * logits.size(1),
                    logits.size(1), num_top));
      row.row["top_logprobs"] = std::move(top);
    }
    out.write(row.row);
  }
  rows.clear();
}

}  // namespace

int run_logprobs(Arguments arguments) {
  std::string model_folder, adapter, input = "-", output = "-", bad_rows_text = "fail";
  int64_t num_top = 0;
  Settings settings(
      "laconic logprobs",
      "Log-probabilities of token ids: log p of ids[1..] given those before, natural log.");
  settings.positional("MODEL", &model_folder, "model folder").model().existing();
  settings.alias("model_name_or_path").required();
  settings.add("adapter", &adapter, kAdapterHelp).folder().existing();
  settings.add("input", &input,
               "JSONL file with ids, - for stdin; further fields are passed through");
  settings.file().existing().alias("data");
  settings.add("output", &output, "JSONL file for the rows with logprobs, - for stdout");
  settings.file().alias("out");
  settings.add("top_logprobs", &num_top,
               "add the N most likely ids of each position as [id, logprob]; 0: none");
  settings.range(0, 1000);
  settings.add("bad_rows", &bad_rows_text,
               "a row that cannot be read: fail, skip or quarantine=PATH");
  settings.metavar("WHAT").advanced();
  settings.example("echo '{\"ids\": [1, 2, 3]}' | laconic logprobs models/world-long");
  if (!settings.parse(arguments)) return 0;

  const std::string text = read_input(input);
  const Weights weights = load_adapted_model(model_folder, adapter).weights;
  Decoder decoder(weights);
  BadRows bad_rows(parse_bad_row_policy(bad_rows_text));
  RowWriter out(output);
  std::vector<IdsRow> rows;
  size_t num_tokens = 0;
  const std::string shown = input == "-" ? "stdin" : input;
  for_each_line(text, [&](int64_t line, std::string_view row_text) {
    const std::string place = cat(shown, ":", line);
    try {
      Json row = Json::parse(row_text, place);
      row.as_object(place);
      auto ids = ids_of(row, place, weights.config.vocab_size);
      num_tokens += ids.size();
      rows.push_back({std::move(row), std::move(ids)});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kData) throw;
      bad_rows.add(shown, line, row_text, error.what());
    }
    if (num_tokens < kBatchTokens) return;
    write_batch(decoder, rows, num_top, out);
    num_tokens = 0;
  });
  if (!rows.empty()) write_batch(decoder, rows, num_top, out);
  bad_rows.close();
  out.close();
  return 0;
}

}  // namespace laconic
