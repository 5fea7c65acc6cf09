"""A job from Kafka to Kafka, killed in real processes at random moments and in every step of its commits: nothing is
lost, doubled or out of order."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

from confluent_kafka import Producer
from kafka_broker import Broker
from kafka_client import new_topic, records

ROWS, PARTITIONS = 3_000, 3
KILLS = 22

PROGRAM = """
import sys
import pyklein as klein

servers, source, target, state, cores = sys.argv[1:]
slowly = {"fetch.message.max.bytes": 300}  # a batch or two at a time
rows = klein.read_kafka(source, bootstrap_servers=servers, end_offset="latest", metadata=True, client=slowly)
rows.select("value", "partition").write_kafka(
    target, bootstrap_servers=servers, partition="partition", value_format="raw", delivery="exactly_once"
).run(checkpoint=state, interval="15ms", mode="stream", cores=int(cores), progress=False)
"""

# The call, a word of its path, and what a process that is killed there was doing.
STAGES = [
    ("fsync", "staged", "staging"),
    ("link", "manifest", "sealing"),
    ("begin", "kafka", "beginning a transaction"),
    ("number", "kafka", "numbering a transaction"),
    ("commit", "kafka", "committing a transaction"),
    ("unlink", "staged", "removing what is committed"),
    ("rename", "committed", "noting a commit"),
]


def fill(servers: str, topic: str) -> None:
    """In many small batches, so that reading takes a while."""
    producer = Producer({"bootstrap.servers": servers, "batch.num.messages": 10})
    for number in range(ROWS):
        producer.produce(topic, b"%d" % number, partition=number % PARTITIONS)
    assert producer.flush(30) == 0


class Crashes:
    """One job's processes, each killed as the seed says, until the job ends."""

    def __init__(self, broker: Broker, state: Path, killer: Path, seeded: random.Random) -> None:
        self.broker, self.state, self.killer, self.random = broker, state, killer, seeded
        self.source, self.target = (new_topic(broker.servers, PARTITIONS) for _ in range(2))
        fill(broker.servers, self.source)
        self.kills: Counter[str] = Counter()

    def process(self, spare: bool) -> bool:
        """Whether it came to the job's end."""
        where = [self.broker.servers, self.source, self.target, self.state, str(self.random.randint(1, 3))]
        call, word, stage = self.random.choice(STAGES)
        environment = {**os.environ, "LD_PRELOAD": str(self.killer)}
        at_any_moment = not spare and self.random.random() < 0.3
        if not spare and not at_any_moment:
            when = self.random.choice(["before", "behind"])
            environment["KLEIN_KILL_AT"] = f"{call} {word} {self.random.randint(1, 4)} {when}"
            stage = f"{stage}, {when}"
        started = subprocess.Popen([sys.executable, "-c", PROGRAM, *where], env=environment)
        try:
            started.wait(timeout=self.random.uniform(0.3, 0.8) if at_any_moment else 60)
        except subprocess.TimeoutExpired:
            started.send_signal(signal.SIGKILL)
            started.wait()
            stage = "at any moment"
        if started.returncode == -signal.SIGKILL:
            self.kills[stage] += 1
            return False
        assert started.returncode == 0
        return True

    def wrong(self) -> Counter[str]:
        """How many records are lost, doubled and out of order, as a reader of what is committed sees it."""
        found: Counter[str] = Counter()
        written: list[list[int]] = [[] for _ in range(PARTITIONS)]
        for each in records(self.broker.servers, self.target, PARTITIONS):
            written[each.partition()].append(int(each.value()))
        for partition, numbers in enumerate(written):
            got, wanted = Counter(numbers), Counter(range(partition, ROWS, PARTITIONS))
            found["lost"] += (wanted - got).total()
            found["doubled"] += (got - wanted).total()
            found["out of order"] += sum(one > other for one, other in pairwise(numbers))
        return +found


def test_killed_in_every_step_of_a_commit_no_record_is_lost_doubled_or_out_of_order(
    broker: Broker, tmp_path: Path, killer: Path
) -> None:
    seeded = random.Random(1)
    kills: Counter[str] = Counter()
    for number in range(30):
        crashes = Crashes(broker, tmp_path / str(number), killer, seeded)
        while not crashes.process(spare=crashes.kills.total() >= 8):
            pass
        assert crashes.wrong() == Counter(), (number, crashes.kills)
        kills += crashes.kills
        if kills.total() >= KILLS:
            break
    assert kills.total() >= KILLS
    stages = {name.split(",")[0] for name in kills}
    assert stages >= {"at any moment", "sealing", "committing a transaction", "noting a commit"}, kills
