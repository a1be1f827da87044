// laconic report: runs and sample files side by side -> one self-contained HTML page, and the
// numbers as a table on stdout.
// SPDX-License-Identifier: Apache-2.0
#include "eval/report.h"

#include <cstdio>

#include "app/commands.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/settings.h"

namespace laconic {
namespace {

struct ReportSettings {
  std::vector<std::string> runs;
  ReportInput input;
  std::string out;
  bool markdown = false, latex = false;

  void add_to(Settings& settings) {
    settings
        .positional("RUNS", &runs,
                    "run folders, folders of `laconic eval --out`, or sample files; the first is "
                    "what the others are compared with")
        .path()
        .existing()
        .required();
    settings.add("out", &out,
                 "the HTML file; default: report.html in (or beside) the first of RUNS");
    settings.file().alias("output");
    settings.add("title", &input.title, "title of the page; default: the models");
    settings
        .add("margin", &input.margin,
             "accuracy, as a share, that may be lost in \"equal accuracy\"")
        .range(0, 1);
    settings.add("examples", &input.num_examples, "paired replies to show for each training run")
        .range(0, 100);
    settings.add("browse", &input.browse, "hold every reply in the page, to look through");
    settings
        .add("max_reply_bytes", &input.max_reply_bytes,
             "replies in the page longer than this are cut in their middle; bounds its size")
        .range(100, 1e9)
        .advanced();
    settings.add("markdown", &markdown,
                 "tables in Markdown on stdout; the page is written only with --out");
    settings.add("latex", &latex,
                 "tables in LaTeX (booktabs) on stdout; the page is written only with --out");
    settings.example("laconic report out/run1 out/run2 --out report.html");
    settings.example("laconic report base.jsonl short.jsonl --latex > table.tex");
  }
};

std::string default_out(const std::string& first) {
  return join_path(folder_exists(first) ? first : parent_path(first), "report.html");
}

}  // namespace

int run_report(Arguments arguments) {
  ReportSettings settings;
  Settings all(
      "laconic report",
      "Writes runs side by side as one HTML page, and their numbers as a table on stdout.");
  settings.add_to(all);
  if (!all.parse(arguments)) return 0;
  require(!settings.markdown || !settings.latex, ErrorKind::kUsage,
          "--latex: expected it without --markdown, got both (run the command twice)");
  for (const std::string& path : settings.runs) settings.input.runs.push_back(read_run(path));
  const bool tables_only = (settings.markdown || settings.latex) && settings.out.empty();
  const std::string out = settings.out.empty() ? default_out(settings.runs[0]) : settings.out;
  const std::string page = tables_only ? "" : write_report(settings.input);
  const std::string text = settings.markdown ? report_markdown(settings.input)
                           : settings.latex  ? report_latex(settings.input)
                                             : report_table(settings.input);
  if (!tables_only) write_file_atomic(out, page);
  print_text(text);
  if (!tables_only) log_info("wrote ", out, " (", page.size() / 1024, " kB)");
  return 0;
}

}  // namespace laconic
