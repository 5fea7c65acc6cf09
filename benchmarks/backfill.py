"""The main job against its limit: JPEG Parquet -> decode -> resize to 224 -> EfficientNet-Lite0 -> Parquet.

The limit is 1 / (sum of the parts): a bare one-thread loop in Python over the same pictures, timed by part in the same
rounds. Every round runs loop and job in fresh processes, one after the other; ratios are medians over the rounds.

The fixed cost of a pass is what a process costs that does the whole job on one picture, less that picture's share of
the parts: the interpreter, the imports, the model's loading, the threads, the folder that is written.

    python benchmarks/backfill.py --rounds 7 --files 2
    python benchmarks/backfill.py --fixed --rounds 15
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure import child, report, spin, spread

PARTS = ("read", "decode", "resize", "normalise", "model", "write")


def loop(network: str, files: list[str]) -> None:
    """The limit, as JSON: CPU-seconds by part."""
    import cv2
    import numpy as np
    import onnxruntime
    import pyarrow as pa
    import pyarrow.parquet as pq
    import simplejpeg

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    session.run(["embedding"], {"images": np.zeros((1, 3, 224, 224), np.float32)})
    seconds, mark = dict.fromkeys(PARTS, 0.0), time.thread_time()

    def lap(part: str) -> None:
        nonlocal mark
        now = time.thread_time()
        seconds[part] += now - mark
        mark = now

    ids, vectors = [], []
    for file in files:
        table = pq.read_table(file, use_threads=False)
        contents = [memoryview(value.as_buffer()).cast("B") for value in table["bytes"]]
        ids += table["id"].to_pylist()
        lap("read")
        for content in contents:
            pixels = simplejpeg.decode_jpeg(content, min_height=224, min_width=224)
            lap("decode")
            small = cv2.resize(pixels, (224, 224), interpolation=cv2.INTER_LINEAR)
            lap("resize")
            scaled = np.subtract(small.transpose(2, 0, 1), np.float32(127), dtype=np.float32, order="C")
            scaled *= np.float32(1 / 128)
            lap("normalise")
            vectors.append(session.run(["embedding"], {"images": scaled[None]})[0][0])
            lap("model")
    with tempfile.TemporaryDirectory() as folder:
        flat = pa.array(np.concatenate(vectors))
        column = pa.FixedSizeListArray.from_arrays(flat, vectors[0].size)
        pq.write_table(pa.table({"id": ids, "vector": column}), f"{folder}/part.parquet", compression="zstd")
        lap("write")
    print(json.dumps({"seconds": seconds, "rows": len(ids)}))


def backfill(network: str, files: list[str], out: str, cores: int | None = None) -> Any:
    """Klein's report of the job."""
    import pyklein as klein

    return (
        klein.read_parquet(files, columns=["id", "bytes"])
        .decode_image("bytes", size=(224, 224), into="pixels")
        .infer(network, inputs={"images": "pixels"}, outputs={"embedding": "vector"}, mean=127, std=128)
        .select("id", "vector")
        .write_parquet(out)
        .run(cores=cores, progress=False)
    )


def check(files: list[str], out: str) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(out)
    assert sorted(table["id"].to_pylist()) == sorted(i for f in files for i in pq.read_table(f)["id"].to_pylist())
    assert table["vector"].type.value_type == "float" and table["vector"].null_count == 0


def job(cores: int, network: str, files: list[str]) -> None:
    """Klein, as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        done = backfill(network, files, f"{folder}/out", cores)
        check(files, f"{folder}/out")  # after the job, so that what it imports is not the job's
    print(json.dumps({"rows": done.rows_out, "cpu": done.cpu_seconds, "wall": done.seconds, "peak": done.peak_memory}))


def fixed(network: str, files: list[str], rounds: int) -> None:
    """The fixed cost of a pass, of Klein's and of the bare loop's: processes that do the job for one picture."""
    import pyarrow.parquet as pq

    costs: dict[str, list[float]] = {"klein": [], "klein_no_rows": [], "loop": []}
    with tempfile.TemporaryDirectory() as folder:
        one, none = f"{folder}/one.parquet", f"{folder}/none.parquet"
        table = pq.read_table(files[0])
        pq.write_table(table.slice(0, 1), one, compression="none")
        pq.write_table(table.slice(0, 0), none, compression="none")
        bare = child("backfill.py", "loop", network, files[0])
        parts = sum(bare["seconds"].values()) / bare["rows"]
        for number in range(rounds):
            for name, file, picture in (("klein", one, parts), ("klein_no_rows", none, 0)):
                out = f"{folder}/{name}{number}"
                costs[name].append(child("backfill.py", "once", network, file, out)["process_cpu"] - picture)
                check([file], out)
            costs["loop"].append(child("backfill.py", "loop", network, one)["process_cpu"] - parts)
    report(
        "fixed cost of a pass",
        fixed_cpu_seconds=statistics.median(costs["klein"]),
        lowest=min(costs["klein"]),
        highest=max(costs["klein"]),
        without_rows=statistics.median(costs["klein_no_rows"]),
        bare_loop=statistics.median(costs["loop"]),
        picture=parts,
        target=0.3,
    )


def model() -> str:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "search_by_image"))
    from model import model_file

    return str(model_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--files", type=int, default=2, help="of 375 pictures each, 8 at most")
    parser.add_argument("--fixed", action="store_true", help="only the fixed cost of a pass")
    options = parser.parse_args()
    from corpus import small_corpus

    network = model()
    files = [str(path) for path in sorted(small_corpus().glob("*.parquet"))[: options.files]]
    if not options.fixed:
        throughput(network, files, options.rounds)
    fixed(network, files, options.rounds)


def throughput(network: str, files: list[str], rounds: int) -> None:
    limits, ratios, scaling, peaks = [], [], [], []
    parts: dict[str, list[float]] = {part: [] for part in PARTS}
    for _ in range(rounds):
        undisturbed = spin()
        bare = child("backfill.py", "loop", network, *files)
        one = child("backfill.py", "job", "1", network, *files)
        two = child("backfill.py", "job", "2", network, *files)
        limit = bare["rows"] / sum(bare["seconds"].values())
        limits.append(limit)
        ratios.append(one["rows"] / one["cpu"] / limit)
        scaling.append(one["wall"] / two["wall"])
        peaks.append(one["peak"] / 1e6)
        for part in PARTS:
            parts[part].append(1000 * bare["seconds"][part] / bare["rows"])
        report("round", limit=limit, ratio=ratios[-1], scaling=scaling[-1], own_share_of_core=undisturbed)
    report("parts, CPU ms a picture", **{part: statistics.median(values) for part, values in parts.items()})
    report("limit, pictures per CPU-s", **spread(limits))
    report("backfill over limit, one core", **spread(ratios), target=0.97)
    report("two cores over one, wall", **spread(scaling), target=1.9)
    report("peak MB, one core", **spread(peaks))


if __name__ == "__main__":
    if sys.argv[1:2] == ["loop"]:
        loop(sys.argv[2], sys.argv[3:])
    elif sys.argv[1:2] == ["job"]:
        job(int(sys.argv[2]), sys.argv[3], sys.argv[4:])
    elif sys.argv[1:2] == ["once"]:
        backfill(sys.argv[2], [sys.argv[3]], sys.argv[4])
    else:
        main()
