"""write_kafka on a real broker, read by another client."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyklein as klein
import pytest
from kafka_broker import Broker
from kafka_client import new_topic, records


def write(flow: klein.Flow, broker: Broker, topic: str, **options: object) -> klein.RunReport:
    return flow.write_kafka(topic, bootstrap_servers=broker.servers, **options).run()


def test_each_row_is_a_record_in_order_an_object_of_json_by_default(broker: Broker) -> None:
    topic = new_topic(broker.servers)
    report = write(klein.range(5000).with_columns(label="a"), broker, topic)
    found = records(broker.servers, topic)
    assert report.rows_out == 5000
    assert [json.loads(each.value()) for each in found] == [{"id": i, "label": "a"} for i in range(5000)]
    assert all(each.key() is None for each in found)


@pytest.mark.parametrize(
    ("keys", "wanted"), [(["a", None, ""], [b"a", None, b""]), ([1, None, -3], [b"1", None, b"-3"])]
)
def test_a_key_is_text_or_a_whole_number_and_may_be_lacking(
    broker: Broker, keys: list[object], wanted: list[bytes | None]
) -> None:
    topic = new_topic(broker.servers)
    rows = klein.from_items([{"k": key, "value": f"v{i}"} for i, key in enumerate(keys)])
    write(rows, broker, topic, key="k", value_format="raw")
    found = records(broker.servers, topic)
    assert [(each.key(), each.value()) for each in found] == [(key, b"v%d" % i) for i, key in enumerate(wanted)]


def test_a_key_is_in_the_partition_that_javas_clients_put_it_into(broker: Broker) -> None:
    topic = new_topic(broker.servers, 4)
    write(klein.range(100).with_columns(value="v"), broker, topic, key="id", value_format="raw")
    where = {each.key(): each.partition() for each in records(broker.servers, topic, 4)}
    # org.apache.kafka.common.utils.Utils.toPositive(murmur2(key)) % 4
    assert [where[b"%d" % i] for i in (0, 1, 2, 21)] == [murmur2(b"%d" % i) % 4 for i in (0, 1, 2, 21)]
    assert len(set(where.values())) == 4


def murmur2(key: bytes) -> int:
    """As Java's client has it; positive."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(key)
    for i in range(0, len(key) // 4 * 4, 4):
        k = int.from_bytes(key[i : i + 4], "little") * m & mask
        h = (h * m & mask) ^ ((k ^ k >> 24) * m & mask)
    tail = key[len(key) // 4 * 4 :]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return (h ^ h >> 15) & 0x7FFFFFFF


def test_a_column_may_say_the_partition_and_is_not_in_the_value(broker: Broker) -> None:
    topic = new_topic(broker.servers, 3)
    write(klein.from_items([{"at": i % 3, "n": i} for i in range(9)]), broker, topic, partition="at")
    for each in records(broker.servers, topic, 3):
        assert json.loads(each.value()) == {"n": each.partition() + 3 * each.offset()}


def test_columns_say_what_a_value_is_made_of(broker: Broker) -> None:
    topic = new_topic(broker.servers)
    write(klein.from_items([{"a": 1, "b": 2, "c": 3}]), broker, topic, key="a", columns=["c", "b"])
    (one,) = records(broker.servers, topic)
    assert (one.key(), one.value()) == (b"1", b'{"c":3,"b":2}')


def test_a_value_may_be_a_stream_of_arrow(broker: Broker) -> None:
    topic = new_topic(broker.servers)
    table = pa.table({"id": [1, 2], "vector": pa.array([[1.0, 2.0], None], pa.list_(pa.float32()))})
    write(klein.from_arrow(table), broker, topic, value_format="arrow")
    found = [pa.ipc.open_stream(each.value()).read_all() for each in records(broker.servers, topic)]
    assert pa.concat_tables(found) == table


def test_more_rows_than_the_client_holds_all_arrive_in_order(broker: Broker) -> None:
    topic = new_topic(broker.servers)
    write(
        klein.range(20_000), broker, topic, client={"queue.buffering.max.messages": 100, "linger.ms": 0}, columns="id"
    )
    assert [json.loads(each.value())["id"] for each in records(broker.servers, topic)] == list(range(20_000))


def test_a_snapshot_waits_until_what_was_written_has_arrived(broker: Broker, tmp_path: Path) -> None:
    topic = new_topic(broker.servers)
    flow = klein.range(10_000).write_kafka(topic, bootstrap_servers=broker.servers, client={"linger.ms": 100})
    flow.run(checkpoint=tmp_path / "state", interval="10ms", progress=False)
    assert {json.loads(each.value())["id"] for each in records(broker.servers, topic)} == set(range(10_000))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key": "idd"}, "idd.*Did you mean 'id'"),
        ({"key": "v"}, r"the key 'v' is double; a key is text, bytes or an integer"),
        ({"partition": "v"}, "the partition 'v' is double; it is an integer"),
        ({"columns": ["ib"]}, "ib"),
        ({"value_format": "raw"}, r'value_format="raw" takes one column .* not id: int64, v: double; name it with'),
    ],
)
def test_rows_that_cant_be_records_are_refused_before_work_starts(
    broker: Broker, options: dict[str, object], said: str
) -> None:
    with pytest.raises(klein.Error, match=said):
        write(klein.from_items([{"id": 1, "v": 1.5}]), broker, "any", **options)


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
@pytest.mark.parametrize(
    ("row", "config", "said"),
    [
        ({"at": 5, "key": "k", "text": ""}, {}, "there is no partition 5 in the topic '{topic}', which has 1"),
        ({"at": 0, "key": "k", "text": "x" * 2_000_000}, {}, "too large: 2000.* takes 1048.*max.message.bytes"),
        ({"at": 0, "key": None, "text": ""}, {"cleanup.policy": "compact"}, "it has no key, and the topic '{topic}'"),
    ],
)
def test_a_record_that_the_topic_does_not_take_ends_the_job_and_its_row_is_named(
    broker: Broker, tmp_path: Path, row: dict[str, object], config: dict[str, str], said: str, delivery: str
) -> None:
    topic = new_topic(broker.servers, **config)
    good = {"at": 0, "key": "k", "text": ""}
    flow = klein.from_items([good, row]).write_kafka(
        topic, bootstrap_servers=broker.servers, key="key", partition="at", delivery=delivery
    )
    with pytest.raises(klein.InvalidError, match="row table:1: .*" + said.format(topic=topic)):
        flow.run(checkpoint=tmp_path, mode="stream", progress=False)


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_batches_of_records_are_as_small_as_the_topic_takes_them(broker: Broker, tmp_path: Path, delivery: str) -> None:
    topic = new_topic(broker.servers, **{"max.message.bytes": "2000"})
    flow = klein.range(1000).write_kafka(topic, bootstrap_servers=broker.servers, delivery=delivery)
    flow.run(checkpoint=tmp_path, progress=False)
    assert [json.loads(each.value())["id"] for each in records(broker.servers, topic)] == list(range(1000))


def test_a_topic_that_is_not_there_is_named_before_work_starts(broker: Broker) -> None:
    topic = new_topic(broker.servers)
    with pytest.raises(klein.NotFoundError, match=f"there is no topic '{topic}x'.*mean '{topic}'"):
        write(klein.range(3), broker, topic + "x")


def test_records_larger_than_what_is_under_way_at_once_arrive(broker: Broker) -> None:
    topic = new_topic(broker.servers, **{"max.message.bytes": "4000000"})
    values = [
        b"%c" % (65 + i) * size for i, size in enumerate([3, 600_000, 600_000, 2_500_000, 7, 900_000, 600_000] * 3)
    ]
    rows = klein.from_items([{"value": value} for value in values])
    write(rows, broker, topic, value_format="raw", client={"message.max.bytes": 4_000_000})
    assert sorted(each.value() for each in records(broker.servers, topic)) == sorted(values)
