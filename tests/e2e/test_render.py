"""laconic render: messages to prompts, by template file and by model folder.

SPDX-License-Identifier: Apache-2.0
"""
import json
import shutil

import laconic_test
from laconic_test import EXIT_DATA, EXIT_MODEL, EXIT_USAGE

TEMPLATE = ("{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
            "{% if add_generation_prompt %}[go]{% endif %}{% if tools %}{{ tools | tojson }}{% endif %}{{ mood }}")
MESSAGES = [{"role": "user", "content": "héllo"}]


class Render(laconic_test.TestCase):
    def render(self, row, *args, **kwargs):
        path = self.write("t.jinja", kwargs.pop("template", TEMPLATE))
        return self.rows(self.laconic("render", *args, path, stdin=json.dumps(row) + "\n"))[0]

    def test_passes_fields_through_and_adds_text(self):
        row = {"id": 7, "messages": MESSAGES, "add_generation_prompt": True, "tools": [{"é": 1}],
               "kwargs": {"mood": "!", "bos_token": "<s>"}}
        self.assertEqual(self.render(row), {**row, "text": '<s>[user]héllo[go][{"é": 1}]!'})

    def test_generation_prompt_is_the_rows_own_or_the_options(self):
        self.assertEqual(self.render({"messages": MESSAGES})["text"], "[user]héllo")
        self.assertEqual(self.render({"messages": MESSAGES}, "--generation-prompt")["text"], "[user]héllo[go]")
        row = {"messages": MESSAGES, "add_generation_prompt": False}
        self.assertEqual(self.render(row, "--generation-prompt")["text"], "[user]héllo")

    def test_what_rows_of_training_take_is_taken(self):
        row = {"messages": MESSAGES, "tools": "[{\"a\": 1}]", "chat_template_kwargs": {"mood": "!"}}
        self.assertEqual(self.render(row)["text"], '[user]héllo[{"a": 1}]!')
        self.assertIn("kwargs.mood: expected one value", self.error(
            "render", "t.jinja", stdin=json.dumps({**row, "kwargs": {"mood": "?"}}) + "\n", code=EXIT_DATA))

    def test_reasoning_and_calls_have_one_rendering(self):
        call = {"function": {"name": "f", "arguments": {"x": 1}}}
        text_call = {"function": {"name": "f", "arguments": "{\"x\":1}"}}
        plain = "{% for m in messages %}[{{ m.content }}]{% for c in m.tool_calls or [] %}{{ c.function.name }}"
        for template, expected in ((plain + "{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}", '[q][]f{"x": 1}'),
                                   (plain + "{{ c.function.arguments + '' }}{% endfor %}{% endfor %}", '[q][]f{"x": 1}'),
                                   ("{% for m in messages %}{% if m.content is none %}{% for c in m.tool_calls %}"
                                    "{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}{% else %}"
                                    "[{{ m.content }}]{% endif %}{% endfor %}", '[q]f{"x": 1}')):
            for reply in ({"content": None, "tool_calls": [call]}, {"tool_calls": [text_call]},
                          {"content": "", "tool_calls": [text_call]}):
                messages = [{"role": "user", "content": "q"}, {"role": "assistant", **reply}]
                self.assertEqual(self.render({"messages": messages}, template=template)["text"], expected)
        for name in ("reasoning_content", "reasoning", "thinking"):
            messages = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "4", name: "add"}]
            self.assertEqual(self.render({"messages": messages})["text"],
                             "[user]q[assistant]<think>\nadd\n</think>\n\n4")
            shown = "{% for m in messages %}{{ m.content }}{{ m.thinking }}{% endfor %}"
            self.assertEqual(self.render({"messages": messages}, template=shown)["text"], "q4add")
        self.assertIn("messages[0].content: expected text, got null", self.error(
            "render", "t.jinja", stdin='{"messages": [{"role": "user", "content": null}]}\n', code=EXIT_DATA))

    def test_errors_name_the_place(self):
        bad = self.write("bad.jinja", "a\n{% inclued 'x' %}")
        self.assertIn("bad.jinja:2:4: expected a statement that laconic knows", self.error(
            "render", bad, code=EXIT_MODEL))
        met = self.write("met.jinja", "a\n{% include 'x' %}")
        self.assertIn("met.jinja:2:4: expected a template that stands by itself", self.error(
            "render", met, stdin=json.dumps({"messages": MESSAGES}) + "\n", code=EXIT_DATA))
        path = self.write("t.jinja", "{{ raise_exception('no system turn') }}")
        self.assertIn("no system turn", self.error(
            "render", path, stdin=json.dumps({"messages": MESSAGES}) + "\n", code=EXIT_DATA))
        self.assertIn("messages", self.error("render", path, stdin="{}\n", code=EXIT_DATA))
        self.error("render", "--ids", path, code=EXIT_USAGE)

    def test_model_folder(self):
        source = self.shared_data("tokenizers/deepseek-r1-distill-qwen")
        folder = self.folder / "model"
        folder.mkdir()
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(source / name, folder / name)
        row = {"messages": [{"role": "user", "content": "x"}], "add_generation_prompt": True}
        got = self.rows(self.laconic("render", "--ids", folder, stdin=json.dumps(row) + "\n"))[0]
        self.assertEqual(got["text"], "<｜begin▁of▁sentence｜><｜User｜>x<｜Assistant｜><think>\n")
        self.assertEqual(got["ids"], [151646, 151644, 87, 151645, 151648, 198])


laconic_test.main()
