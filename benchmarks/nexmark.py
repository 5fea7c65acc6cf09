"""Nexmark's queries as streams, beside the events alone, a plain Python loop and, where it is installed, Bytewax.

python benchmarks/nexmark.py --rounds 7 [--mode batch] [q0 q1 ...]

A figure is events of all kinds per CPU-second of a process with one core, its start left out. The loop and Bytewax find
their rows in a list; the flow makes them. Before they are timed, all rows of each query are held against plain Python.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from measure import child, report, spread

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "nexmark"))

NAMES = [f"q{number}" for number in (0, 1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 14, 18, 19, 20, 21, 22)]
TARGETS = {"q0": 1_000_000, "q1": 1_000_000, "q2": 1_000_000, "q14": 300_000}
OF_ALL = ["auction", "bidder", "price", "date_time", "extra"]
COLUMNS = {  # of bids, what a query reads
    "q0": OF_ALL, "q1": OF_ALL, "q2": ["auction", "price"], "q3": [], "q4": ["auction", "price", "date_time"],
    "q5": ["auction", "date_time"], "q7": OF_ALL, "q8": [], "q11": ["bidder", "date_time"], "q12": ["bidder"],
    "q13": OF_ALL[:4], "q14": OF_ALL, "q18": [*OF_ALL, "channel", "url"], "q19": ["event", *OF_ALL[:4]],
    "q20": [*OF_ALL, "channel", "url"], "q21": [*OF_ALL[:3], "channel", "url"], "q22": [*OF_ALL[:3], "channel", "url"],
}  # fmt: skip
PEERS = ["q0", "q1", "q2", "q11"]


def timed(run: Any) -> None:
    """Prints what `run` gives as its number of rows, and its CPU-seconds."""
    cpu = time.process_time()
    rows = run()
    print(json.dumps({"cpu": time.process_time() - cpu, "rows": rows}))


def flow_of(name: str, events: int) -> Any:
    import keyed_queries
    import queries

    return {**vars(queries), **vars(keyed_queries)}[name](queries.House(events, splits=1))


def klein_query(name: str, events: int, mode: str) -> None:
    flow = flow_of(name, events).discard()
    timed(lambda: flow.run(mode=mode, cores=1, progress=False).rows_out)


def klein_events(name: str, events: int, mode: str) -> None:
    """The events that a query reads, and nothing else."""
    import pyklein as klein

    kinds = {
        "q3": ["person", "auction"],
        "q8": ["person", "auction"],
        "q4": ["auction", "bid"],
        "q20": ["auction", "bid"],
    }
    flows = []
    for kind in kinds.get(name, ["bid"]):
        columns = COLUMNS[name] if kind == "bid" else None
        flows.append(klein.nexmark(kind, events, splits=1, columns=columns).discard())
    timed(lambda: klein.run(*flows, mode=mode, cores=1, progress=False).rows_out)


def events_of(events: int) -> Any:
    """The rows as lists, from the source: its own tests hold it against plain Python."""
    import oracle
    import pyklein as klein

    all = oracle.Events(0)
    all.persons, all.auctions, all.bids = (
        klein.nexmark(kind, events).to_arrow().to_pylist() for kind in ("person", "auction", "bid")
    )
    return all


def plain(name: str, events: int, mode: str) -> None:
    import oracle

    rows = events_of(events)
    timed(lambda: len(getattr(oracle, name)(rows)))


def as_set(rows: list[dict[str, Any]], name: str) -> Counter[Any]:
    if name == "q12":  # its windows are the clock's: how many there are of a bidder in all of them
        counts: Counter[int] = Counter()
        for row in rows:
            counts[row["bidder"]] += row["bid_count"]
        rows = [{"bidder": bidder, "bid_count": count} for bidder, count in counts.items()]
    return Counter(tuple(sorted(row.items())) for row in rows)


def check(name: str, events: int, mode: str) -> None:
    """All rows, against plain Python's."""
    import tempfile

    import oracle
    import pyklein as klein

    with tempfile.TemporaryDirectory() as folder:
        flow_of(name, events).write_parquet(folder + "/rows").run(mode=mode, progress=False)
        got = as_set(klein.read_parquet(folder + "/rows").take_all(), name)
    wanted = as_set(getattr(oracle, name)(events_of(events)), name)
    assert got == wanted, f"{name}: {(got - wanted).total()} rows too many, {(wanted - got).total()} too few"
    print(json.dumps({"rows": got.total()}))


def bytewax(name: str, events: int, mode: str) -> None:
    from datetime import UTC

    import bytewax.operators as op
    from bytewax.dataflow import Dataflow
    from bytewax.operators import windowing
    from bytewax.testing import TestingSink, TestingSource, run_main

    bids = [{**bid, "date_time": bid["date_time"].replace(tzinfo=UTC)} for bid in events_of(events).bids]
    out: list[Any] = []
    flow = Dataflow("nexmark")
    rows = op.input("bids", flow, TestingSource(bids, batch_size=1000))
    if name == "q11":
        clock = windowing.EventClock(lambda bid: bid["date_time"], timedelta(seconds=4))
        windows = windowing.SessionWindower(timedelta(seconds=10))
        rows = windowing.count_window("count", rows, clock, windows, lambda bid: str(bid["bidder"])).down
    if name == "q2":
        rows = op.filter("some", rows, lambda bid: bid["auction"] % 123 == 0)
    names = ("auction", "price") if name == "q2" else OF_ALL
    price = 0.908 if name == "q1" else 1
    if name != "q11":
        rows = op.map("row", rows, lambda bid: {**{name: bid[name] for name in names}, "price": bid["price"] * price})
    op.output("out", rows, TestingSink(out))

    def run() -> int:
        run_main(flow)
        return len(out)

    timed(run)


def measured(name: str, rounds: int, mode: str) -> None:
    check_events, loop_events, events = "100000", 100_000, 1_000_000
    child("nexmark.py", "check", name, check_events, mode)
    wanted = child("nexmark.py", "plain", name, str(events), mode)["rows"] if name != "q12" else None
    with_bytewax = name in PEERS and importlib.util.find_spec("bytewax") is not None
    rates, of_events, over_loop, over_bytewax = [], [], [], []
    for _ in range(rounds):
        ours = child("nexmark.py", "query", name, str(events), mode)
        assert wanted is None or ours["rows"] == wanted, f"{name} gave {ours['rows']} rows, not {wanted}"
        rates.append(events / ours["cpu"])
        of_events.append(child("nexmark.py", "events", name, str(events), mode)["cpu"] / ours["cpu"])
        over_loop.append(rates[-1] / (loop_events / child("nexmark.py", "plain", name, str(loop_events), mode)["cpu"]))
        if with_bytewax:
            peer = child("nexmark.py", "bytewax", name, str(loop_events), mode)
            over_bytewax.append(rates[-1] / (loop_events / peer["cpu"]))
    target = {"target": TARGETS[name]} if name in TARGETS else {}
    report(f"nexmark {name}, {mode}, events per CPU-s", rows=wanted, **spread(rates), **target)
    report(f"nexmark {name}, CPU of its events alone over all", **spread(of_events))
    report(f"nexmark {name} over a plain Python loop", **spread(over_loop))
    if with_bytewax:
        report(f"nexmark {name} over Bytewax", **spread(over_bytewax))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("queries", nargs="*", default=NAMES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mode", choices=["batch", "stream"], default="stream")
    given = parser.parse_args()
    for name in given.queries:
        measured(name, given.rounds, given.mode)


KINDS = {"query": klein_query, "events": klein_events, "plain": plain, "check": check, "bytewax": bytewax}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in KINDS:
        KINDS[sys.argv[1]](sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        main()
