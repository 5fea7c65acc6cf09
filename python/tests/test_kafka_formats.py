"""Records that are more than bytes: JSON by a schema, Arrow's streams; and those that are neither."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyklein as klein
import pytest
from kafka_broker import Broker
from kafka_client import new_topic, send


def topic_of(broker: Broker, values: list[bytes | None]) -> str:
    topic = new_topic(broker.servers)
    send(broker.servers, topic, ({"value": value} for value in values))
    return topic


def read(broker: Broker, topic: str, **options: object) -> klein.Flow:
    return klein.read_kafka(topic, bootstrap_servers=broker.servers, end_offset="latest", **options)


def stream(**columns: list[object]) -> bytes:
    table = pa.table(columns)
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


BAD = [
    b'{"id": 1}',
    b"[1]",
    b'{"id": "x"}',
    b'{"id": 2}{"id": 3}',
    b"",
    None,
    b'{"id": 4, "name": "\xff"}',
    b'{"id": 5}',
]


def test_objects_of_json_are_rows_of_the_schema(broker: Broker) -> None:
    topic = topic_of(broker, [b'{"id": 1, "name": "a\\nb", "more": {"x": []}}', b'{\n "name": null\n}'])
    rows = read(broker, topic, value_format="json", schema="id: int64, name: string").take_all()
    assert rows == [{"id": 1, "name": "a\nb"}, {"id": None, "name": None}]


def test_lists_of_numbers_become_tensors_as_models_take_them(broker: Broker) -> None:
    topic = topic_of(broker, [b'{"x": [[1, 2.5], [-3e-1, 0]]}', b'{"x": [[1, 2]]}'])
    flow = read(broker, topic, value_format="json", schema="x: tensor[2, 2] of float32", on_error="dead_letter")
    good, bad = flow.split_errors()
    assert [row["x"].tolist() for row in good.take_all()] == [[[1.0, 2.5], [np.float32(-0.3), 0.0]]]
    (letter,) = bad.take_all()
    assert "'x' is a list of 1 where 2 are wanted" in letter["error"]


def test_metadata_stand_beside_what_is_parsed(broker: Broker) -> None:
    topic = topic_of(broker, [b'{"id": 1}'])
    (row,) = read(broker, topic, value_format="json", schema="id: int64", metadata=True).take_all()
    assert (row["id"], row["offset"], row["topic"]) == (1, 0, topic)
    assert "value" not in row


def test_a_record_that_is_no_object_ends_the_job_and_is_named(broker: Broker) -> None:
    topic = topic_of(broker, BAD)
    with pytest.raises(klein.CorruptError, match=rf"row {topic}#0:1: it is no object of JSON") as raised:
        read(broker, topic, value_format="json", schema="id: int64", name="in").take_all()
    assert raised.value.step == "in-parsed"


def test_records_that_are_no_objects_may_be_skipped(broker: Broker) -> None:
    topic = topic_of(broker, BAD)
    flow = read(broker, topic, value_format="json", schema="id: int64", on_error="skip")
    assert flow.take_all() == [{"id": 1}, {"id": 5}]
    assert flow.discard().run().rows_failed == 6


def test_records_that_are_no_objects_may_be_sent_aside_as_they_were(broker: Broker, tmp_path: Path) -> None:
    topic = topic_of(broker, BAD)
    flow = read(broker, topic, value_format="json", schema="id: int64", on_error="dead_letter")
    good, bad = flow.split_errors()
    klein.run(good.write_json(tmp_path / "good"), bad.write_parquet(tmp_path / "bad"), progress=False)
    letters = klein.read_parquet(tmp_path / "bad").take_all()
    assert [row["value"] for row in letters] == [value for value in BAD if value not in (b'{"id": 1}', b'{"id": 5}')]
    assert [row["error_row"] for row in letters] == [f"{topic}#0:{i}" for i in range(1, 7)]
    assert letters[1]["error"].startswith("this is no JSON of the columns' types: 'id' is text, not int64; mend")
    assert letters[4]["error"] == "it is null"
    assert letters[5]["error"] == "it is not UTF-8"


def test_streams_of_arrow_are_rows_of_any_number(broker: Broker) -> None:
    topic = topic_of(broker, [stream(id=[1, 2], v=[[1.5], None]), stream(id=[3], v=[[2.5]])])
    rows = read(broker, topic, value_format="arrow").take_all()
    assert rows == [{"id": 1, "v": [1.5]}, {"id": 2, "v": None}, {"id": 3, "v": [2.5]}]


def test_a_stream_of_other_columns_or_a_damaged_one_is_a_bad_record(broker: Broker) -> None:
    good = stream(id=[1])
    topic = topic_of(broker, [good, stream(other=[1]), good[:-20], b"x", None, good])
    assert read(broker, topic, value_format="arrow", on_error="skip").take_all() == [{"id": 1}, {"id": 1}]
    with pytest.raises(klein.CorruptError, match=rf"{topic}#0:1: its columns are other: int64; those of others are id"):
        read(broker, topic, value_format="arrow").take_all()
    with pytest.raises(klein.CorruptError, match=rf"{topic}#0:0: its columns are id: int64; those of others are n"):
        read(broker, topic, value_format="arrow", schema="n: string").take_all()


def test_what_klein_writes_it_reads(broker: Broker) -> None:
    rows = [{"id": 1, "name": "a", "v": [1.0]}, {"id": 2, "name": None, "v": None}]
    for value_format in ("json", "arrow"):
        topic = new_topic(broker.servers)
        flow = klein.from_items(rows).write_kafka(topic, bootstrap_servers=broker.servers, value_format=value_format)
        flow.run(progress=False)
        schema = "id: int64, name: string, v: list of float64"
        assert read(broker, topic, value_format=value_format, schema=schema).take_all() == rows


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"value_format": "avro"}, 'value_format is "raw", "json" or "arrow", not \'avro\''),
        ({"value_format": "json"}, 'value_format="json" needs to know the columns'),
        ({"schema": "id: int64"}, 'value_format="raw" parses nothing'),
        ({"value_format": "json", "schema": "id: itn64"}, "there is no type 'itn64'"),
        ({"value_format": "json", "schema": "offset: int64", "metadata": True}, "there is a column 'offset' beside"),
    ],
)
def test_formats_that_cant_be_are_refused_where_the_flow_is_written(options: dict[str, object], said: str) -> None:
    with pytest.raises(klein.InvalidError, match=said):
        klein.read_kafka("photos", bootstrap_servers="127.0.0.1:9", **options)
