"""Records from a topic to another through a real broker, per CPU-second of the process, over a bare loop of
confluent-kafka in Python that does the same. `kafka.py [ROUNDS]`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from measure import child, report, spread

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

RECORDS, BYTES, PARTITIONS = 200_000, 200, 2


def echo(servers: str, source: str, target: str, delivery: str) -> None:
    import pyklein as klein

    rows = klein.read_kafka(source, bootstrap_servers=servers, end_offset="latest", metadata=True)
    rows = rows.select("value", "partition")
    sink = rows.write_kafka(
        target, bootstrap_servers=servers, partition="partition", value_format="raw", delivery=delivery
    )
    with tempfile.TemporaryDirectory() as state:
        durable = {"checkpoint": state, "interval": "1s", "mode": "stream"} if delivery == "exactly_once" else {}
        print(json.dumps({"records": sink.run(progress=False, **durable).rows_out}))


def loop(servers: str, source: str, target: str) -> None:
    from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

    consumer = Consumer({"bootstrap.servers": servers, "group.id": "loop", "enable.auto.commit": False})
    consumer.assign([TopicPartition(source, number, OFFSET_BEGINNING) for number in range(PARTITIONS)])
    room = {"queue.buffering.max.messages": 2 * RECORDS}
    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, **room})
    count = 0
    while count < RECORDS:
        for message in consumer.consume(1000, timeout=1):
            producer.produce(target, message.value(), partition=message.partition())
            count += 1
        producer.poll(0)
    producer.flush()
    consumer.close()
    print(json.dumps({"records": count}))


def filled(servers: str, topic: str) -> list[list[bytes]]:
    """What each partition of the topic now holds."""
    from confluent_kafka import Producer

    wanted: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
    producer = Producer({"bootstrap.servers": servers, "queue.buffering.max.messages": 2 * RECORDS})
    for number in range(RECORDS):
        value = b"%d " % number * (BYTES // len(b"%d " % number))
        producer.produce(topic, value, partition=number % PARTITIONS)
        wanted[number % PARTITIONS].append(value)
    producer.flush()
    return wanted


def held(servers: str, topic: str) -> list[list[bytes]]:
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

    found: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "check"})
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(PARTITIONS)])
    while sum(map(len, found)) < RECORDS:
        for message in consumer.consume(10_000, timeout=1):
            found[message.partition()].append(message.value())
    consumer.close()
    return found


def rounds(servers: str, count: int) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": servers})

    def new(name: str) -> str:
        admin.create_topics([NewTopic(name, PARTITIONS)])[name].result()
        return name

    source = new("source")
    wanted = filled(servers, source)
    rates: dict[str, list[float]] = {"loop": [], "at_least_once": [], "exactly_once": []}
    walls: dict[str, list[float]] = {side: [] for side in rates}
    for number in range(count):
        for side in rates:
            target = new(f"{side}-{number}")
            done = child("kafka.py", side, servers, source, target)
            if held(servers, target) != wanted:
                sys.exit(f"{side} wrote other records than it read")
            rates[side].append(RECORDS / done["process_cpu"])
            walls[side].append(RECORDS / done["process_wall"])
    for side, all_of in rates.items():
        over = [mine / bare for mine, bare in zip(all_of, rates["loop"], strict=True)]
        report(
            "kafka", side=side, per_cpu_second=spread(all_of), per_second=spread(walls[side]), over_loop=spread(over)
        )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        side, *where = sys.argv[1:]
        loop(*where) if side == "loop" else echo(*where, delivery=side)
    else:
        from kafka_broker import Broker

        broker = Broker()
        try:
            rounds(broker.servers, int(sys.argv[1]) if len(sys.argv) > 1 else 5)
        finally:
            broker.close()
