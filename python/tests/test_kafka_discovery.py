"""Partitions that a topic gets while it is read."""

from __future__ import annotations

from pathlib import Path

import pyklein as klein
import pytest
from confluent_kafka.admin import AdminClient, NewPartitions
from kafka_broker import Broker
from kafka_client import new_topic, send
from live_files import rows_in, wait_until


def grow(broker: Broker, topic: str, partitions: int) -> None:
    admin = AdminClient({"bootstrap.servers": broker.servers})
    admin.create_partitions([NewPartitions(topic, partitions)])[topic].result(timeout=30)


def values(folder: Path) -> list[str]:
    return sorted(row["value"] for row in rows_in(folder))


def test_partitions_that_a_topic_gets_are_read_from_their_begin_while_a_job_runs_and_over_a_stop(
    broker: Broker, tmp_path: Path
) -> None:
    topic = new_topic(broker.servers)
    send(broker.servers, topic, [{"value": b"before"}])

    def start() -> klein.Job:
        read = klein.read_kafka(
            topic, bootstrap_servers=broker.servers, start_offset="latest", discovery_interval="20ms"
        )
        texts = read.map(lambda row: {"value": row["value"].decode()})
        return texts.write_json(tmp_path / "out", mode="append").start(
            checkpoint=tmp_path / "state", interval="20ms", cores=2
        )

    job = start()
    send(broker.servers, topic, [{"value": b"0"}])
    wait_until(lambda: values(tmp_path / "out") == ["0"])
    grow(broker, topic, 3)
    send(broker.servers, topic, [{"value": b"%d" % n, "partition": n} for n in (1, 2)])
    wait_until(lambda: values(tmp_path / "out") == ["0", "1", "2"])
    job.stop()
    job.wait()
    grow(broker, topic, 4)
    send(broker.servers, topic, [{"value": b"%d" % n, "partition": n % 4} for n in (3, 4)])
    job = start()
    wait_until(lambda: values(tmp_path / "out") == ["0", "1", "2", "3", "4"])
    job.stop()
    job.wait()
    assert values(tmp_path / "out") == ["0", "1", "2", "3", "4"]


def test_how_often_to_look_is_a_duration(broker: Broker) -> None:
    with pytest.raises(klein.InvalidError, match="discovery_interval is at least 1ms"):
        klein.read_kafka("any", bootstrap_servers=broker.servers, discovery_interval="0s")


@pytest.mark.parametrize("cores", [1, 2])
def test_a_partition_that_is_empty_from_the_begin_is_idle_after_a_while(
    broker: Broker, tmp_path: Path, cores: int
) -> None:
    topic = new_topic(broker.servers, 2)
    send(broker.servers, topic, ({"value": b'{"at": %d}' % at, "partition": 0} for at in range(0, 10_000, 500)))
    rows = klein.read_kafka(topic, bootstrap_servers=broker.servers, value_format="json", schema="at: int64")
    windows = rows.with_event_time("at", idleness="200ms").window(klein.tumbling("1s")).aggregate(n=klein.count())
    texts = windows.map(lambda row: {"value": str(row["window_start"])}, name="texts")
    job = texts.write_json(tmp_path / "out", mode="append").start(
        checkpoint=tmp_path / "state", interval="20ms", cores=cores
    )
    wait_until(lambda: len(values(tmp_path / "out")) >= 9)
    job.stop()
    job.wait()
