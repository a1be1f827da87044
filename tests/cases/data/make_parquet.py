# Writes columns.parquet with columns.jsonl, the same rows, and timestamp.parquet. pyarrow 26.0.1.
import json, pathlib
import pyarrow as pa, pyarrow.parquet as pq

here = pathlib.Path(__file__).parent
rows = [{"text": "é 😀\n", "whole": 7, "small": 3, "unsigned": 5, "real": 1.5, "half": 0.25, "yes": True, "list": [1, None], "coded": "a",
         "messages": [{"role": "user", "content": "q", "extra": None}, {"role": "assistant", "content": "a", "extra": "x"}],
         "pairs": {"k": 1.5}, "nothing": None},
        {"text": None, "whole": None, "small": None, "unsigned": None, "real": None, "half": None, "yes": None, "list": None, "coded": "b",
         "messages": None, "pairs": None, "nothing": None},
        {"text": "", "whole": -9007199254740993, "small": -1, "unsigned": 0, "real": -1e-300, "half": -2.0, "yes": False, "list": [], "coded": "a",
         "messages": [], "pairs": {}, "nothing": None}]
message = pa.struct([("role", pa.string()), ("content", pa.string()), ("extra", pa.string())])
schema = pa.schema([("text", pa.large_string()), ("whole", pa.int64()), ("small", pa.int8()), ("unsigned", pa.uint32()), ("real", pa.float64()),
                    ("half", pa.float32()), ("yes", pa.bool_()), ("list", pa.list_(pa.int32())),
                    ("coded", pa.dictionary(pa.int32(), pa.string())), ("messages", pa.list_(message)),
                    ("pairs", pa.map_(pa.string(), pa.float64())), ("nothing", pa.timestamp("ms"))])
pairs_as_lists = [{**row, "pairs": None if row["pairs"] is None else list(row["pairs"].items())} for row in rows]
pq.write_table(pa.Table.from_pylist(pairs_as_lists, schema), here / "columns.parquet", compression="zstd")
with open(here / "columns.jsonl", "w", encoding="utf-8") as out:
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
pq.write_table(pa.table({"when": pa.array([0], pa.timestamp("ms"))}), here / "timestamp.parquet")
