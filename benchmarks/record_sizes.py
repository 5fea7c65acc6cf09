"""A Python function on records of 100 B to 100 KB, beside a plain loop, Bytewax and PyFlink in both its modes.

python benchmarks/record_sizes.py --rounds 3 [--sizes 100,1000,10000,100000]

The function parses a record, an object of JSON, puts its text in lower case and writes the object again; that is all
that is done. A figure is records per CPU-second of an engine's whole process tree, from the difference of a long and a
short run, so that starts are left out; of every run the answers' number and size are held against the function's own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crayfish import PEERS, cpu_of, end, environment
from measure import report, spread

DISTINCT, WORDS = 1000, "Klein Is A Dataflow "
ENGINES = {"loop": "", "klein": "", "bytewax": "bytewax", "pyflink-process": "pyflink", "pyflink-thread": "pyflink"}
Seen = tuple[int, int]  # how many answers, of how many bytes together


def record(number: int, size: int) -> str:
    return f'{{"id": {number}, "text": "{WORDS * max(1, (size - 25) // len(WORDS))}"}}'


def lower(value: str) -> str:
    row = json.loads(value)
    row["text"] = row["text"].lower()
    return json.dumps(row)


def records(size: int, count: int) -> list[str]:
    return [record(number, size) for number in range(DISTINCT)] * (count // DISTINCT)


def by_loop(values: Iterable[str]) -> Seen:
    count = size = 0
    for value in values:
        size += len(lower(value))
        count += 1
    return count, size


def by_klein(size: int, count: int) -> Seen:
    import pyarrow as pa
    import pyklein as klein

    base = pa.table({"v": records(size, DISTINCT)})
    sizes = [0]

    def each(row: dict[str, str]) -> dict[str, str]:
        answer = lower(row["v"])
        sizes[0] += len(answer)
        return {"v": answer}

    flow = klein.from_arrow(pa.concat_tables([base] * (count // DISTINCT))).map(each)
    return flow.discard().run(cores=1, progress=False).rows_out, sizes[0]


def by_bytewax(size: int, count: int) -> Seen:
    import bytewax.operators as op
    from bytewax.dataflow import Dataflow
    from bytewax.outputs import DynamicSink, StatelessSinkPartition
    from bytewax.testing import TestingSource, run_main

    seen = [0, 0]

    class Part(StatelessSinkPartition[str]):
        def write_batch(self, items: list[str]) -> None:
            seen[0] += len(items)
            seen[1] += sum(map(len, items))

    class Nowhere(DynamicSink[str]):
        def build(self, step_id: str, worker_index: int, worker_count: int) -> Part:
            return Part()

    flow = Dataflow("sizes")
    rows = op.input("in", flow, TestingSource(records(size, count), batch_size=256))
    op.output("out", op.map("lower", rows, lower), Nowhere())
    run_main(flow)
    return seen[0], seen[1]


def by_pyflink(size: int, count: int, mode: str) -> Seen:
    from pyflink.table import DataTypes, EnvironmentSettings, TableEnvironment
    from pyflink.table.udf import udf

    tables = TableEnvironment.create(EnvironmentSettings.in_batch_mode())
    for name, value in {"parallelism.default": "1", "python.execution-mode": mode}.items():
        tables.get_config().set(name, value)

    def lowered(value: str) -> str:
        row = json.loads(value)
        row["text"] = row["text"].lower()
        return json.dumps(row)

    tables.create_temporary_function("lowered", udf(lowered, result_type=DataTypes.STRING()))
    counted = f"'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '{count - 1}'"
    given = f"'connector' = 'datagen', 'number-of-rows' = '{count}', {counted}"
    tables.execute_sql(f"CREATE TABLE numbers (n BIGINT) WITH ({given})")
    repeated = f"REPEAT('{WORDS}', {max(1, (size - 25) // len(WORDS))})"
    made = '\'{"id": \' || CAST(MOD(n, 1000) AS STRING) || \', "text": "\' || ' + repeated + " || '\"}'"
    query = f"SELECT COUNT(*), SUM(CHAR_LENGTH(v)) FROM (SELECT lowered({made}) AS v FROM numbers)"
    with tables.execute_sql(query).collect() as rows:
        ((answers, size),) = ((row[0], row[1]) for row in rows)
    return answers, size


def engine(name: str, size: int, count: int) -> None:
    """One run; then it waits, so that its CPU-seconds can be looked at."""
    kind, _, mode = name.partition("-")
    if kind == "loop":
        seen = by_loop(records(size, count))
    elif kind == "pyflink":
        seen = by_pyflink(size, count, mode)
    else:
        seen = by_klein(size, count) if kind == "klein" else by_bytewax(size, count)
    print(json.dumps(seen), flush=True)
    sys.stdin.read()


def cpu(name: str, size: int, count: int) -> float:
    command: list[Any] = [sys.executable, Path(__file__), name, str(size), str(count)]
    process = subprocess.Popen(
        command, env=environment(ENGINES[name]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout and process.stderr
    lines = iter(process.stdout.readline, b"")
    line = next((line for line in lines if line.startswith(b"[")), b"")
    seconds = cpu_of(process.pid)
    end(process)
    if not line:
        sys.exit(f"{name} failed:\n{process.stderr.read()[-2000:].decode(errors='replace')}")
    each = sum(len(lower(record(number, size))) for number in range(DISTINCT))
    assert json.loads(line) == [count, each * (count // DISTINCT)], f"{name} gave {line!r} for {count} records"
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", default="100,1000,10000,100000")
    given = parser.parse_args()
    names = [name for name, peer in ENGINES.items() if not peer or (PEERS / peer).exists()]
    for size in map(int, given.sizes.split(",")):
        count = max(2000, min(200_000, 100_000_000 // size)) // DISTINCT * DISTINCT
        rates: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(given.rounds):
            for name, all in rates.items():
                all.append(2 * count / (cpu(name, size, 3 * count) - cpu(name, size, count)))
        for name, all in rates.items():
            over = [mine / bare for mine, bare in zip(all, rates["loop"], strict=True)]
            report(f"records of {size} B by {name}", per_cpu_second=spread(all), over_loop=spread(over))


if __name__ == "__main__":
    if sys.argv[1:2] and not sys.argv[1].startswith("-"):
        engine(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
