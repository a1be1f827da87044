#!/usr/bin/env python3
"""Reference numbers for training: tests/golden/tiny_models/{qwen2,llama}/.

Made with transformers 5.23.0, torch 2.13.0 (CPU), safetensors as they come with them.
    OMP_NUM_THREADS=1 python tests/golden/make_tiny_models.py
Each folder holds a random model (config.json, model.safetensors, fp32), and
    training.json           documents (ids, targets; -1: none), settings, ten losses, gradient norms before clipping,
                            log-probabilities of the targets before the first step
    gradients.safetensors   d(mean negative log-likelihood)/d(weight) before the first step
    trained.safetensors     the weights after ten AdamW steps on that batch
Documents are run one at a time, so nothing is padded or packed; eager attention, fp32.
"""
import json
import pathlib

import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent / "tiny_models"
LENGTHS = [1, 2, 17, 64, 65, 90]
SETTINGS = {"lr": 0.01, "beta1": 0.9, "beta2": 0.98, "eps": 1e-8, "weight_decay": 0.05, "max_norm": 1.0}
COMMON = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, max_position_embeddings=128,
              rms_norm_eps=1e-6, attn_implementation="eager", bos_token_id=0, eos_token_id=1)


def models():
    rope = {"rope_type": "default", "rope_theta": 10000.0}
    yield "qwen2", transformers.Qwen2ForCausalLM(transformers.Qwen2Config(
        **COMMON, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True, rope_parameters=rope))
    rope = {"rope_type": "default", "rope_theta": 500000.0}
    yield "llama", transformers.LlamaForCausalLM(transformers.LlamaConfig(
        **COMMON, num_attention_heads=2, num_key_value_heads=1, head_dim=24, tie_word_embeddings=False,
        rope_parameters=rope))


def randomize(model):
    for name, p in model.named_parameters():
        with torch.no_grad():
            p.normal_(0, 0.3 if p.dim() > 1 else 0.2)
            if name.endswith("norm.weight") or "layernorm" in name:
                p.add_(1.0)


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


def state(model, pick):
    return {n: pick(p).detach().clone().contiguous() for n, p in model.named_parameters()}


def main():
    for name, model in models():
        torch.manual_seed(11)
        randomize(model)
        folder = HERE / name
        model.save_pretrained(folder)
        rows = documents()
        count = sum(t >= 0 for row in rows for t in row["targets"])
        matrices = [p for p in model.parameters() if p.dim() > 1]
        vectors = [p for p in model.parameters() if p.dim() == 1]
        optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": SETTINGS["weight_decay"]}, {"params": vectors, "weight_decay": 0.0}],
            lr=SETTINGS["lr"], betas=(SETTINGS["beta1"], SETTINGS["beta2"]), eps=SETTINGS["eps"])
        result = {"documents": rows, "settings": SETTINGS, "losses": [], "norms": []}
        result["logprobs"] = [target_logprobs(model, row).tolist() for row in rows]
        for step in range(10):
            optimizer.zero_grad()
            loss = -sum(target_logprobs(model, row).sum() for row in rows) / count
            loss.backward()
            if step == 0:
                save_file(state(model, lambda p: p.grad), folder / "gradients.safetensors")
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), SETTINGS["max_norm"])
            optimizer.step()
            result["losses"].append(loss.item())
            result["norms"].append(norm.item())
        save_file(state(model, lambda p: p), folder / "trained.safetensors")
        (folder / "training.json").write_text(json.dumps(result) + "\n")
        (folder / "generation_config.json").unlink(missing_ok=True)
        print(name, result["losses"], result["norms"][0])


main()
