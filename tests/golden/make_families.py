#!/usr/bin/env python3
"""Reference numbers for every model family and rope scaling: tests/golden/families/*/.

Made with transformers 5.23.0, torch 2.13.0 (CPU), safetensors 0.8.0.
    OMP_NUM_THREADS=1 python tests/golden/make_families.py [NAME ...]
Each folder holds a random model (config.json, model.safetensors, fp32; norms and biases random too) and
    expected.json           documents (ids, targets; -1: none), mean loss, greedy (prompt, 64 tokens, smallest lead of the
                            first choice over the second)
    logits.safetensors      "0", "1", ...: logits of each document [length, vocabulary]
    gradients.safetensors   d(mean negative log-likelihood)/d(weight), named as in model.safetensors
What these models stand for is small: the window is 8, the original context 32; the documents are shorter than both,
longer than both, and longer than a page of the cache (64). Half of the configurations are written as transformers 4
spelled them. Everything is computed from the folder as written, eager attention, fp32, a fresh model for each document
(dynamic scaling keeps state from one call to the next). A seed is taken when greedy is not decided by rounding and does
not run in a small circle; and each feature must matter: leaving it out (WITHOUT) must change the logits.
"""
import contextlib
import json
import pathlib
import re
import shutil
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent / "families"
LENGTHS = [7, 40, 90]
PROMPTS = [5, 72]
NEW_TOKENS = 64
WINDOW, CONTEXT = 8, 32
LEAD = 0.004  # 20 times the tolerance of a logit
BASE = dict(vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-6, bos_token_id=0, eos_token_id=1,
            pad_token_id=None, tie_word_embeddings=False)
PLAIN = {"rope_type": "default", "rope_theta": 100.0}
LONG = [1.0, 1.3, 1.9, 2.8, 4.1, 6.0]
SHORT = [1.0, 1.02, 1.05, 1.1, 1.15, 1.2]
YARN = {"rope_type": "yarn", "rope_theta": 1000.0, "factor": 4.0, "original_max_position_embeddings": CONTEXT,
        "beta_fast": 8.0, "beta_slow": 0.5}


def rope(**changes):
    return {**PLAIN, **changes}


# name: (class prefix, differences from BASE, spelling, differences that must matter)
MODELS = {
    "qwen2": ("Qwen2", dict(tie_word_embeddings=True, rope_parameters=PLAIN, use_sliding_window=True, sliding_window=WINDOW,
                            max_window_layers=1), 4, [dict(use_sliding_window=False)]),
    "qwen3": ("Qwen3", dict(head_dim=12, rope_parameters=PLAIN, attention_bias=True), 5, []),
    "llama3": ("Llama", dict(head_dim=12, tie_word_embeddings=True, rope_parameters=rope(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=CONTEXT)), 4, [dict(rope_parameters=PLAIN)]),
    "llama_biases": ("Llama", dict(attention_bias=True, mlp_bias=True, num_key_value_heads=1, rope_parameters=PLAIN), 5, []),
    "mistral": ("Mistral", dict(head_dim=6, sliding_window=WINDOW, rope_parameters=PLAIN), 4, [dict(sliding_window=None)]),
    "phi3": ("Phi3", dict(num_key_value_heads=4, sliding_window=WINDOW, rope_parameters=rope(partial_rotary_factor=1.0),
                          original_max_position_embeddings=256), 4, [dict(sliding_window=None)]),
    "phi3_longrope": ("Phi3", dict(
        hidden_size=32, num_attention_heads=2, num_key_value_heads=2, original_max_position_embeddings=CONTEXT,
        rope_parameters=rope(rope_type="longrope", partial_rotary_factor=0.75, short_factor=SHORT, long_factor=LONG)), 4,
        [dict(rope_parameters=rope(partial_rotary_factor=0.75))]),
    "phi4_mini": ("Phi3", dict(
        hidden_size=32, num_attention_heads=2, num_key_value_heads=1, original_max_position_embeddings=CONTEXT,
        tie_word_embeddings=True, sliding_window=262144, rope_parameters=rope(
            rope_type="longrope", partial_rotary_factor=0.75, short_factor=SHORT, long_factor=LONG)), 5,
        [dict(rope_parameters=rope(partial_rotary_factor=0.75))]),
    "gemma2": ("Gemma2", dict(head_dim=6, query_pre_attn_scalar=9, sliding_window=WINDOW, attn_logit_softcapping=1.5,
                              final_logit_softcapping=4.0, tie_word_embeddings=True, rope_parameters=PLAIN), 4,
               [dict(attn_logit_softcapping=None), dict(final_logit_softcapping=None), dict(sliding_window=256),
                dict(query_pre_attn_scalar=6)]),
    "gemma3": ("Gemma3", dict(
        head_dim=8, query_pre_attn_scalar=6, sliding_window=WINDOW, num_hidden_layers=3, tie_word_embeddings=True,
        sliding_window_pattern=2, rope_parameters={
            "sliding_attention": {"rope_type": "default", "rope_theta": 50.0},
            "full_attention": {"rope_type": "linear", "rope_theta": 500.0, "factor": 4.0}}), 4,
        [dict(sliding_window=256), dict(query_pre_attn_scalar=8)]),
    "qwen3_moe": ("Qwen3Moe", dict(
        head_dim=8, num_hidden_layers=3, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=12, norm_topk_prob=True,
        mlp_only_layers=[1], decoder_sparse_step=1, rope_parameters=PLAIN), 5, [dict(norm_topk_prob=False)]),
    "qwen3_moe_raw": ("Qwen3Moe", dict(
        head_dim=8, num_experts=4, num_experts_per_tok=3, moe_intermediate_size=12, norm_topk_prob=False,
        decoder_sparse_step=2, rope_parameters=PLAIN), 4, [dict(norm_topk_prob=True)]),
    "rope_linear": ("Llama", dict(rope_parameters=rope(rope_type="linear", factor=3.0)), 4, [dict(rope_parameters=PLAIN)]),
    "rope_dynamic": ("Llama", dict(num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=CONTEXT,
                                   rope_parameters=rope(rope_type="dynamic", factor=4.0)), 4, [dict(rope_parameters=PLAIN)]),
    "rope_yarn": ("Qwen2", dict(num_attention_heads=1, num_key_value_heads=1, rope_parameters=YARN), 4,
                  [dict(rope_parameters=PLAIN), dict(rope_parameters={**YARN, "truncate": False}),
                   dict(rope_parameters={**YARN, "attention_factor": 1.0})]),
    "rope_yarn_mscale": ("Llama", dict(num_attention_heads=1, num_key_value_heads=1, rope_parameters={
        **YARN, "mscale": 2.0, "mscale_all_dim": 0.5, "truncate": False}), 5,
        [dict(rope_parameters={**YARN, "truncate": False}),
         dict(rope_parameters={**YARN, "mscale": 2.0, "mscale_all_dim": 0.5})]),
    "rope_longrope": ("Llama", dict(num_attention_heads=1, num_key_value_heads=1, head_dim=12, rope_parameters=rope(
        rope_type="longrope", factor=8.0, original_max_position_embeddings=CONTEXT, short_factor=SHORT,
        long_factor=LONG)), 5, [dict(rope_parameters=PLAIN)]),
}


def configuration(prefix, changes):
    text = "Text" if prefix == "Gemma3" else ""
    return getattr(transformers, f"{prefix}{text}Config")(**{**BASE, **changes})


def randomize(model, seed):
    generator = torch.Generator().manual_seed(seed)
    gemma = "Gemma" in type(model).__name__
    for name, p in model.named_parameters():
        with torch.no_grad():
            values = torch.randn(p.shape, generator=generator)
            if p.dim() == 1:
                # Gemma's weights are offsets from 1. Large ones behind its sublayers keep a tied head from repeating its input.
                loud = 4.0 if "post_feedforward" in name or "post_attention" in name else 0.0
                p.copy_(0.3 * values + (loud if gemma else 1.0 if "norm" in name else 0.0))
            elif "embed_tokens" in name:
                p.copy_(values * (p.shape[1] ** -0.5 if gemma else 0.7))
            else:
                p.copy_(values * 1.6 * p.shape[-1] ** -0.5)


def spell_as_version_4(path):
    """rope_theta, rope_scaling and Gemma 3's own keys instead of rope_parameters; torch_dtype instead of dtype."""
    config = json.loads(path.read_text())
    parameters = config.pop("rope_parameters")
    if "full_attention" in parameters:
        config["rope_local_base_freq"] = parameters["sliding_attention"]["rope_theta"]
        parameters = parameters["full_attention"]
        for key in ("layer_types", "_sliding_window_pattern"):
            config.pop(key)
    config["rope_theta"] = parameters.pop("rope_theta")
    part = parameters.pop("partial_rotary_factor", None)
    if part is not None:
        config["partial_rotary_factor"] = part
    if "layer_types" in config and config["model_type"] in ("mistral", "gemma2", "qwen2", "llama"):
        config.pop("layer_types")
    config["rope_scaling"] = parameters if parameters["rope_type"] != "default" else None
    if config["model_type"] == "phi3" and config["rope_scaling"]:
        config["rope_scaling"]["type"] = config["rope_scaling"].pop("rope_type")
        config["rope_scaling"].pop("original_max_position_embeddings")
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.50.0"
    path.write_text(json.dumps(config, indent=2) + "\n")


def fresh(folder):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
    if hasattr(model.config, "num_experts"):
        model.set_experts_implementation("eager")
    return model.eval()


def documents(seed):
    generator = torch.Generator().manual_seed(1000 + seed)
    draw = lambda n: torch.randint(BASE["vocab_size"], (n,), generator=generator)
    rows = []
    for length in LENGTHS:
        none = torch.rand(length, generator=generator) < 0.25
        rows.append({"ids": draw(length).tolist(), "targets": torch.where(none, -1, draw(length)).tolist()})
    return rows, [draw(length).tolist() for length in PROMPTS]


@contextlib.contextmanager
def routing_leads(model, leads):
    """Collects how far the last chosen expert's probability is from the first one not chosen."""
    def look(module, inputs, outputs):
        top = outputs[0].detach().softmax(-1).sort(-1, descending=True).values
        leads.append((top[:, module.top_k - 1] - top[:, module.top_k]).min().item())
    hooks = [m.register_forward_hook(look) for m in model.modules() if type(m).__name__.endswith("TopKRouter")]
    yield
    for hook in hooks:
        hook.remove()


def greedy(folder, prompt):
    model = fresh(folder)
    model.generation_config.eos_token_id = None
    out = model.generate(torch.tensor([prompt]), do_sample=False, max_new_tokens=NEW_TOKENS, output_logits=True,
                         return_dict_in_generate=True)
    top = torch.stack([row[0] for row in out.logits]).topk(2).values
    tokens = out.sequences[0, len(prompt):].tolist()
    assert len(tokens) == NEW_TOKENS
    return {"prompt": prompt, "tokens": tokens, "smallest_lead": (top[:, 0] - top[:, 1]).min().item()}


def forward(folder, rows, gradient):
    """Logits of each document, mean loss and gradients, summed in fp64 over documents run one at a time."""
    count = sum(t >= 0 for row in rows for t in row["targets"])
    logits, leads, total, sums = [], [], 0.0, {}
    for row in rows:
        model = fresh(folder)
        with routing_leads(model, leads):
            out = model(torch.tensor([row["ids"]])).logits[0]
        logits.append(out.detach().clone().contiguous())
        targets = torch.tensor(row["targets"])
        loss = torch.nn.functional.cross_entropy(out, targets, ignore_index=-1, reduction="sum") / count
        total += loss.item()
        if gradient:
            loss.backward()
            for name, p in model.named_parameters():
                if p.grad is not None:
                    sums[name] = sums.get(name, 0) + p.grad.double()
    return logits, total, {n: g.float() for n, g in sums.items()}, min(leads, default=1.0)


def split_experts(gradients):
    """Names as in model.safetensors: one matrix an expert."""
    out = {}
    for name, g in gradients.items():
        match = re.fullmatch(r"(.*\.experts)\.(gate_up_proj|down_proj)", name)
        if not match:
            out[name] = g
            continue
        for expert in range(g.shape[0]):
            parts = zip(("gate_proj", "up_proj"), g[expert].chunk(2)) if "gate" in match[2] else [("down_proj", g[expert])]
            for part, value in parts:
                out[f"{match[1]}.{expert}.{part}.weight"] = value.contiguous().clone()
    return out


def check_that_it_matters(name, folder, logits, rows):
    prefix, changes, _, without = MODELS[name]
    weights = fresh(folder).state_dict()
    for difference in without:
        config = configuration(prefix, {**changes, **difference})
        config._attn_implementation = "eager"
        other = getattr(transformers, f"{prefix}ForCausalLM")(config).eval()
        other.load_state_dict(weights)
        with torch.no_grad():
            change = (other(torch.tensor([rows[-1]["ids"]])).logits[0] - logits[-1]).abs().max().item()
        assert change > 0.02, f"{name}: {difference} changes the logits by {change} only"


def make(name):
    prefix, changes, spelling, _ = MODELS[name]
    folder = HERE / name
    for seed in range(200):
        shutil.rmtree(folder, ignore_errors=True)
        model = getattr(transformers, f"{prefix}ForCausalLM")(configuration(prefix, changes))
        randomize(model, seed)
        model.save_pretrained(folder)
        if spelling == 4:
            spell_as_version_4(folder / "config.json")
        (folder / "generation_config.json").unlink(missing_ok=True)
        rows, prompts = documents(seed)
        runs = [greedy(folder, prompt) for prompt in prompts]
        if min(r["smallest_lead"] for r in runs) < LEAD or min(len(set(r["tokens"][-40:])) for r in runs) < 8:
            continue
        logits, loss, gradients, lead = forward(folder, rows, True)
        if lead >= 1e-3:
            break
    else:
        sys.exit(f"{name}: no seed of 200 will do")
    check_that_it_matters(name, folder, logits, rows)
    gradients = split_experts(gradients)
    stored = load_file(folder / "model.safetensors")
    assert set(gradients) == set(stored), set(gradients) ^ set(stored)
    save_file(gradients, folder / "gradients.safetensors")
    save_file({str(i): x for i, x in enumerate(logits)}, folder / "logits.safetensors")
    (folder / "expected.json").write_text(json.dumps({"documents": rows, "loss": loss, "greedy": runs}) + "\n")
    print(name, "seed", seed, "loss", round(loss, 4), "weights", sum(x.numel() for x in stored.values()), "leads",
          [round(r["smallest_lead"], 4) for r in runs], flush=True)


def main():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for name in sys.argv[1:] or MODELS:
        make(name)


main()
