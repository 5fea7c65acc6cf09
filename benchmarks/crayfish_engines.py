"""The engines of `crayfish.py`, each a process of its own that never ends: `crayfish_engines.py ENGINE SERVERS SOURCE
TARGET MODEL`. All make of `{"id": 7, "x": [784 numbers]}` a record `{"id": 7, "scores": [10 numbers]}`, but for the
echoes, which write what they read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

PARTITIONS, WIDTH, BATCH = 4, 784, 256
SCHEMA = "id: int64, x: tensor[784] of float32"


def session(model: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


Parsed = tuple[list[int], Any]  # ids, and a row of numbers for each


def by_simdjson() -> Callable[[Iterable[bytes]], Parsed]:
    import simdjson

    parser = simdjson.Parser()

    def parse(values: Iterable[bytes]) -> Parsed:
        ids, rows = [], []
        for value in values:
            row = parser.parse(value)
            ids.append(row["id"])
            rows.append(np.frombuffer(row["x"].as_buffer(of_type="d")).astype(np.float32))
            del row  # or the parser can't be used again
        return ids, np.stack(rows)

    return parse


def by_orjson() -> Callable[[Iterable[bytes]], Parsed]:
    import orjson

    def parse(values: Iterable[bytes]) -> Parsed:
        rows = [orjson.loads(value) for value in values]
        return [row["id"] for row in rows], np.array([row["x"] for row in rows], np.float32)

    return parse


PARSERS = {"simdjson": by_simdjson, "orjson": by_orjson}


class Scorer:
    """Values to values, as a user would write it by hand."""

    def __init__(self, model: str, parser: str) -> None:
        import orjson

        self.parse, self.session, self.dumps = PARSERS[parser](), session(model), orjson.dumps

    def __call__(self, values: Iterable[bytes]) -> list[bytes]:
        ids, rows = self.parse(values)
        scores = self.session.run(None, {"x": rows})[0].tolist()
        return [self.dumps({"id": id, "scores": row}) for id, row in zip(ids, scores, strict=True)]


def consumer_of(servers: str, topic: str) -> Any:
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    settings = {"bootstrap.servers": servers, "group.id": "loop", "enable.auto.commit": False}
    consumer = Consumer({**settings, "fetch.queue.backoff.ms": 10})
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(PARTITIONS)])
    return consumer


def loop(servers: str, source: str, target: str, score: Callable[[list[bytes]], list[bytes]]) -> None:
    """The loop that one writes by hand, with all that makes it quick."""
    from confluent_kafka import Producer

    consumer, producer = consumer_of(servers, source), Producer({"bootstrap.servers": servers})
    while True:
        messages = [message for message in consumer.consume(BATCH, timeout=0.001) if message.error() is None]
        for value in score([message.value() for message in messages]) if messages else ():
            producer.produce(target, value)
        producer.poll(0)


def by_klein(servers: str, source: str, target: str, model: str, how: str) -> None:
    import pyklein as klein

    where = {"bootstrap_servers": servers}
    if how == "infer":
        rows = klein.read_kafka(source, value_format="json", schema=SCHEMA, **where)
        flow = rows.infer(model, inputs={"x": "x"}, outputs={"scores": "scores"}).select("id", "scores")
        flow.write_kafka(target, **where).run(mode="stream", cores=1, progress=False)
        return
    flow = klein.read_kafka(source, **where)
    if how == "scorer":
        score = Scorer(model, "simdjson")
        flow = flow.map_batches(
            lambda batch: {"value": np.array(score(batch["value"]), object)}, schema={"value": "binary"}
        )
    flow.write_kafka(target, value_format="raw", **where).run(mode="stream", cores=1, progress=False)


def by_bytewax(servers: str, source: str, target: str, score: Callable[[list[bytes]], list[bytes]]) -> None:
    import bytewax.operators as op
    from bytewax.connectors.kafka import KafkaSinkMessage
    from bytewax.connectors.kafka import operators as kafka
    from bytewax.dataflow import Dataflow
    from bytewax.testing import cluster_main

    flow = Dataflow("crayfish")
    settings = {"fetch.queue.backoff.ms": "10"}
    records = kafka.input("in", flow, brokers=[servers], topics=[source], batch_size=BATCH, add_config=settings)

    def scored(messages: list[Any]) -> list[Any]:
        return [KafkaSinkMessage(None, value) for value in score([message.value for message in messages])]

    kafka.output("out", op.flat_map_batch("score", records.oks, scored), brokers=[servers], topic=target)
    cluster_main(flow, [], 0)


def by_quix(servers: str, source: str, target: str, model: str) -> None:
    import orjson
    from quixstreams import Application

    app = Application(
        broker_address=servers,
        consumer_group="quix",
        auto_offset_reset="earliest",
        auto_create_topics=False,
        consumer_extra_config={"fetch.queue.backoff.ms": 10},
        loglevel="ERROR",
    )
    run = session(model).run

    def score(row: dict[str, Any]) -> dict[str, Any]:
        return {"id": row["id"], "scores": run(None, {"x": np.array([row["x"]], np.float32)})[0][0].tolist()}

    values = app.dataframe(app.topic(source, value_deserializer=lambda value, _: orjson.loads(value)))
    values.apply(score).to_topic(app.topic(target, value_serializer=lambda value, _: orjson.dumps(value)))
    app.run()


def main(engine: str, servers: str, source: str, target: str, model: str) -> None:
    name, _, how = engine.partition("-")
    where = (servers, source, target)
    if name == "klein":
        by_klein(*where, model, how)
    elif name == "loop":
        loop(*where, (lambda values: values) if how == "echo" else Scorer(model, how))
    elif name == "bytewax":
        by_bytewax(*where, Scorer(model, how))
    elif name == "quix":
        by_quix(*where, model)
    else:
        import crayfish_pyflink

        crayfish_pyflink.run(*where, model, how)


if __name__ == "__main__":
    main(*sys.argv[1:6])
