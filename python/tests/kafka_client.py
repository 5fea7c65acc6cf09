"""Topics as another client sees them: what Klein reads and writes is written and read by that one."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from live_files import wait_until

_numbers = itertools.count()


def new_topic(servers: str, partitions: int = 1, **config: str) -> str:
    """A topic that no other test has."""
    name = f"topic-{next(_numbers)}"
    make_topics(servers, name, partitions=partitions, **config)
    return name


def make_topics(servers: str, *names: str, partitions: int = 1, **config: str) -> None:
    admin = AdminClient({"bootstrap.servers": servers})  # kept: what it was asked ends with it
    made = admin.create_topics([NewTopic(name, partitions, config=config) for name in names])
    for each in made.values():
        each.result(timeout=30)


def send(servers: str, topic: str, records: Iterable[dict[str, object]]) -> None:
    """Each is what `Producer.produce` takes: value, key, partition, headers, timestamp."""
    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True})  # else retries change the order
    for record in records:
        producer.produce(topic, **record)
    assert producer.flush(30) == 0


def _ends(servers: str, topic: str, partitions: int, isolation: str) -> list[int]:
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "tests", "isolation.level": isolation})
    all_of = [TopicPartition(topic, number) for number in range(partitions)]
    ends = [consumer.get_watermark_offsets(each, timeout=30)[1] for each in all_of]
    consumer.close()
    return ends


def records(servers: str, topic: str, partitions: int = 1) -> list[Message]:
    """All that is committed, partition by partition. A broker says that a transaction is committed before its readers
    see it, so this waits until none is under way."""
    where = (servers, topic, partitions)
    wait_until(lambda: _ends(*where, "read_committed") == _ends(*where, "read_uncommitted"))
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "tests", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(partitions)])
    found: list[Message] = []
    left = set(range(partitions))
    while left:
        for message in consumer.consume(1000, timeout=0.1):
            if message.error() is None:
                found.append(message)
            elif message.error().name() == "_PARTITION_EOF":
                left.discard(message.partition())
            else:
                raise KafkaException(message.error())
    consumer.close()
    return sorted(found, key=lambda message: (message.partition(), message.offset()))
