"""Rows through Python functions and through expressions, against pyarrow's own loop in the same rounds.

python benchmarks/rows.py --rounds 7
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from measure import child, report, spread


def functions(rows: int) -> None:
    """One item becomes `rows`, each goes through three Python row functions."""
    import pyklein as klein

    def add(row: dict[str, int]) -> dict[str, int]:
        return {"n": row["n"] + 1}

    flow = klein.from_items([{"n": 0}]).flat_map(lambda row: [{"n": n} for n in range(rows)]).map(add).map(add).map(add)
    cpu, wall = time.process_time(), time.perf_counter()
    assert flow.count() == rows
    print(json.dumps({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}))


def plain(rows: int) -> None:
    """The same three functions in a bare Python loop."""

    def add(row: dict[str, int]) -> dict[str, int]:
        return {"n": row["n"] + 1}

    cpu = time.process_time()
    done = [add(add(add(row))) for row in [{"n": n} for n in range(rows)]]
    assert len(done) == rows
    print(json.dumps({"cpu": time.process_time() - cpu}))


def expressions(rows: int) -> None:
    """16 columns of integers, three of them plus one, by Klein."""
    import numpy as np
    import pyarrow as pa
    import pyklein as klein

    table = pa.table({f"c{i}": np.arange(rows) for i in range(16)})
    flow = klein.from_arrow(table).with_columns(**{f"c{i}": klein.col(f"c{i}") + 1 for i in range(3)}).discard()
    cpu = time.process_time()
    assert flow.run(cores=1, progress=False).rows_out == rows
    print(json.dumps({"cpu": time.process_time() - cpu}))


def kernels(rows: int) -> None:
    """The same by pyarrow's kernels, batch by batch."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.table({f"c{i}": np.arange(rows) for i in range(16)})
    cpu, count = time.process_time(), 0
    for batch in table.to_batches(max_chunksize=65536):
        columns = [pc.add(batch.column(i), 1) if i < 3 else batch.column(i) for i in range(16)]
        count += pa.record_batch(columns, names=batch.schema.names).num_rows
    assert count == rows
    print(json.dumps({"cpu": time.process_time() - cpu}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    by_function, over_plain, over_kernels = [], [], []
    for _ in range(rounds):
        ours, bare = child("rows.py", "functions", "100000"), child("rows.py", "plain", "100000")
        by_function.append(100_000 / ours["cpu"])
        over_plain.append(bare["cpu"] / ours["cpu"])
        over_kernels.append(
            child("rows.py", "kernels", "6000000")["cpu"] / child("rows.py", "expressions", "6000000")["cpu"]
        )
    report(
        "1 -> 100 k items through three Python row functions, items per CPU-s", **spread(by_function), target=200_000
    )
    report("the same over a bare Python loop", **spread(over_plain))
    report("6 M rows x 16 columns, three +1, over pyarrow's kernels", **spread(over_kernels), target=0.95)


if __name__ == "__main__":
    kinds = {"functions": functions, "plain": plain, "expressions": expressions, "kernels": kernels}
    if sys.argv[1:2] and sys.argv[1] in kinds:
        kinds[sys.argv[1]](int(sys.argv[2]))
    else:
        main()
