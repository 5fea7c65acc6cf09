"""read_kafka on a real broker."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pyklein as klein
import pytest
from confluent_kafka import Consumer, TopicPartition
from kafka_broker import Broker
from kafka_client import new_topic, send
from live_files import wait_until

NOBODY = "127.0.0.1:9"  # discard, which nothing listens to


def sent(broker: Broker, count: int, partitions: int = 1) -> str:
    """A topic of `count` records, their numbers, one partition after the other."""
    topic = new_topic(broker.servers, partitions)
    send(broker.servers, topic, ({"value": b"%d" % i, "partition": i % partitions} for i in range(count)))
    return topic


def read(broker: Broker, topic: str | list[str], **options: object) -> klein.Flow:
    return klein.read_kafka(topic, bootstrap_servers=broker.servers, **options)


def values(flow: klein.Flow) -> list[int]:
    return [int(row["value"]) for row in flow.take_all()]


def test_a_read_with_an_end_is_a_batch_of_every_record_in_the_partitions_order(broker: Broker) -> None:
    topic = sent(broker, 3000, partitions=3)
    flow = read(broker, topic, end_offset="latest", metadata=True)
    rows = flow.take_all()
    assert sorted(int(row["value"]) for row in rows) == list(range(3000))
    for partition in range(3):
        ours = [row for row in rows if row["partition"] == partition]
        assert [row["offset"] for row in ours] == list(range(1000))
        assert [int(row["value"]) for row in ours] == list(range(partition, 3000, 3))


def test_metadata_are_the_key_the_place_the_time_and_the_headers_of_a_record(broker: Broker) -> None:
    topic = new_topic(broker.servers)
    send(
        broker.servers,
        topic,
        [
            {"value": b"one", "key": b"k", "timestamp": 1_700_000_000_123, "headers": [("a", b"1"), ("a", None)]},
            {"value": None, "key": None, "timestamp": 1_700_000_000_124},
        ],
    )
    one, two = read(broker, topic, end_offset="latest", metadata=True).take_all()
    assert one == {
        "value": b"one",
        "key": b"k",
        "topic": topic,
        "partition": 0,
        "offset": 0,
        "timestamp": datetime.fromtimestamp(1_700_000_000.123, UTC),
        "headers": [{"key": "a", "value": b"1"}, {"key": "a", "value": None}],
    }
    assert (two["value"], two["key"], two["headers"]) == (None, None, [])


def test_reading_begins_and_ends_where_it_is_told_to(broker: Broker) -> None:
    topic = new_topic(broker.servers)
    send(broker.servers, topic, ({"value": b"%d" % i, "timestamp": 1_700_000_000_000 + i} for i in range(10)))

    def between(start: object, end: object) -> list[int]:
        return values(read(broker, topic, start_offset=start, end_offset=end))

    assert between("earliest", "latest") == list(range(10))
    assert between("latest", "latest") == []
    assert between({0: 3}, {0: 6}) == [3, 4, 5]
    assert between({f"{topic}#0": 8}, "latest") == [8, 9]
    assert between(1_700_000_000_004, 1_700_000_000_006) == [4, 5]
    assert between(datetime.fromtimestamp(1_700_000_000.007, UTC), "latest") == [7, 8, 9]
    assert between("2023-11-14T22:13:20.009Z", "2033-01-01T00:00:00Z") == [9]


def test_a_batch_ends_though_its_last_offset_holds_no_record(broker: Broker) -> None:
    from confluent_kafka import Producer

    topic = new_topic(broker.servers)
    producer = Producer({"bootstrap.servers": broker.servers, "transactional.id": topic})
    producer.init_transactions(30)
    for commits in (True, False):
        producer.begin_transaction()
        producer.produce(topic, b"1" if commits else b"2")
        producer.flush(30)
        producer.commit_transaction(30) if commits else producer.abort_transaction(30)
    assert values(read(broker, topic, end_offset="latest")) == [1]


def test_several_topics_are_read_as_one(broker: Broker) -> None:
    topics = [sent(broker, 3), sent(broker, 4)]
    assert sorted(values(read(broker, topics, end_offset="latest"))) == [0, 0, 1, 1, 2, 2, 3]


def test_a_stream_gives_records_as_they_come(broker: Broker) -> None:
    topic = sent(broker, 2)
    flow = read(broker, topic)
    seen: list[int] = []

    def note(row: dict[str, bytes]) -> dict[str, bytes]:
        seen.append(int(row["value"]))
        return row

    job = flow.map(note).discard().start()
    wait_until(lambda: seen == [0, 1])
    send(broker.servers, topic, [{"value": b"2"}])
    wait_until(lambda: seen == [0, 1, 2])
    job.stop()
    job.wait()


def test_a_stream_goes_on_behind_its_last_snapshot_and_its_group_shows_how_far_it_is(
    broker: Broker, tmp_path: Path
) -> None:
    topic = sent(broker, 100, partitions=2)
    flow = read(broker, topic, group=f"{topic}-lag").map(lambda row: {"n": int(row["value"])})
    job = flow.write_json(tmp_path / "out", mode="append").start(checkpoint=tmp_path / "state", interval="50ms")
    written = tmp_path / "out" / "*.json"

    def shown() -> list[int]:
        if not list((tmp_path / "out").glob("*.json")):
            return []
        return sorted(row["n"] for row in klein.read_json(written, schema="n: int64").take_all())

    wait_until(lambda: shown() == list(range(100)))
    job.stop()
    job.wait()
    send(broker.servers, topic, ({"value": b"%d" % i, "partition": i % 2} for i in range(100, 120)))
    job = flow.write_json(tmp_path / "out", mode="append").start(checkpoint=tmp_path / "state", interval="50ms")
    wait_until(lambda: shown() == list(range(120)))
    group = Consumer({"bootstrap.servers": broker.servers, "group.id": f"{topic}-lag"})

    def committed() -> list[int]:
        return [each.offset for each in group.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)], 10)]

    wait_until(lambda: committed() == [60, 60])
    job.stop()
    job.wait()
    group.close()


def test_a_group_that_others_are_in_keeps_its_offsets_and_the_job_goes_on(broker: Broker, tmp_path: Path) -> None:
    topic = sent(broker, 10)
    member = Consumer({"bootstrap.servers": broker.servers, "group.id": topic, "auto.offset.reset": "earliest"})
    member.subscribe([topic])
    wait_until(lambda: member.consume(1, timeout=1) != [])
    flow = read(broker, topic, group=topic, end_offset="latest").map(lambda row: {"n": int(row["value"])})
    report = flow.write_json(tmp_path / "out").run(
        checkpoint=tmp_path / "state", interval="1ms", mode="stream", progress=False
    )
    assert report.rows_out == 10
    member.close()


def test_a_broker_that_does_not_answer_is_named_within_five_seconds() -> None:
    flow = klein.read_kafka("photos", bootstrap_servers=NOBODY, end_offset="latest")
    begun = time.monotonic()
    with pytest.raises(klein.UnavailableError, match=rf"no broker answers at {NOBODY}: .*refused.*; start it, or give"):
        flow.take_all()
    assert time.monotonic() - begun < 5


def test_a_job_that_goes_on_where_no_broker_answers_says_so_within_five_seconds(broker: Broker, tmp_path: Path) -> None:
    def job(servers: str) -> klein.Job:
        read = klein.read_kafka(topic, bootstrap_servers=servers, name="read").discard()
        return read.start(checkpoint=tmp_path, interval="10ms", cores=1)

    topic = sent(broker, 10)
    first = job(broker.servers)
    wait_until(lambda: first.status()["snapshots"]["sealed"] >= 2)
    first.stop()
    first.wait()
    begun = time.monotonic()
    with pytest.raises(klein.UnavailableError, match=f"no broker answers at {NOBODY}"):
        job(NOBODY).wait()
    assert time.monotonic() - begun < 5.5
    again = job(broker.servers)
    again.stop()
    again.wait()


def test_a_topic_that_is_not_there_is_named_with_the_nearest(broker: Broker) -> None:
    topic = sent(broker, 1)
    with pytest.raises(klein.NotFoundError, match=f"no topic '{topic}s' at {broker.servers}; did you mean '{topic}'"):
        read(broker, topic + "s", end_offset="latest").take_all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"start_offset": "begin"}, r'start_offset is "earliest", "latest", a time .*, not "begin"'),
        ({"start_offset": {"one": 1}}, "start_offset: 'one' is no partition of what is read; one is called like 0"),
        ({"end_offset": {0: -1}}, "end_offset gives 0 no offset, 0 or more, but -1"),
        ({"start_offset": datetime(2026, 1, 1)}, "'start_offset' is a datetime without a zone"),
        ({"client": {"group.id": "g"}}, "client= can't set 'group.id', which Klein does: give group="),
        ({"bootstrap_servers": ""}, "bootstrap_servers is empty"),
        ({"topic": []}, "topic is an empty list"),
    ],
)
def test_what_cant_be_read_is_refused_where_the_flow_is_written(options: dict[str, object], said: str) -> None:
    with pytest.raises(klein.InvalidError, match=said):
        klein.read_kafka(**{"topic": "photos", "bootstrap_servers": NOBODY, **options})


def test_offsets_that_the_topic_lacks_are_refused(broker: Broker) -> None:
    topic = sent(broker, 5)
    with pytest.raises(klein.InvalidError, match=f"{topic}#0 has no offset 7; it has 0 to 5"):
        read(broker, topic, start_offset={0: 7}, end_offset="latest").take_all()
    with pytest.raises(klein.InvalidError, match=f"there is no partition {topic}#1"):
        read(broker, topic, start_offset={1: 0}, end_offset="latest").take_all()


def test_a_setting_that_librdkafka_lacks_is_named(broker: Broker) -> None:
    with pytest.raises(klein.InvalidError, match=r'No such configuration property: "fetch\.size"'):
        read(broker, "photos", client={"fetch.size": 5}, end_offset="latest").take_all()


def test_secrets_are_in_no_view_and_no_error(broker: Broker) -> None:
    secret = "a1b2c3"
    client = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "ann",
        "sasl.password": secret,
    }
    flow = read(broker, "photos", client=client, end_offset="latest")
    with pytest.raises(klein.UnavailableError) as raised:
        flow.take_all()
    assert secret not in repr(raised.value)
    assert secret not in repr(flow)
    plain = read(broker, sent(broker, 1), client={"ssl.key.password": secret, "client.rack": "here"})
    views = str(plain.explain())
    assert "ssl.key.password: ***" in views
    assert secret not in views
    with pytest.raises(klein.InvalidError, match=r"can't set 'my\.password': librdkafka does not take it") as refused:
        read(broker, "photos", client={"my.password": secret}, end_offset="latest").take_all()
    assert secret not in str(refused.value)
