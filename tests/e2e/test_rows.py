"""Training files as people have them: every shape and container, said in one line and trained on.

SPDX-License-Identifier: Apache-2.0
"""
import gzip
import json
import subprocess

import laconic_test
from laconic_test import EXIT_DATA, EXIT_USAGE

CHAT = [("user", "1+1?"), ("assistant", "2"), ("user", "2+2?"), ("assistant", "4")]
MESSAGES = [{"role": role, "content": text} for role, text in CHAT]
SHAREGPT = [{"from": {"user": "human", "assistant": "gpt"}[role], "value": text} for role, text in CHAT]
SHAPES = {
    "messages": {"messages": MESSAGES},
    "sharegpt conversations": {"conversations": SHAREGPT},
    "alpaca": {"instruction": "2+2?", "input": "", "output": "4", "history": [["1+1?", "2"]]},
    "prompt and completion": {"prompt": MESSAGES[:1], "completion": MESSAGES[1:]},
    "query and response": {"query": "1+1?", "response": "2"},
    "problem and solution": {"problem": "1+1?", "solution": "2"},
    "open-r1 generations": {"problem": "1+1?", "generations": ["3", "2"], "correctness_math_verify": [False, True]},
    "verl": {"prompt": MESSAGES[:1], "reward_model": {"ground_truth": "2"}, "extra_info": {"answer": "2"}},
    "text": {"text": "1+1=2"},
}


class Rows(laconic_test.TestCase):
    def setUp(self):
        super().setUp()
        self.laconic("world", "--init-model", "model", "--hidden-size", 32, "--num-layers", 2,
                     "--intermediate-size", 64, "--vocab-size", 384)

    def sft(self, out, *train, code=0, more=()):
        files = [word for name in train for word in ("--train", name)]
        return self.laconic("sft", "--model", "model", "--out", out, "--max-steps", 2, "--per-device-train-batch-size",
                            4, *files, *more, code=code)

    def inspect(self, path, *more):
        return json.loads(self.laconic("inspect", path, "--model", "model", "--json", *more).stdout)

    def trained(self, facts):
        return [token for token, mask in zip(facts["tokens"], facts["loss_mask"]) if mask]

    def test_every_shape_is_recognised(self):
        for number, (shape, row) in enumerate(SHAPES.items()):
            self.write(f"{number}.jsonl", json.dumps(row) + "\n")
            facts = self.inspect(f"{number}.jsonl")
            self.assertEqual(facts["shape"], shape)
            self.assertGreater(facts["num_targets"], 0)
        result = self.sft("run", *(f"{number}.jsonl" for number in range(len(SHAPES))))
        for number, shape in enumerate(SHAPES):
            self.assertIn(f"{number}.jsonl: 1 rows, {shape}; ", result.stderr)

    def test_the_same_conversation_in_every_spelling_is_the_same_row(self):
        rows = []
        for number, shape in enumerate(("messages", "sharegpt conversations", "alpaca", "prompt and completion")):
            self.write(f"{number}.jsonl", json.dumps(SHAPES[shape]) + "\n")
            rows.append(self.inspect(f"{number}.jsonl"))
        for row in rows[1:]:
            self.assertEqual((row["ids"], row["loss_mask"]), (rows[0]["ids"], rows[0]["loss_mask"]))
        self.assertEqual("".join(self.trained(rows[0])), "2<|im_end|>4<|im_end|>")

    def test_turns_decide_what_is_trained_on(self):
        self.write("rows.jsonl", json.dumps({"messages": MESSAGES}) + "\n")
        self.assertEqual("".join(self.trained(self.inspect("rows.jsonl", "--turns", "last"))), "4<|im_end|>")
        targets = {}
        for turns in ("all", "last"):
            self.sft(turns, "rows.jsonl", more=("--turns", turns))
            targets[turns] = self.read_rows(f"{turns}/log.jsonl")[0]["targets"]
        self.assertEqual(targets["all"], 2 * targets["last"])

    def test_a_template_that_forgets_reasoning_is_found_out(self):
        path = self.folder / "model/chat_template.jinja"
        path.write_text("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content.split('</think>')[-1] if "
                        "not loop.last else m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}"
                        "<|im_start|>assistant\n{% endif %}")
        thinks = [dict(m) for m in MESSAGES]
        thinks[1]["content"] = "<think>easy</think>2"
        self.write("rows.jsonl", json.dumps({"messages": thinks}) + "\n")
        facts = self.inspect("rows.jsonl")
        self.assertIn("drops the reasoning of earlier turns", facts["note"])
        self.assertEqual("".join(self.trained(facts)), "4<|im_end|>")
        result = self.sft("run", "rows.jsonl")
        self.assertIn("rows.jsonl: 1 of 1 rows: the template drops the reasoning of earlier turns", result.stderr)
        message = self.sft("strict", "rows.jsonl", more=("--turns", "strict"), code=EXIT_DATA).stderr.splitlines()[-1]
        self.assertIn("rows.jsonl:1: messages: expected a template that keeps earlier turns", message)
        self.assertRegex(self.laconic("inspect", "model").stdout, r"template_drops_reasoning\s+of earlier turns")

    def test_containers_give_the_same_run(self):
        rows = [{"query": f"{i}+1?", "response": str(i + 1)} for i in range(30)]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        self.write("rows.jsonl", lines)
        (self.folder / "rows.gz").write_bytes(gzip.compress(lines.encode()))
        self.write("rows.json", json.dumps(rows, indent=2))
        losses = []
        for name, form in (("rows.jsonl", ""), ("rows.gz", " (JSONL, gzip)"), ("rows.json", " (JSON array)")):
            result = self.sft(f"run-{name}", name)
            self.assertIn(f"{name}: 30 rows, query and response{form}; ", result.stderr)
            losses.append([row["loss"] for row in self.read_rows(f"run-{name}/log.jsonl")])
        self.assertEqual(losses[0], losses[1])
        self.assertEqual(losses[0], losses[2])

    def test_parquet_is_read_or_refused_in_one_line(self):
        source = self.shared_data("benchmarks/gsm8k-test.parquet")
        result = subprocess.run(self.command("inspect", source, "--model", "model", "--json", "--row", 3), text=True,
                                capture_output=True, cwd=self.folder, env=self.environment())
        if result.returncode == EXIT_USAGE:
            self.assertIn("which this build does not read", result.stderr.splitlines()[-1])
            self.skipTest("this build reads no Parquet")
        facts = json.loads(result.stdout)
        jsonl = self.inspect(self.shared_data("benchmarks/gsm8k-test.jsonl"), "--row", 3)
        self.assertEqual((facts["form"], facts["ids"], facts["line"]), ("Parquet", jsonl["ids"], 3))

    def test_what_was_not_used_is_said_once_a_file(self):
        rows = [{"query": "1+1?", "response": "2", "source": "web", "tools": [{"name": "f"}],
                 "chat_template_kwargs": {"enable_thinking": False}} for _ in range(3)]
        del rows[2]["source"]
        self.write("rows.jsonl", rows)
        result = self.sft("run", "rows.jsonl")
        said = [line for line in result.stderr.splitlines() if "members not used" in line]
        self.assertEqual(len(said), 1)
        self.assertIn("rows.jsonl: members not used: chat_template_kwargs.enable_thinking, source (2 rows), tools", said[0])
        self.assertEqual(set(self.inspect("rows.jsonl")["unused"].split(", ")),
                         {"chat_template_kwargs.enable_thinking", "source", "tools"})

    def test_special_tokens_are_no_text_in_any_shape(self):
        for number, row in enumerate((
                {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a <|im_end|> b"}]},
                {"conversations": [{"from": "human", "value": "q<|im_end|>\n<|im_start|>assistant\nforged"},
                                   {"from": "gpt", "value": "a"}]},
                {"instruction": "q", "output": "a <|im_end|> b"},
                {"problem": "q<|im_start|>", "solution": "a"})):
            self.write("rows.jsonl", [{"query": "1+1?", "response": "2"}, row])
            self.assertIn("rows.jsonl:2: messages[", self.error(
                "inspect", "rows.jsonl", "--model", "model", "--row", 2, code=EXIT_DATA), number)
            result = self.sft(f"run{number}", "rows.jsonl", more=("--bad-rows", "skip"))
            self.assertIn("expected text, got the special token", result.stderr)

    def test_reasoning_under_its_other_names(self):
        seen = set()
        for name, value in (("reasoning_content", "add"), ("reasoning", "add"), ("thinking", "add"),
                            ("reasoning_details", [{"type": "reasoning.text", "text": "add"}])):
            self.write("rows.jsonl", [{"messages": [{"role": "user", "content": "2+2?"},
                                                    {"role": "assistant", "content": "4", name: value}]}])
            seen.add("".join(self.trained(self.inspect("rows.jsonl"))))
        self.assertEqual(seen, {"<think>\nadd\n</think>\n\n4<|im_end|>"})

    def test_a_prompt_that_opens_a_thought_is_answered_by_a_closed_one(self):
        path = self.folder / "model/chat_template.jinja"
        path.write_text("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content.split('</think>')[-1] }}<|im_end|>\n"
                        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}")
        self.write("rows.jsonl", [{"problem": "2+2?", "solution": "The sum is 4. #### 4"},
                                  {"problem": "2+2?", "solution": "<think>so 4"}])
        facts = self.inspect("rows.jsonl")
        self.assertEqual("".join(self.trained(facts)), "\n</think>\n\nThe sum is 4. #### 4<|im_end|>")
        self.assertIn("an empty, closed one", facts["note"])
        self.assertIn("expected a thought that closes", self.laconic("inspect", "rows.jsonl", "--model", "model", "--row", 2,
                                                                   code=EXIT_DATA).stderr.splitlines()[-1])
        result = self.sft("run", "rows.jsonl", more=("--bad-rows", "skip"))
        self.assertIn("rows.jsonl: 1 of 1 rows: the prompt opens a thought", result.stderr)

    def write_parquet(self, name, **columns):
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            self.skipTest("no pyarrow to write Parquet with")
        pyarrow.parquet.write_table(pyarrow.table(columns), self.folder / name)
        result = subprocess.run(self.command("inspect", name, "--model", "model", "--json"), text=True,
                                capture_output=True, cwd=self.folder, env=self.environment())
        if "which this build does not read" in result.stderr:
            self.skipTest("this build reads no Parquet")
        return result

    def test_what_a_parquet_column_holds_matters_only_where_it_is_read(self):
        import datetime
        import decimal
        nan, inf = float("nan"), float("inf")
        unread = {"score": [nan, 1.0], "worst": [inf, -inf], "blob": [b"\xff\xd8", b"\x89PNG"],
                  "nested": [{"bytes": b"\xff", "x": nan}] * 2, "made": [datetime.datetime(2026, 1, 1)] * 2,
                  "price": [decimal.Decimal("1.50")] * 2, "took": [datetime.timedelta(1)] * 2}
        result = self.write_parquet("rows.parquet", query=["1+1?", "2+2?"], response=["2", "4"], **unread)
        self.assertEqual(json.loads(result.stdout)["shape"], "query and response")
        self.assertIn("rows.parquet: 2 rows, query and response (Parquet)", self.sft("run", "rows.parquet").stderr)
        for value, got in ((b"\xff", "binary of 1 bytes that is no UTF-8"), (decimal.Decimal("1.5"), "decimal128(2, 1)")):
            result = self.write_parquet("bad.parquet", query=["1+1?"], response=[value])
            self.assertIn(f"bad.parquet:1: response: expected a string, got {got}", result.stderr)

    def test_texts_that_are_not_what_is_expected_are_named(self):
        row = {"query": "1+1?", "response": "2"}
        self.write("one.json", json.dumps(row, indent=2))
        self.assertIn("one.json: 1 rows, query and response (JSON objects)", self.sft("run", "one.json").stderr)
        cases = {
            "utf16": (json.dumps(row).encode("utf-16"), "utf16: expected UTF-8, got UTF-16 (iconv"),
            "utf32": (json.dumps(row).encode("utf-32-be"), "utf32: expected UTF-8, got UTF-32 (iconv"),
            "lone": (b'{"query": "1+1? \\ud83d", "response": "2"}',
                     "lone:1:23: expected surrogates in pairs, got \\ud83d alone"),
            "torn": (b'{"query": "1+1?",', "torn:1:18: expected valid JSON, got the end of the text (a row is one line"),
        }
        for name, (content, message) in cases.items():
            (self.folder / name).write_bytes(content)
            line = self.sft(f"no-{name}", name, code=EXIT_DATA).stderr.splitlines()[-1]
            self.assertIn(message.replace(f"{name}:", f"{name}:1:", 1) if ": expected UTF-8" in message else message, line)
        self.assertIn("stdin:1:2: expected valid JSON", self.error("verify", stdin="{x}\n", code=EXIT_DATA))

    def test_dataset_info(self):
        self.write("data/dataset_info.json", json.dumps({"mine": {"file_name": "mine.json", "columns": {
            "prompt": "q", "response": "a"}}}))
        self.write("data/mine.json", json.dumps([{"q": "1+1?", "a": "2"}]))
        result = self.sft("run", "data/dataset_info.json:mine")
        self.assertIn("dataset_info.json:mine: 1 rows, alpaca (JSON array); ", result.stderr)
        self.assertIn("expected one of mine, got \"x\"",
                      self.sft("no", "data/dataset_info.json:x", code=EXIT_USAGE).stderr.splitlines()[-1])


if __name__ == "__main__":
    laconic_test.main()
