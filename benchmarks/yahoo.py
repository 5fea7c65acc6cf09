"""The Yahoo streaming benchmark: JSON events of ads, views a campaign and ten seconds, beside plain loops.

python benchmarks/yahoo.py --rounds 7 [--events 1000000]

Views are filtered, each ad is looked up in a table of a hundred campaigns of ten ads, and counted in windows of the
events' time. A figure is events per CPU-second of a process with one core, its start left out. Each answer, a count a
campaign and window, is held against what the events were made of.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from measure import child, report, spread

SEED, BEGIN = 1, 1_600_000_000_000
CAMPAIGNS, ADS = 100, 10
TYPES, AD_TYPES = ["view", "click", "purchase"], ["banner", "modal", "sponsored-search", "mail", "mobile"]
COLUMNS = ("user_id", "page_id", "ad_id", "ad_type", "event_type", "event_time", "ip_address")
Counts = Counter[tuple[str, int]]
Measured = tuple[float, Counts]


def campaigns() -> dict[str, str]:
    """The campaign of each ad."""
    chance = random.Random(SEED)
    names = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(CAMPAIGNS)]
    return {str(uuid.UUID(int=chance.getrandbits(128))): name for name in names for _ in range(ADS)}


def write(path: Path, events: int) -> Counts:
    """A file of events, ten milliseconds apart, and how many views there are a campaign and ten seconds."""
    chance = random.Random(SEED + 1)
    people = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(100)]
    pages = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(100)]
    of_ad = campaigns()
    ads, counts = list(of_ad), Counts()
    with path.open("w") as file:
        for number in range(events):
            at, ad, kind = BEGIN + 10 * number, chance.choice(ads), chance.choice(TYPES)
            values = (chance.choice(people), chance.choice(pages), ad, chance.choice(AD_TYPES), kind, at, "1.2.3.4")
            file.write(json.dumps(dict(zip(COLUMNS, values, strict=True))) + "\n")
            if kind == "view":
                counts[of_ad[ad], at // 10_000 * 10_000] += 1
    return counts


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """CPU-seconds, and what it gave."""
    cpu = time.process_time()
    given = run()
    return time.process_time() - cpu, given


def by_klein(path: Path, mode: str) -> Measured:
    import pyarrow as pa
    import pyklein as klein

    of_ad = campaigns()
    table = klein.from_arrow(pa.table({"ad_id": list(of_ad), "campaign": list(of_ad.values())}))
    schema = "ad_id: string, event_type: string, event_time: int64"
    views = klein.read_json(path, schema=schema).filter(klein.col("event_type") == "view")
    views = views.with_event_time("event_time").select("ad_id", "event_time").join(table, "ad_id")
    counted = views.key_by("campaign").window(klein.tumbling("10s")).aggregate(views=klein.count())
    with tempfile.TemporaryDirectory() as folder:
        klein.from_items([{"started": True}]).write_parquet(folder + "/started").run(progress=False)
        flow = counted.write_parquet(folder + "/counts")
        cpu, _ = timed(lambda: flow.run(mode=mode, cores=1, progress=False))
        rows = klein.read_parquet(folder + "/counts").take_all()
    return cpu, Counts({(row["campaign"], row["window_start"]): row["views"] for row in rows})


def by_loop(path: Path, parse: Callable[[bytes], Any]) -> Counts:
    of_ad, counts = campaigns(), Counts()
    with path.open("rb") as file:
        for line in file:
            event = parse(line)
            if event["event_type"] == "view":
                counts[of_ad[event["ad_id"]], event["event_time"] // 10_000 * 10_000] += 1
    return counts


def by_bytewax(path: Path, parse: Callable[[bytes], Any]) -> Measured:
    import bytewax.operators as op
    from bytewax.dataflow import Dataflow
    from bytewax.operators import windowing
    from bytewax.testing import TestingSink, TestingSource, run_main

    of_ad = campaigns()
    out: list[Any] = []

    def campaign(event: dict[str, Any]) -> tuple[str, datetime]:
        return of_ad[event["ad_id"]], datetime.fromtimestamp(event["event_time"] / 1000, UTC)

    flow = Dataflow("yahoo")
    events = op.map("parse", op.input("lines", flow, TestingSource(path.open("rb"), batch_size=1000)), parse)
    views = op.map("join", op.filter("views", events, lambda event: event["event_type"] == "view"), campaign)
    # Its time goes on with the clock where rows stop: a minute, so that no row is late on a busy machine.
    clock = windowing.EventClock(lambda view: view[1], timedelta(minutes=1))
    windows = windowing.TumblingWindower(timedelta(seconds=10), datetime.fromtimestamp(BEGIN / 1000, UTC))
    counted = windowing.count_window("count", views, clock, windows, lambda view: view[0])
    op.output("out", counted.down, TestingSink(out))
    cpu, _ = timed(lambda: run_main(flow))
    return cpu, Counts({(key, BEGIN + number * 10_000): count for key, (number, count) in out})


def engine(kind: str, path: str, wanted: str) -> None:
    """One pass, and whether every count is right."""
    parse = importlib.import_module("orjson").loads if importlib.util.find_spec("orjson") else json.loads
    run: Callable[[], Measured] = {
        "batch": lambda: by_klein(Path(path), "batch"),
        "stream": lambda: by_klein(Path(path), "stream"),
        "json": lambda: timed(lambda: by_loop(Path(path), json.loads)),
        "orjson": lambda: timed(lambda: by_loop(Path(path), parse)),
        "bytewax": lambda: by_bytewax(Path(path), parse),
    }[kind]
    cpu, got = run()
    right = Counts({(campaign, at): count for campaign, at, count in json.loads(Path(wanted).read_text())})
    assert got == right, f"{kind}: {(got - right).total()} views too many, {(right - got).total()} too few"
    print(json.dumps({"cpu": cpu}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    peers = ["json", *(name for name in ("orjson", "bytewax") if importlib.util.find_spec(name))]
    rates: dict[str, list[float]] = {kind: [] for kind in ("batch", "stream", *peers)}
    with tempfile.TemporaryDirectory() as folder:
        path, wanted = Path(folder) / "events.jsonl", Path(folder) / "counts.json"
        counts = write(path, given.events)
        wanted.write_text(json.dumps([[*key, count] for key, count in counts.items()]))
        for _ in range(given.rounds):
            for kind, all in rates.items():
                all.append(given.events / child("yahoo.py", kind, str(path), str(wanted))["cpu"])
    for kind, all in rates.items():
        report(f"yahoo by {kind}, events per CPU-s", **spread(all))
    for peer in peers:
        over = [ours / theirs for ours, theirs in zip(rates["stream"], rates[peer], strict=True)]
        report(f"yahoo, a stream over {peer}", **spread(over))


if __name__ == "__main__":
    if sys.argv[1:2] and not sys.argv[1].startswith("-"):
        engine(*sys.argv[1:4])
    else:
        main()
