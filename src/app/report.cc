// laconic report: run folders -> one self-contained HTML page, and the numbers as a table on
// stdout.
// SPDX-License-Identifier: Apache-2.0
#include "eval/report.h"

#include <cstdio>

#include "app/commands.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/settings.h"

namespace laconic {

int run_report(Arguments arguments) {
  std::vector<std::string> runs;
  ReportInput input;
  std::string out;
  Settings settings("laconic report",
                    "Writes runs as one HTML page, and their numbers as a table on stdout.");
  settings.positional("RUNS", &runs, "run folders").required();
  settings.add("out", &out, "the HTML file; default: report.html in the first run's folder");
  settings.add("title", &input.title, "title of the page");
  settings
      .add("margin", &input.margin, "accuracy, as a share, that may be lost in \"equal accuracy\"")
      .range(0, 1);
  settings.add("examples", &input.num_examples, "paired replies to show for each run")
      .range(0, 100);
  settings.example("laconic report out/run1 out/run2 --out report.html");
  if (!settings.parse(arguments)) return 0;
  for (const std::string& folder : runs) input.runs.push_back(read_run(folder));
  const std::string page = write_report(input);
  if (out.empty()) out = join_path(runs[0], "report.html");
  write_file_atomic(out, page);
  std::fputs(report_table(input).c_str(), stdout);
  log_info("wrote ", out, " (", page.size() / 1024, " kB)");
  return 0;
}

}  // namespace laconic
