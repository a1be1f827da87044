// README.md of a published folder: YAML front matter as Hugging Face's hub reads it, then Markdown.
//
// Only what the hub can know is named in the front matter: a base model or data set by its id. Of a
// local path nothing is said there, as transformers' and TRL's cards do it (an id that is a path is
// refused by the hub); the text says it by its last name. Every text is quoted, so that none can
// change the structure. Source: huggingface_hub's ModelCardData and the hub's model card
// specification. Deterministic; no errors.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace laconic {

struct CardMetric {
  std::string type;  // the hub's name of the measure: "accuracy", "loss"
  std::string name;  // for readers
  double value = 0;  // not finite: left out
};

struct ModelCard {
  std::string name;                      // of the model, for its results; may be empty
  std::string base;                      // path or id of the base model; may be empty
  std::string relation = "finetune";     // to the base: "finetune", "adapter"
  std::string library = "transformers";  // "peft" for an adapter
  std::string licence;                   // an SPDX-like name of the hub; may be empty
  std::vector<std::string> tags;
  std::vector<std::string> data;  // paths or ids of what it was trained on
  // What was measured, on which data; without metrics there is no result.
  std::string measured_on, split = "test";
  std::vector<CardMetric> metrics;
  std::string command;  // that made it; may be empty
  std::string body;     // Markdown
};

std::string model_card_text(const ModelCard& card);

// The id of a model or data set: of a folder in the hub's cache (models--ORG--NAME/snapshots/...)
// or of a text of that form that is no path here ("ORG/NAME"); "" for any other.
std::string hub_id(const std::string& path);

// A command line that a shell reads as these arguments.
std::string shell_command(std::string_view program, const std::vector<std::string>& arguments);

}  // namespace laconic
