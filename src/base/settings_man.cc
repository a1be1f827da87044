// A command's manual page in roff, man(7) macros, from the fields that --help shows.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/settings.h"

namespace laconic {

std::string roff_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\'')
      out += "\\(aq";
    else if (c == '`')
      out += "\\(ga";
    else if (c == '^')
      out += "\\(ha";
    else if (c == '~')
      out += "\\(ti";
    else if (c == '.' && (out.empty() || out.back() == '\n'))
      out += "\\&.";
    else
      out += c;
  }
  return out;
}

std::string roff_title(const std::string& page) {
  std::string name = page;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return ".TH \"" + roff_text(name) + "\" 1 \"\" \"laconic " LACONIC_VERSION "\" \"laconic\"\n";
}

std::string Settings::man_page() const {
  std::string page = command_;  // "laconic sft" -> laconic-sft
  std::replace(page.begin(), page.end(), ' ', '-');
  std::string out = roff_title(page);
  out += ".SH NAME\n" + roff_text(page) + " \\- " + roff_text(summary_) + "\n";
  out += ".SH SYNOPSIS\n.nf\n" + roff_text(usage_line()) + "\n.fi\n";
  const auto entry = [&](const std::string& label, const std::string& text) {
    out += ".TP\n.B " + roff_text(label) + "\n" + roff_text(text) + "\n";
  };
  std::string group;
  for (const Field& field : fields_) {
    if (field.group != group) {
      group = field.group;
      std::string title = group;
      std::transform(title.begin(), title.end(), title.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      out += ".SH \"" + roff_text(title) + "\"\n";
    }
    entry(help_label(field), help_text(field));
  }
  out += ".SH COMMON OPTIONS\n";
  entry("--config FILE", "Settings from a YAML file; the command line goes before it.");
  entry("--print-config", "Print the resolved settings as YAML and stop.");
  entry("-h, --help", "The options that most runs need.");
  entry("--help-all", "All options.");
  if (!examples_.empty()) out += ".SH EXAMPLES\n";
  for (size_t i = 0; i < examples_.size(); ++i)
    out += (i > 0 ? ".PP\n" : "") + std::string(".nf\n") + roff_text(examples_[i]) + "\n.fi\n";
  return out + ".SH SEE ALSO\n.BR laconic (1)\n";
}

}  // namespace laconic
