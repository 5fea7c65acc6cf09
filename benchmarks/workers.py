"""Python functions in worker processes, against the same in one process and against the model run by the engine.

python benchmarks/workers.py --rounds 7
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from measure import child, report, spread


def add(row: dict[str, int]) -> dict[str, int]:
    return {"n": row["n"] + 1}


def same(batch: Any) -> Any:
    return batch


def children() -> list[int]:
    own, pids = Path(f"/proc/{os.getpid()}/task"), []
    for task in own.iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            pids += [int(pid) for pid in (task / "children").read_text().split()]
    return pids


def workers_gone() -> None:
    """Until the last worker has ended: only then is its CPU time counted."""
    while children():
        time.sleep(0.01)


def chain(rows: int, isolation: str) -> None:
    """`rows` rows through five row functions, each in a process of its own or all in this one."""
    import pyklein as klein

    flow = klein.range(rows).map(lambda row: {"n": row["id"]})
    for step in range(5):
        # Workers that are started alike would share one.
        options: dict[str, Any] = {"runtime_env": {"env_vars": {"STEP": str(step)}}} if isolation == "process" else {}
        flow = flow.map(add, isolation=isolation, **options)
    begun = time.perf_counter()
    assert flow.count() == rows
    wall = time.perf_counter() - begun
    workers_gone()
    print(json.dumps({"wall": wall}))


def calls(count: int, isolation: str) -> None:
    """`count` calls of a function that does nothing, each with 64 rows; microseconds of each beyond the first tenth."""
    import pyarrow
    import pyklein as klein

    data = pyarrow.table({"n": range(64 * count)})

    def seconds(rows: int) -> float:
        flow = klein.from_arrow(data.slice(0, rows)).map_batches(
            same, batch_size=64, batch_format="pyarrow", isolation=isolation
        )
        begun = time.perf_counter()
        assert flow.discard().run(cores=1, progress=False).rows_out == rows
        return time.perf_counter() - begun

    few, all_of_them = seconds(64 * (count // 10)), seconds(64 * count)
    print(json.dumps({"us": (all_of_them - few) / (count - count // 10) * 1e6}))


class Scorer:
    """A model as users run it in Python."""

    def __init__(self, path: str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return {"y": self.session.run(["y"], {"x": batch["x"]})[0]}


def write_model(path: Path, widths: list[int]) -> None:
    """Dense layers one after the other, with ReLU between them."""
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    random, nodes, weights, name = np.random.default_rng(0), [], [], "x"
    for i, (before, after) in enumerate(itertools.pairwise(widths)):
        weights.append(numpy_helper.from_array(random.normal(0, 0.05, (before, after)).astype(np.float32), f"w{i}"))
        last = i == len(widths) - 2
        nodes.append(helper.make_node("MatMul", [name, f"w{i}"], ["y" if last else f"m{i}"]))
        if not last:
            nodes.append(helper.make_node("Relu", [f"m{i}"], [f"r{i}"]))
        name = f"r{i}"
    ends = [
        helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["N", w])
        for n, w in (("x", widths[0]), ("y", widths[-1]))
    ]
    graph = helper.make_graph(nodes, "dense", [ends[0]], [ends[1]], weights)
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), path)


MODELS = {"ffnn": ([784, 32, 32, 32, 10], 256, 400), "ten_ms": ([2048, 2048, 2048], 64, 60)}


def model(kind: str, path: str, how: str) -> None:
    """Batches through a model: by the engine ("native"), or by Python in a worker."""
    import numpy as np
    import pyarrow as pa
    import pyklein as klein

    widths, rows, batches = MODELS[kind]
    values = np.random.default_rng(1).random((rows, widths[0]), dtype=np.float32)
    tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(values)

    def seconds(count: int) -> float:
        part = pa.RecordBatch.from_arrays([tensor], ["x"])
        flow = klein.from_arrow(pa.Table.from_batches([part] * count))
        if how == "native":
            flow = flow.infer(path, inputs={"x": "x"}, outputs={"y": "y"}, batch_size=rows)
        else:
            flow = flow.map_batches(Scorer, fn_constructor_args=(path,), batch_size=rows, isolation=how)
        begun = time.perf_counter()
        assert flow.discard().run(cores=1, progress=False).rows_out == rows * count
        return time.perf_counter() - begun

    few, all_of_them = seconds(batches // 10), seconds(batches)
    print(json.dumps({"ms": (all_of_them - few) / (batches - batches // 10) * 1e3}))


def slow(row: dict[str, int]) -> dict[str, int]:
    time.sleep(0.01)
    return {"n": row["n"], "pid": os.getpid(), "at": time.monotonic_ns()}


def kill(seconds: int) -> None:
    """Eight workers, of which one is killed: how long until it works again, and what the others lose."""
    import pyarrow
    import pyklein as klein

    rows = 8 * 100 * seconds
    table = pyarrow.table({"n": range(rows)})
    flow = klein.from_arrow(pyarrow.Table.from_batches(table.to_batches(max_chunksize=20))).map(
        slow, isolation="process", batch_size=1
    )
    killed: list[tuple[int, int]] = []

    def strike() -> None:
        time.sleep(seconds / 2)
        victim = children()[0]
        killed.append((victim, time.monotonic_ns()))
        os.kill(victim, signal.SIGKILL)

    threading.Thread(target=strike).start()
    from pyklein._answers import collected

    made = collected(flow, cores=8).rows()
    assert sorted(row["n"] for row in made) == list(range(rows)), "rows were lost or doubled"
    victim, at = killed[0]
    before = {row["pid"] for row in made if row["at"] < at}
    again = min(row["at"] for row in made if row["pid"] not in before)
    window = min(5 * 10**8, at)
    count: Counter[str] = Counter()
    for row in made:
        if row["pid"] != victim and row["pid"] in before and abs(row["at"] - at) < window:
            count["after" if row["at"] > at else "before"] += 1
    print(json.dumps({"again": (again - at) / 1e9, "others": count["after"] / count["before"]}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    measured: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        measured.setdefault(name, []).append(value)

    with tempfile.TemporaryDirectory() as folder:
        for kind in MODELS:
            write_model(Path(folder, kind), MODELS[kind][0])
        for _ in range(rounds):
            for isolation in ("process", "thread"):
                few, many = (
                    child("workers.py", "chain", "20000", isolation),
                    child("workers.py", "chain", "1020000", isolation),
                )
                note(f"chain {isolation}", 1_000_000 / (many["process_cpu"] - few["process_cpu"]))
            note("call", child("workers.py", "calls", "5000", "process")["us"])
            for kind in MODELS:
                native = child("workers.py", "model", kind, str(Path(folder, kind)), "native")["ms"]
                note(kind, native / child("workers.py", "model", kind, str(Path(folder, kind)), "process")["ms"])
            killed = child("workers.py", "kill", "4")
            note("again", killed["again"])
            note("others", killed["others"])
    report(
        "five row functions, each in a process of its own, rows per CPU-s",
        **spread(measured["chain process"]),
        target=40_000,
    )
    report("the same in one process", **spread(measured["chain thread"]), target=400_000)
    report("a call with 64 rows of a function that does nothing, us", **spread(measured["call"]), target=60)
    report("a 10 ms model in a worker, over the engine's", **spread(measured["ten_ms"]), target=0.97)
    report("a small network, 256 rows a call, over the engine's", **spread(measured["ffnn"]), target=0.90)
    report("one of eight workers killed: first output again, s", **spread(measured["again"]), target=1)
    report(
        "what the others give out in the half second after, over that before", **spread(measured["others"]), target=0.95
    )


if __name__ == "__main__":
    commands = {"chain": chain, "calls": calls, "model": model, "kill": kill}
    if sys.argv[1:2] and sys.argv[1] in commands:
        arguments = [int(each) if each.isdigit() else each for each in sys.argv[2:]]
        commands[sys.argv[1]](*arguments)  # type: ignore[operator]
    else:
        main()
