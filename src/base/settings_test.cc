// SPDX-License-Identifier: Apache-2.0
#include "base/settings.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "base/error.h"
#include "base/json.h"

namespace laconic {
namespace {

struct Example {
  std::string model, device = "cpu", note;
  int64_t num_steps = 100;
  double learning_rate = 1e-5;
  bool resume = true, packed = false;
  std::vector<std::string> stop;
};

Settings make_settings(Example* e) {
  Settings settings("laconic try", "Tries things.");
  settings.positional("FILE", &e->note, "a file");
  settings.add("model", &e->model, "model folder").required().alias("model_name_or_path");
  settings.add("device", &e->device, "where to run").choices({"cpu", "cuda"});
  settings.group("Optimizer");
  settings.add("num_steps", &e->num_steps, "updates")
      .range(1, std::numeric_limits<double>::infinity())
      .alias("max_steps");
  settings.add("learning_rate", &e->learning_rate, "peak rate").range(0, 1);
  settings.add("resume", &e->resume, "go on where a run ended");
  settings.add("packed", &e->packed, "pack rows");
  settings.add("stop", &e->stop, "stop strings");
  return settings;
}

std::string write_yaml(const std::string& text) {
  const std::string path = testing::TempDir() + "/settings_test.yaml";
  std::ofstream(path) << text;
  return path;
}

// The message of the usage error that these arguments cause.
std::string error_of(const std::vector<std::string>& args) {
  Example example;
  Settings settings = make_settings(&example);
  try {
    settings.parse(args);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "no error";
}

TEST(Settings, ReadsEachKindOfField) {
  Example e;
  Settings settings = make_settings(&e);
  EXPECT_TRUE(settings.parse(std::vector<std::string>{
      "--model", "m", "--num-steps=7", "--learning_rate", "2e-3", "--no-resume", "--packed",
      "f.txt", "--stop", "a,b", "--stop", "c"}));
  EXPECT_EQ(e.model, "m");
  EXPECT_EQ(e.num_steps, 7);
  EXPECT_EQ(e.learning_rate, 2e-3);
  EXPECT_FALSE(e.resume);
  EXPECT_TRUE(e.packed);
  EXPECT_EQ(e.note, "f.txt");
  EXPECT_EQ(e.stop, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(settings.given("num-steps"));
  EXPECT_FALSE(settings.given("device"));
}

TEST(Settings, CommandLineBeatsFileBeatsDefault) {
  const std::string path = write_yaml(
      "model_name_or_path: from-file\nmax_steps: 5\nlearning_rate: 1e-4\nresume: no\ndevice: ~\n"
      "stop: [x, \"y,z\"]\n");
  Example e;
  Settings settings = make_settings(&e);
  settings.parse(std::vector<std::string>{"--num-steps", "9", "--config", path});
  EXPECT_EQ(e.model, "from-file");
  EXPECT_EQ(e.num_steps, 9);
  EXPECT_EQ(e.learning_rate, 1e-4);
  EXPECT_FALSE(e.resume);
  EXPECT_EQ(e.device, "cpu");
  EXPECT_EQ(e.stop, (std::vector<std::string>{"x", "y,z"}));
  EXPECT_TRUE(settings.given("learning_rate"));
  EXPECT_FALSE(settings.given("device"));
}

TEST(Settings, TheLastOfTwoCounts) {
  Example e;
  Settings settings = make_settings(&e);
  settings.parse(std::vector<std::string>{"--model", "a", "--model-name-or-path", "b", "--resume",
                                          "--no-resume"});
  EXPECT_EQ(e.model, "b");
  EXPECT_FALSE(e.resume);
}

TEST(Settings, ValuesMayBeginWithAHyphen) {
  Example e;
  Settings settings = make_settings(&e);
  settings.parse(std::vector<std::string>{"--model", "-5", "--", "--odd-name"});
  EXPECT_EQ(e.model, "-5");
  EXPECT_EQ(e.note, "--odd-name");
}

TEST(Settings, ErrorsNameWhatWasExpectedAndGot) {
  EXPECT_EQ(error_of({"--lerning-rate", "1"}),
            "laconic try: expected an option, got \"--lerning-rate\" (did you mean "
            "--learning-rate?)");
  EXPECT_EQ(error_of({"--zzzzzz"}),
            "laconic try: expected an option, got \"--zzzzzz\" (see --help)");
  EXPECT_EQ(error_of({"--num-steps", "ten"}), "--num-steps: expected an integer, got \"ten\"");
  EXPECT_EQ(error_of({"--num-steps", "1.5"}), "--num-steps: expected an integer, got \"1.5\"");
  EXPECT_EQ(error_of({"--num-steps", "0"}), "--num-steps: expected at least 1, got 0");
  EXPECT_EQ(error_of({"--learning-rate", "2"}),
            "--learning-rate: expected a number from 0 to 1, got 2");
  EXPECT_EQ(error_of({"--learning-rate", "nan"}),
            "--learning-rate: expected a number, got \"nan\"");
  EXPECT_EQ(error_of({"--device", "gpu"}), "--device: expected one of cpu, cuda, got \"gpu\"");
  EXPECT_EQ(error_of({"--model"}), "--model: expected a value, got none");
  EXPECT_EQ(error_of({"--packed=maybe"}), "--packed: expected true or false, got \"maybe\"");
  EXPECT_EQ(error_of({"--no-packed=true"}), "--no-packed: expected no value, got \"true\"");
  EXPECT_EQ(error_of({"a", "b"}), "laconic try: expected one FILE, got \"a\" and \"b\"");
  EXPECT_EQ(error_of({}), "laconic try: expected --model TEXT, got none (see --help)");
}

TEST(Settings, FileErrorsNameTheLine) {
  const auto error = [](const std::string& yaml) {
    const std::string message = error_of({"--config", write_yaml(yaml)});
    return message.substr(message.rfind(".yaml") + 5);
  };
  EXPECT_EQ(error("model: m\nlerning_rate: 1\n"),
            ":2: expected a setting of laconic try, got \"lerning_rate\" (did you mean "
            "learning_rate?)");
  EXPECT_EQ(error("num_steps: many\n"), ":1: num_steps: expected an integer, got \"many\"");
  EXPECT_EQ(error("model: [a]\n"), ":1: model: expected one value, got a list");
  EXPECT_EQ(error("stop: {a: b}\n"), ":1: stop: expected a list, got a map");
  EXPECT_EQ(error("model: a\nmodel_name_or_path: b\n"), ":2: expected model once, got it again");
  EXPECT_EQ(error("- a\n"), ": expected a map of settings, got a list");
  EXPECT_NE(error("a: [1\n").find("expected YAML, got an error"), std::string::npos);
}

TEST(Settings, ResolvedYamlReadsBackTheSame) {
  Example e;
  Settings settings = make_settings(&e);
  settings.parse(std::vector<std::string>{"--model", "null", "--learning-rate", "0.1",
                                          "--no-resume", "--stop", "a: b,#c,\"quoted\"",
                                          "it's\n\"odd\""});
  const std::string yaml = settings.to_yaml();
  Example again;
  Settings reader = make_settings(&again);
  reader.parse(std::vector<std::string>{"--config", write_yaml(yaml)});
  EXPECT_EQ(again.model, "null");
  EXPECT_EQ(again.learning_rate, 0.1);
  EXPECT_FALSE(again.resume);
  EXPECT_EQ(again.stop, e.stop);
  EXPECT_EQ(again.note, "it's\n\"odd\"");
  EXPECT_EQ(reader.to_yaml(), yaml);
  EXPECT_EQ(reader.to_json(), settings.to_json());
  EXPECT_FALSE(reader.given("num_steps")) << "a default in a file is not a choice";
  EXPECT_TRUE(reader.given("learning_rate"));
}

TEST(Settings, JsonHoldsEveryField) {
  Example e;
  Settings settings = make_settings(&e);
  settings.parse(std::vector<std::string>{"--model", "m", "--stop", "x"});
  EXPECT_EQ(settings.to_json().dump(),
            "{\"file\": \"\", \"model\": \"m\", \"device\": \"cpu\", \"num_steps\": 100, "
            "\"learning_rate\": 1e-05, \"resume\": true, \"packed\": false, \"stop\": [\"x\"]}");
}

TEST(Settings, HelpFitsAndNamesEveryField) {
  Example e;
  const Settings settings = make_settings(&e);
  const std::string help = settings.help(60, false);
  for (const char* part : {"[--file] FILE", "--model TEXT", "--device NAME", "one of cpu, cuda",
                           "Optimizer:", "--num-steps N", "default 100", "--packed", "--stop A,B"})
    EXPECT_NE(help.find(part), std::string::npos) << part;
  size_t begin = 0;
  while (begin < help.size()) {
    const size_t end = help.find('\n', begin);
    EXPECT_LE(end - begin, 60u) << help.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST(Settings, AListOfPositionalWords) {
  std::vector<std::string> runs;
  Settings settings("laconic try", "Tries things.");
  settings.positional("RUNS", &runs, "run folders").required();
  settings.example("laconic try a-long-folder another-long-folder a-third-long-folder more");
  settings.parse(std::vector<std::string>{"a", "b,c"});
  EXPECT_EQ(runs, (std::vector<std::string>{"a", "b,c"}));
  const std::string help = settings.help(60, false);
  EXPECT_NE(help.find("Usage: laconic try [options] RUNS...\n"), std::string::npos) << help;
  EXPECT_NE(help.find("\n  laconic try a-long-folder another-long-folder \\\n      a-third"),
            std::string::npos)
      << help;
}

// The text says what the flag does; the label is right for both of its forms.
TEST(Settings, HelpOfAFlagThatIsOnIsNotInverted) {
  Example e;
  const std::string help = make_settings(&e).help(80, false);
  EXPECT_NE(help.find("  --[no-]resume             go on where a run ended (default on)\n"),
            std::string::npos)
      << help;
  EXPECT_NE(help.find("  --packed                  pack rows\n"), std::string::npos) << help;
}

TEST(Settings, SeveralPositionalWordsAreFilledInOrder) {
  std::string gold, answer;
  std::vector<std::string> more;
  const auto parse = [&](const std::vector<std::string>& args) {
    gold = answer = "";
    more = {};
    Settings settings("laconic try", "Tries things.");
    settings.positional("GOLD", &gold, "the right one");
    settings.positional("ANSWER", &answer, "the given one");
    settings.positional("MORE", &more, "others");
    settings.parse(args);
  };
  parse({"1/2", "0.5", "x", "y"});
  EXPECT_EQ(gold, "1/2");
  EXPECT_EQ(answer, "0.5");
  EXPECT_EQ(more, (std::vector<std::string>{"x", "y"}));
  parse({"-3", "-\\frac12"});
  EXPECT_EQ(gold, "-3") << "no option begins with a digit";
  EXPECT_EQ(answer, "-\\frac12");
  parse({"--gold", "1/2", "0.5"});
  EXPECT_EQ(gold, "1/2") << "an option fills its word";
  EXPECT_EQ(answer, "0.5");
}

TEST(Settings, HelpSaysHowManyOptionsItLeavesOut) {
  std::string model, data, keep;
  int64_t steps = 1, slots = 2;
  Settings settings("laconic try", "Tries things.");
  settings.positional("MODEL", &model, "a model").model().required().advanced();
  settings.add("data", &data, "rows").file();
  settings.add("steps", &steps, "steps").advanced();
  settings.advanced_group("Rarely").add("slots", &slots, "slots");
  settings.group("Often").add("keep", &keep, "what").metavar("LOW-HIGH");
  const std::string basic = settings.help(80, false), all = settings.help(80, true);
  EXPECT_NE(basic.find("--help-all                this page and 2 options more"), std::string::npos)
      << basic;
  EXPECT_EQ(basic.find("--steps"), std::string::npos);
  EXPECT_EQ(basic.find("Rarely"), std::string::npos) << "a heading of nothing";
  EXPECT_NE(basic.find("MODEL"), std::string::npos) << "what is required is never hidden";
  for (const char* part : {"--steps N", "Rarely:", "--slots N", "--data FILE", "--keep LOW-HIGH"})
    EXPECT_NE(all.find(part), std::string::npos) << part;
  Example none;
  EXPECT_EQ(make_settings(&none).help(80, false).find("--help-all"), std::string::npos);
}

TEST(Settings, APathThatIsNotThereIsRefusedAtOnce) {
  const auto error = [](const std::vector<std::string>& args) -> std::string {
    std::string model, data, run;
    Settings settings("laconic try", "Tries things.");
    settings.positional("MODEL", &model, "a model").model().existing();
    settings.add("data", &data, "rows").file().existing();
    settings.add("run", &run, "a run").folder().existing();
    try {
      settings.parse(args);
    } catch (const Error& caught) {
      EXPECT_EQ(caught.kind(), ErrorKind::kUsage);
      return caught.what();
    }
    return "";
  };
  EXPECT_EQ(error({"no/model/here"}),
            "MODEL: expected a model folder, got no/model/here, which does not exist (to fetch "
            "one: hf download ORG/NAME --local-dir no/model/here)");
  EXPECT_NE(error({"Qwen/Qwen2.5-7B"}).find("hf download Qwen/Qwen2.5-7B --local-dir"),
            std::string::npos);
  EXPECT_EQ(error({"--data", "none.jsonl"}),
            "--data: expected a file, got none.jsonl, which does not exist");
  EXPECT_EQ(error({"--data", "/"}), "--data: expected a file, got /, which is a folder");
  const std::string file = write_yaml("a: b\n");
  EXPECT_EQ(error({"--run", file}), "--run: expected a folder, got " + file + ", which is a file");
  EXPECT_EQ(error({"--data", "-"}), "") << "stdin";
  EXPECT_EQ(error({"--data", file, "--run", testing::TempDir()}), "");
  EXPECT_EQ(error({"--data", "none.jsonl", "--print-config"}), "") << "nothing is read";
}

TEST(Settings, ManPageAndCompletionNameEveryField) {
  Example e;
  const Settings settings = make_settings(&e);
  const std::string man = settings.man_page(), bash = settings.completion("bash"),
                    zsh = settings.completion("zsh"), fish = settings.completion("fish");
  for (const char* name : {"model", "device", "num-steps", "learning-rate", "packed", "stop"}) {
    const std::string option = std::string("--") + name;
    EXPECT_NE(man.find(roff_text(option)), std::string::npos) << name;
    EXPECT_NE(bash.find(option), std::string::npos) << name;
    EXPECT_NE(zsh.find(option), std::string::npos) << name;
    EXPECT_NE(fish.find(std::string(" -l ") + name), std::string::npos) << name;
  }
  EXPECT_NE(bash.find("--device) takes_value=1 kind= values='cpu cuda'"), std::string::npos)
      << bash;
  EXPECT_NE(bash.find("--model|--model-name-or-path)"), std::string::npos) << bash;
  EXPECT_THROW(settings.completion("csh"), Error);
  EXPECT_EQ(roff_text(".a-b\\"), "\\&.a\\-b\\e");
}

TEST(Settings, WrapBreaksAtSpaces) {
  EXPECT_EQ(wrap_text("one two three", 2, 9, 2), "one two\n  three");
  EXPECT_EQ(wrap_text("unbreakable", 2, 5, 2), "unbreakable");
}

}  // namespace
}  // namespace laconic
