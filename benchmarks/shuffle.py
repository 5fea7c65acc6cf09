"""ShuffleBench: records of a kilobyte go to those of a thousand consumers whose rules they match, a fifth of one on
average; each consumer folds what it gets into four numbers and gives them out with every tenth record.

python benchmarks/shuffle.py --rounds 7 [--records 200000]

A figure is records per CPU-second of a process, its start and the making of the records left out. With one core each
answer is that of the records in order; with two, of which the order is not known, there are as many of each consumer.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import struct
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from measure import child, report, spread

CONSUMERS, MATCHES, BYTES, EACH = 1000, 0.2, 1024, 10
Answer = tuple[int, int, int, int, int]  # consumer, count, sum, number of the first record and of the last


def mixed(number: Any) -> Any:
    """SplitMix64's step from a state, of many."""
    with np.errstate(over="ignore"):
        z = np.asarray(number, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        return z ^ z >> np.uint64(31)


def records(count: int) -> pa.Table:
    made = np.random.default_rng(1).integers(0, 256, (count, BYTES), np.uint8)
    column = pa.Array.from_buffers(pa.binary(BYTES), count, [None, pa.py_buffer(made)])
    return pa.table({"number": np.arange(count), "record": column})


@cache
def rules() -> tuple[Any, Any, Any]:
    """Where ranges begin or end, in order; and the consumers of what lies between two, one after the other."""
    begins = [int(mixed(consumer)) >> 1 for consumer in range(CONSUMERS)]
    length = int(MATCHES / CONSUMERS * 2**63)
    edges = sorted({edge for begin in begins for edge in (begin, begin + length)})
    between = [[c for c, begin in enumerate(begins) if begin <= edge < begin + length] for edge in edges]
    ends = np.cumsum([0, 0, *(len(consumers) for consumers in between)])
    return np.array(edges, np.uint64), ends, np.array([c for consumers in between for c in consumers])


def matches(first_words: Any) -> tuple[Any, Any]:
    """The rows that match a rule, and whose; a row for each."""
    edges, ends, consumers = rules()
    place = np.searchsorted(edges, (mixed(first_words[:, 0]) ^ mixed(~first_words[:, 1])) >> np.uint64(1), "right")
    counts = ends[place + 1] - ends[place]
    rows = np.repeat(np.arange(len(place)), counts)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, consumers[ends[place][rows] + nth]


def matched(batch: pa.Table) -> pa.Table:
    records = batch["record"].combine_chunks()
    start = records.offset * BYTES
    data = np.frombuffer(records.buffers()[1], np.uint8)[start : start + len(records) * BYTES].reshape(-1, BYTES)
    rows, consumers = matches(np.ascontiguousarray(data[:, :16]).view(np.uint64))
    return batch.take(pa.array(rows)).append_column("consumer", pa.array(consumers))


def folded(state: list[int] | None, number: int, record: bytes) -> list[int]:
    (value,) = struct.unpack_from("<q", record)
    if state is None:
        return [1, value, number, number]
    return [state[0] + 1, (state[1] + value + 2**63) % 2**64 - 2**63, state[2], number]


def by_klein(table: pa.Table, cores: int) -> tuple[float, list[Answer]]:
    import pyklein as klein

    class Consumer:
        count = klein.value_state("int64")
        sum = klein.value_state("int64")
        first = klein.value_state("int64")

        def on_row(self, row: dict[str, Any], ctx: Any) -> dict[str, Any] | None:
            so_far = [self.count.value, self.sum.value, self.first.value, 0] if self.count.value else None
            self.count.value, self.sum.value, self.first.value, last = folded(so_far, row["number"], row["record"])
            if self.count.value < EACH:
                return None
            given = {"consumer": ctx.key, "count": EACH, "sum": self.sum.value, "first": self.first.value, "last": last}
            self.count.value = None
            return given

    schema = {"consumer": "int64", "count": "int64", "sum": "int64", "first": "int64", "last": "int64"}
    keyed = klein.from_arrow(table).map_batches(matched, batch_format="pyarrow").key_by("consumer")
    out: list[pa.Table] = []
    flow = keyed.process(Consumer, schema=schema).map_batches(
        lambda batch: out.append(batch) or batch, batch_format="pyarrow"
    )
    cpu = time.process_time()
    flow.discard().run(mode="stream", cores=cores, progress=False)
    cpu = time.process_time() - cpu
    return cpu, [tuple(row.values()) for batch in out for row in batch.to_pylist()]


def by_loop(table: pa.Table) -> Iterator[Answer]:
    states: dict[int, list[int] | None] = defaultdict(lambda: None)
    for batch in table.to_batches(max_chunksize=16_384):
        columns = matched(pa.table(batch))
        lists = (columns[name].to_pylist() for name in ("consumer", "number", "record"))
        for consumer, number, record in zip(*lists, strict=True):
            state = states[consumer] = folded(states[consumer], number, record)
            if state[0] == EACH:
                yield (consumer, *state)  # type: ignore[misc]
                states[consumer] = None


def by_bytewax(table: pa.Table) -> tuple[float, list[Answer]]:
    import bytewax.operators as op
    from bytewax.dataflow import Dataflow
    from bytewax.testing import TestingSink, TestingSource, run_main

    def matching(batches: list[Any]) -> list[Any]:
        found = (matched(pa.table(batch)) for batch in batches)
        return [(str(row["consumer"]), (row["number"], row["record"])) for each in found for row in each.to_pylist()]

    def fold(state: list[int] | None, value: tuple[int, bytes]) -> tuple[list[int] | None, list[int] | None]:
        state = folded(state, *value)
        return (None, state) if state[0] == EACH else (state, None)

    out: list[Any] = []
    flow = Dataflow("shuffle")
    batches = op.input("in", flow, TestingSource(table.to_batches(max_chunksize=16_384)))
    states = op.stateful_map("fold", op.flat_map_batch("match", batches, matching), fold)
    op.output("out", op.filter("tenth", states, lambda item: item[1] is not None), TestingSink(out))
    cpu = time.process_time()
    run_main(flow)
    return time.process_time() - cpu, [(int(consumer), *state) for consumer, state in out]


def timed(make: Callable[[], Iterator[Answer]]) -> tuple[float, list[Answer]]:
    cpu = time.process_time()
    given = list(make())
    return time.process_time() - cpu, given


def engine(kind: str, count: int) -> None:
    """One pass, and whether what it gave is right."""
    table = records(count)
    rules()
    run: Callable[[pa.Table], tuple[float, list[Answer]]] = {
        "one core": lambda table: by_klein(table, 1),
        "two cores": lambda table: by_klein(table, 2),
        "loop": lambda table: timed(lambda: by_loop(table)),
        "bytewax": by_bytewax,
    }[kind]
    run(table.slice(0, 10_000))  # what is made once is made
    cpu, got = run(table)
    wanted = list(by_loop(table))
    if kind == "two cores":
        assert Counter(row[0] for row in got) == Counter(row[0] for row in wanted)
    else:
        assert sorted(got) == sorted(wanted), f"{kind}: {len(got)} answers, or others than the {len(wanted)} wanted"
    print(json.dumps({"cpu": cpu, "rows": len(got)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--records", type=int, default=200_000)
    given = parser.parse_args()
    peers = ["loop", *(["bytewax"] if importlib.util.find_spec("bytewax") else [])]
    rates: dict[str, list[float]] = {kind: [] for kind in ("one core", "two cores", *peers)}
    for _ in range(given.rounds):
        for kind, all in rates.items():
            all.append(given.records / child("shuffle.py", kind, str(given.records))["cpu"])
    for kind, all in rates.items():
        report(f"shuffle, {kind}, records per CPU-s", **spread(all))
    for peer in peers:
        over = [ours / theirs for ours, theirs in zip(rates["one core"], rates[peer], strict=True)]
        report(f"shuffle, one core over {peer}", **spread(over))


if __name__ == "__main__":
    if sys.argv[1:2] and not sys.argv[1].startswith("-"):
        engine(sys.argv[1], int(sys.argv[2]))
    else:
        main()
