"""write_kafka(delivery="exactly_once") on a real broker."""

from __future__ import annotations

import json
from pathlib import Path

import pyklein as klein
import pytest
from kafka_broker import Broker
from kafka_client import new_topic, records
from live_files import wait_until


def write(flow: klein.Flow, broker: Broker, topic: str, **options: object) -> klein.Flow:
    return flow.write_kafka(topic, bootstrap_servers=broker.servers, delivery="exactly_once", **options)


def ids(broker: Broker, topic: str, partitions: int = 1) -> list[int]:
    return [json.loads(each.value())["id"] for each in records(broker.servers, topic, partitions)]


def sealed(job: klein.Job) -> int:
    return job.status()["snapshots"]["sealed"]


@pytest.mark.parametrize("mode", ["batch", "stream"])
def test_every_row_is_there_once_in_order_when_the_job_has_ended(broker: Broker, tmp_path: Path, mode: str) -> None:
    topic = new_topic(broker.servers)
    rows = klein.generate(count=3000, rate=10_000).select("id")
    write(rows, broker, topic).run(checkpoint=tmp_path, interval="20ms", mode=mode, progress=False, cores=1)
    assert ids(broker, topic) == list(range(3000))
    assert not list((tmp_path / "staged").rglob("run-*/*"))


def test_no_row_of_a_job_that_fails_is_seen(broker: Broker, tmp_path: Path) -> None:
    topic = new_topic(broker.servers)

    def fail_late(row: dict[str, int]) -> dict[str, int]:
        if row["id"] == 900:
            raise ValueError("late")
        return row

    flow = write(klein.range(1000).map(fail_late), broker, topic)
    with pytest.raises(ValueError, match="late"):
        flow.run(checkpoint=tmp_path, interval="10ms", mode="batch", progress=False)
    assert ids(broker, topic) == []
    write(klein.range(1000), broker, topic).run(checkpoint=tmp_path, restart=True, progress=False)
    assert ids(broker, topic) == list(range(1000))


def test_a_job_that_is_stopped_goes_on_at_another_parallelism(broker: Broker, tmp_path: Path) -> None:
    topic = new_topic(broker.servers, 2)
    rows = klein.generate(count=4000, rate=3000).select("id").with_columns(at=klein.col("id") - klein.col("id") / 2 * 2)
    flow = write(rows, broker, topic, partition="at")
    for cores in (2, 1, 3):
        job = flow.start(checkpoint=tmp_path, interval="20ms", mode="stream", cores=cores)
        if cores != 3:
            wait_until(lambda job=job: sealed(job) >= 3)
            job.stop()
        job.wait()
    assert sorted(ids(broker, topic, 2)) == list(range(4000))


def test_exactly_once_without_a_checkpoint_is_refused(broker: Broker) -> None:
    topic = new_topic(broker.servers)
    with pytest.raises(klein.InvalidError, match=r"stages rows in the job's checkpoint; give it one, run\(checkpoint="):
        write(klein.range(3), broker, topic).run(progress=False)


def test_a_transaction_that_the_broker_would_not_allow_is_refused_at_the_start(broker: Broker, tmp_path: Path) -> None:
    topic = new_topic(broker.servers)
    flow = write(klein.range(3), broker, topic, client={"transaction.timeout.ms": 3_600_000})
    with pytest.raises(klein.InvalidError, match=r"allows no transaction to take as long as transaction\.timeout\.ms"):
        flow.run(checkpoint=tmp_path, progress=False)


def test_no_secret_is_kept_in_a_checkpoint(broker: Broker, tmp_path: Path) -> None:
    topic = new_topic(broker.servers)
    secret = "a1b2c3d4"
    rows = klein.generate(count=2000, rate=1500).select("id")
    flow = write(rows, broker, topic, client={"ssl.key.password": secret})
    job = flow.start(checkpoint=tmp_path, interval="10ms", mode="batch", cores=1)
    wait_until(lambda: sealed(job) >= 3)
    held = [path for path in (tmp_path / "manifest").iterdir() if b"ssl.key.password" in path.read_bytes()]
    job.wait()
    assert held  # a token names it
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert ids(broker, topic) == list(range(2000))


def test_a_savepoint_of_a_batch_has_the_rows_that_are_staged(broker: Broker, tmp_path: Path) -> None:
    topic = new_topic(broker.servers)
    rows = klein.generate(count=3000, rate=2_000).select("id")
    flow = write(rows, broker, topic)
    job = flow.start(checkpoint=tmp_path / "state", interval="20ms", mode="batch", cores=1)
    wait_until(lambda: sealed(job) >= 3)
    job.stop(savepoint=tmp_path / "savepoint")
    job.wait()
    assert ids(broker, topic) == []
    flow.start(checkpoint=tmp_path / "other", from_savepoint=tmp_path / "savepoint", mode="batch").wait()
    assert ids(broker, topic) == list(range(3000))
