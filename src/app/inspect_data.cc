// SPDX-License-Identifier: Apache-2.0
#include "app/inspect_data.h"

#include <iomanip>

#include "app/training_rows.h"
#include "base/error.h"
#include "base/printable.h"
#include "text/tokenizer.h"

namespace laconic {
namespace {

constexpr const char* kNumbers[] = {"line", "num_tokens", "num_prompt_tokens", "num_targets"};

TokenizedRow tokenize(const DataRowRequest& request, const TrainingRow& row,
                      const PromptBuilder& builder, const std::string& place) {
  RowLimits limits;
  limits.instruction = request.instruction;
  limits.turns = parse_turn_policy(request.turns);
  try {
    return tokenize_row(row, builder, limits);
  } catch (const Error& error) {
    fail(error.kind(), place, ": ", error.what());
  }
}

}  // namespace

Json data_row_facts(const DataRowRequest& request) {
  const SourceRows source({"", request.path, request.field, ""});
  const RowFile& file = source.file();
  require(request.row <= file.size(), ErrorKind::kData, file.shown(), ": expected a row ",
          request.row, ", got ", file.size(), " rows");
  const TrainingRow row = source.parse(request.row - 1);
  const PromptBuilder builder = PromptBuilder::from_folder(request.model);
  const TokenizedRow tokenized = tokenize(request, row, builder, file.place(request.row - 1));
  const Tokenizer& tokenizer = builder.tokenizer();
  const auto num_tokens = static_cast<int64_t>(tokenized.ids.size());
  Json facts = Json::object();
  facts["file"] = file.shown();
  facts["form"] = file.form();
  facts["line"] = row.line;
  facts["shape"] = row.shape;
  facts["id"] = row.id;
  facts["num_tokens"] = num_tokens;
  facts["num_prompt_tokens"] = tokenized.num_prompt_tokens;
  facts["num_targets"] = tokenized.num_targets();
  if (!tokenized.note.empty()) facts["note"] = tokenized.note;
  std::string unused;
  for (const std::string& name : unused_members(row, builder))
    unused += (unused.empty() ? "" : ", ") + name;
  if (!unused.empty()) facts["unused"] = unused;
  facts["text"] = tokenizer.decode(tokenized.ids);
  Json ids = Json::array(), mask = Json::array(), tokens = Json::array();
  for (size_t i = 0; i < tokenized.ids.size(); ++i) {
    ids.push_back(int64_t{tokenized.ids[i]});
    mask.push_back(tokenized.is_target(static_cast<int64_t>(i)) ? 1 : 0);
    tokens.push_back(tokenizer.decode(std::span(tokenized.ids).subspan(i, 1)));
  }
  facts["ids"] = std::move(ids);
  facts["loss_mask"] = std::move(mask);
  facts["tokens"] = std::move(tokens);
  return facts;
}

std::string data_row_text(const Json& facts) {
  const std::string place = "facts";
  std::ostringstream out;
  out << std::left;
  for (const char* name : {"file", "form", "shape", "id", "note", "unused"})
    if (const Json* text = facts.find(name))
      out << std::setw(20) << name << ' ' << printable(text->as_string(place)) << '\n';
  for (const char* name : kNumbers)
    out << std::setw(20) << name << ' ' << facts.at(name, place).as_integer(place) << '\n';
  out << "position      id  trained on (+) and text\n" << std::right;
  const Json::Array& ids = facts.at("ids", place).as_array(place);
  const Json::Array& mask = facts.at("loss_mask", place).as_array(place);
  const Json::Array& tokens = facts.at("tokens", place).as_array(place);
  for (size_t i = 0; i < ids.size(); ++i)
    out << std::setw(8) << i << std::setw(8) << ids[i].as_integer(place) << "  "
        << (mask[i].as_integer(place) ? "+ " : "  ") << tokens[i].dump() << '\n';
  return out.str();
}

}  // namespace laconic
