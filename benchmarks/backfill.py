"""The main job against its limit: JPEG Parquet -> decode -> resize to 224 -> EfficientNet-Lite0 -> Parquet.

The limit is 1 / (sum of the parts): a bare one-thread loop in Python over the same pictures, timed by part in the same
rounds. Every round runs loop and job in fresh processes, one after the other; ratios are medians over the rounds.

    python benchmarks/backfill.py --rounds 7 --files 2
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from measure import child, report, spin, spread

PARTS = ("read", "decode", "resize", "normalise", "model", "write")


def loop(files: list[str]) -> None:
    """The limit, as JSON: CPU-seconds by part."""
    import cv2
    import numpy as np
    import onnxruntime
    import pyarrow as pa
    import pyarrow.parquet as pq
    import simplejpeg

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model(), options, providers=["CPUExecutionProvider"])
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


def job(cores: int, files: list[str]) -> None:
    """Klein, as JSON."""
    import pyklein as klein

    folder = tempfile.mkdtemp()
    vectors = (
        klein.read_parquet(files, columns=["id", "bytes"])
        .decode_image("bytes", size=(224, 224), into="pixels")
        .infer(model(), inputs={"images": "pixels"}, outputs={"embedding": "vector"}, mean=127, std=128)
        .select("id", "vector")
        .write_parquet(f"{folder}/out")
    )
    done = vectors.run(cores=cores, progress=False)
    import pyarrow.parquet as pq  # after the job, so that its import is not the job's

    table = pq.read_table(f"{folder}/out")
    assert sorted(table["id"].to_pylist()) == sorted(i for f in files for i in pq.read_table(f)["id"].to_pylist())
    assert table["vector"].type.value_type == "float" and table["vector"].null_count == 0
    shutil.rmtree(folder)
    print(json.dumps({"rows": done.rows_out, "cpu": done.cpu_seconds, "wall": done.seconds, "peak": done.peak_memory}))


def model() -> str:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "search_by_image"))
    from model import model_file

    return str(model_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--files", type=int, default=2, help="of 375 pictures each, 8 at most")
    options = parser.parse_args()
    from corpus import small_corpus

    files = [str(path) for path in sorted(small_corpus().glob("*.parquet"))[: options.files]]
    limits, ratios, scaling, peaks = [], [], [], []
    parts: dict[str, list[float]] = {part: [] for part in PARTS}
    for _ in range(options.rounds):
        undisturbed = spin()
        bare = child("backfill.py", "loop", *files)
        one = child("backfill.py", "job", "1", *files)
        two = child("backfill.py", "job", "2", *files)
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
        loop(sys.argv[2:])
    elif sys.argv[1:2] == ["job"]:
        job(int(sys.argv[2]), sys.argv[3:])
    else:
        main()
