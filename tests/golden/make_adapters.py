#!/usr/bin/env python3
"""PEFT-made adapters for the models of tests/golden/tiny_models, and what training them gives:
tests/golden/adapters/{lora,rslora,dora,saved}/.

Made with peft 0.21.2, transformers 5.24.0, torch 2.13.0 (CPU), after make_tiny_models.py.
    OMP_NUM_THREADS=1 python tests/golden/make_adapters.py
Each folder is an adapter as save_pretrained writes it (random A and B, so that nothing is zero), and
    training.json           the base's name, documents (ids, targets; -1: none), settings, ten losses, gradient
                            norms before clipping, log-probabilities of the targets before the first step
    gradients.safetensors   d(mean negative log-likelihood)/d(parameter) before the first step, under the adapter's keys
    trained.safetensors     the adapter after ten AdamW steps on that batch
Dropout 0; documents are run one at a time; eager attention, fp32.
"""
import json
import pathlib

import peft
import torch
import transformers
from peft.utils.save_and_load import get_peft_model_state_dict
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
LENGTHS = [2, 17, 64, 90]
SETTINGS = {"lr": 0.01, "beta1": 0.9, "beta2": 0.98, "eps": 1e-8, "weight_decay": 0.05, "max_norm": 1.0}
CASES = {
    "lora": ("qwen2", dict(r=4, lora_alpha=8, target_modules="all-linear")),
    "rslora": ("llama", dict(r=4, lora_alpha=6, use_rslora=True, target_modules=["q_proj", "v_proj", "down_proj"],
                             rank_pattern={"v_proj": 2, r"model.layers.1.mlp.down_proj": 3},
                             alpha_pattern={"layers.0.self_attn.q_proj": 5})),
    "dora": ("qwen2", dict(r=4, lora_alpha=8, use_dora=True, target_modules="all-linear")),
    "saved": ("llama", dict(r=2, lora_alpha=8, target_modules=r".*\.(k_proj|up_proj|o_proj)",
                            modules_to_save=["lm_head", "model.norm", "embed_tokens"])),
}


def documents():
    rows = []
    for length in LENGTHS:
        ids = torch.randint(64, (length,))
        targets = torch.where(torch.rand(length) < 0.25, -1, torch.randint(64, (length,)))
        rows.append({"ids": ids.tolist(), "targets": targets.tolist()})
    return rows


def target_logprobs(model, row):
    logits = model(torch.tensor([row["ids"]])).logits[0].float()
    targets = torch.tensor(row["targets"])
    chosen = torch.log_softmax(logits, -1).gather(1, targets.clamp(min=0).unsqueeze(1)).squeeze(1)
    return torch.where(targets >= 0, chosen, torch.zeros(()))


def randomize(model):
    for name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        with torch.no_grad():
            if "lora_" in name and "magnitude" not in name:
                p.normal_(0, 0.1)
            else:
                p.add_(torch.randn_like(p) * 0.05)


def by_key(model, pick):
    """The adapter's tensors under the keys of its file, replaced by pick(parameter)."""
    state = {n: pick(p).detach().clone() for n, p in model.named_parameters() if p.requires_grad}
    full = {n: state.get(n, t) for n, t in model.state_dict().items()}
    kept = get_peft_model_state_dict(model, state_dict=full, save_embedding_layers=False)
    return {n: t.contiguous() for n, t in kept.items()}


def main():
    for name, (base, config) in CASES.items():
        torch.manual_seed(13)
        folder = HERE / "adapters" / name
        model = transformers.AutoModelForCausalLM.from_pretrained(
            HERE / "tiny_models" / base, dtype=torch.float32, attn_implementation="eager")
        model = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **config))
        randomize(model)
        model.peft_config["default"].base_model_name_or_path = base
        model.save_pretrained(folder, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)
        rows = documents()
        count = sum(t >= 0 for row in rows for t in row["targets"])
        trained = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            [{"params": [p for p in trained if p.dim() > 1], "weight_decay": SETTINGS["weight_decay"]},
             {"params": [p for p in trained if p.dim() == 1], "weight_decay": 0.0}],
            lr=SETTINGS["lr"], betas=(SETTINGS["beta1"], SETTINGS["beta2"]), eps=SETTINGS["eps"])
        result = {"base": base, "documents": rows, "settings": SETTINGS, "losses": [], "norms": []}
        result["logprobs"] = [target_logprobs(model, row).tolist() for row in rows]
        for step in range(10):
            optimizer.zero_grad()
            loss = -sum(target_logprobs(model, row).sum() for row in rows) / count
            loss.backward()
            if step == 0:
                save_file(by_key(model, lambda p: p.grad), folder / "gradients.safetensors")
            norm = torch.nn.utils.clip_grad_norm_(trained, SETTINGS["max_norm"])
            optimizer.step()
            result["losses"].append(loss.item())
            result["norms"].append(norm.item())
        save_file(by_key(model, lambda p: p), folder / "trained.safetensors")
        (folder / "training.json").write_text(json.dumps(result) + "\n")
        print(name, len(trained), result["losses"], result["norms"][0])


main()
