// One function a command; main.cc holds the table of names and maps errors to exit codes.
// Each takes the arguments after the command's name and returns the exit code.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace laconic {

using Arguments = std::span<const std::string>;

int run_adapter(Arguments arguments);
int run_chat(Arguments arguments);
int run_convert(Arguments arguments);
int run_doctor(Arguments arguments);
int run_eval(Arguments arguments);
int run_generate(Arguments arguments);
int run_inspect(Arguments arguments);
int run_logprobs(Arguments arguments);
int run_plan(Arguments arguments);
int run_render(Arguments arguments);
int run_report(Arguments arguments);
int run_select(Arguments arguments);
int run_sft(Arguments arguments);
int run_tldr(Arguments arguments);
int run_tokenize(Arguments arguments);
int run_verify(Arguments arguments);
int run_world(Arguments arguments);

}  // namespace laconic
