"""Crayfish's job: records of JSON, 784 numbers each, from one topic through a small neural network into another, on one
core through a real broker, beside loops by hand and other engines.

python benchmarks/crayfish.py --rounds 7 [--records 60000] [--engines klein-infer,loop-simdjson] [--latency 200,1000]

Throughput is records per CPU-second of an engine's whole process tree, the first quarter of the records left out.
Latency is from the moment at which a record was due until its answer is read, in an open loop. Every record's answer is
held against the network's own. Peers lie in `build/peers`, a folder each; `--install` puts them there.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from crayfish_engines import PARTITIONS, WIDTH, session
from measure import report, spread

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
PEERS = HERE.parent / "build" / "peers"
PACKAGES = {
    "loop": ["pysimdjson", "orjson"],
    "bytewax": ["bytewax==0.21.1", "confluent-kafka", "pysimdjson", "orjson"],
    "quix": ["quixstreams", "orjson"],
    "pyflink": ["apache-flink", "pysimdjson", "orjson"],
}
ENGINES = {  # and the peer's folder that it needs
    "klein-infer": "",
    "loop-simdjson": "loop",
    "klein-scorer": "loop",
    "klein-echo": "",
    "loop-echo": "loop",
    "loop-orjson": "loop",
    "bytewax-simdjson": "bytewax",
    "quix-orjson": "quix",
    "pyflink-arrow": "pyflink",
    "pyflink-thread": "pyflink",
}
PICTURES, TICKS, PATIENCE = 512, os.sysconf("SC_CLK_TCK"), 120.0


def network(path: Path) -> Path:
    """784-32-32-32-10 with ReLU, of seeded weights."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    chance, nodes, weights, last = np.random.default_rng(7), [], [], "x"
    sizes = [WIDTH, 32, 32, 32, 10]
    for layer, (rows, columns) in enumerate(itertools.pairwise(sizes)):
        for name, shape in ((f"w{layer}", (rows, columns)), (f"b{layer}", (columns,))):
            values = chance.normal(0, rows**-0.5, shape).astype(np.float32)
            weights.append(numpy_helper.from_array(values, name))
        out = f"y{layer}" if layer < 3 else "scores"
        nodes.append(helper.make_node("Gemm", [last, f"w{layer}", f"b{layer}"], [out]))
        if layer < 3:
            nodes.append(helper.make_node("Relu", [out], [f"r{layer}"]))
        last = f"r{layer}"
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", WIDTH])]
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 10])]
    graph = helper.make_graph(nodes, "crayfish", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    checker.check_model(model)
    save(model, path)
    return path


class Job:
    """The records, and what is to come of them."""

    def __init__(self, folder: Path) -> None:
        self.model = network(folder / "crayfish.onnx")
        pictures = np.random.default_rng(1).random((PICTURES, WIDTH)).round(6)
        self.bodies = [",".join(map(str, picture)).encode() for picture in pictures.tolist()]
        self.scores = session(str(self.model)).run(None, {"x": pictures.astype(np.float32)})[0]

    def value(self, number: int) -> bytes:
        return b'{"id":%d,"x":[%b]}' % (number, self.bodies[number % PICTURES])

    def check(self, engine: str, values: list[bytes], count: int) -> None:
        """Every record's answer, each once."""
        if "echo" in engine:
            assert sorted(values) == sorted(map(self.value, range(count))), f"{engine} wrote other records than it read"
            return
        rows = sorted((row["id"], row["scores"]) for row in map(json.loads, values))
        assert [number for number, _ in rows] == list(range(count)), f"{engine} lost or doubled records"
        wanted = self.scores[np.arange(count) % PICTURES]
        assert np.allclose([scores for _, scores in rows], wanted, atol=1e-4), f"{engine} gave wrong scores"


def tree(process: int) -> Iterator[int]:
    """A process and all that came of it."""
    yield process
    for thread in Path(f"/proc/{process}/task").glob("*"):
        with contextlib.suppress(OSError):
            for each in (thread / "children").read_text().split():
                yield from tree(int(each))


def cpu_of(process: int) -> float:
    """CPU-seconds so far of it and all that came of it."""
    ticks = 0
    for each in tree(process):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def memory_of(process: int) -> float:
    """MB that it and all that came of it have had at most."""
    kilobytes = 0
    for each in tree(process):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{each}/status").read_text()
            kilobytes += int(status.partition("VmHWM:")[2].split(maxsplit=1)[0])
    return kilobytes / 1000


@contextlib.contextmanager
def running(engine: str, servers: str, source: str, target: str, job: Job) -> Iterator[subprocess.Popen[bytes]]:
    paths = [str(PEERS / ENGINES[engine]), os.environ.get("PYTHONPATH", str(HERE.parent / "python"))]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, HERE / "crayfish_engines.py", engine, servers, source, target, job.model]
    core = max(os.sched_getaffinity(0))  # the broker and this program have the others
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, preexec_fn=lambda: os.sched_setaffinity(0, [core])
        )
        try:
            yield process
        except TimeoutError:
            log.seek(0)
            sys.exit(
                f"{engine} ended, or gave nothing for {PATIENCE:.0f} s\n{log.read()[-3000:].decode(errors='replace')}"
            )
        finally:
            for each in reversed(list(tree(process.pid))):
                with contextlib.suppress(OSError):
                    os.kill(each, 9)
            process.wait()


class Answers:
    """What comes into a topic, read from its begin."""

    def __init__(self, servers: str, topic: str) -> None:
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

        settings = {"bootstrap.servers": servers, "group.id": "answers", "enable.auto.commit": False}
        self.consumer = Consumer({**settings, "fetch.wait.max.ms": 10, "fetch.queue.backoff.ms": 10})
        self.consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(PARTITIONS)])
        self.values: list[bytes] = []
        self.times: list[float] = []

    def until(self, count: int, process: subprocess.Popen[bytes]) -> None:
        last = time.monotonic()
        while len(self.values) < count:
            got = [message.value() for message in self.consumer.consume(2000, timeout=0.05)]
            now = time.monotonic()
            if got:
                last = now
            elif now - last > PATIENCE or process.poll() is not None:
                raise TimeoutError
            self.values += got
            self.times += [now] * len(got)

    def close(self) -> None:
        self.consumer.close()


def throughput(engine: str, servers: str, source: str, target: str, job: Job, count: int) -> dict[str, float]:
    answers, begun = Answers(servers, target), time.monotonic()
    with running(engine, servers, source, target, job) as process:
        answers.until(1, process)
        start = time.monotonic() - begun
        answers.until(count // 4, process)
        warm, cpu, at = len(answers.values), cpu_of(process.pid), time.monotonic()
        answers.until(count, process)
        cpu, seconds = cpu_of(process.pid) - cpu, time.monotonic() - at
        figures = {"per_cpu_second": (count - warm) / cpu, "per_second": (count - warm) / seconds}
        figures |= {"start": start, "megabytes": memory_of(process.pid)}
        answers.close()
    job.check(engine, answers.values, count)
    return figures


def produce(servers: str, topic: str, job: Job, due: list[float]) -> None:
    """Each record when it is due."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": servers, "linger.ms": 0})
    for number, at in enumerate(due):
        while (left := at - time.monotonic()) > 0:
            producer.poll(left)
        while len(producer) > 50_000:
            producer.poll(0.1)
        producer.produce(topic, job.value(number), partition=number % PARTITIONS)
    producer.flush()


def latency(engine: str, servers: str, source: str, target: str, job: Job, rate: int) -> dict[str, float]:
    """Milliseconds from when a record was due until its answer was read, and CPU microseconds a record."""
    warm, count = 3 * rate, 13 * rate
    answers = Answers(servers, target)
    with running(engine, servers, source, target, job) as process:
        produce(servers, source, job, [0.0])
        answers.until(1, process)
        begin = time.monotonic() + 0.5
        due = [begin, *(begin + number / rate for number in range(1, count))]
        sender = threading.Thread(target=produce, args=(servers, source, job, due))
        sender.start()
        answers.until(warm, process)
        cpu = cpu_of(process.pid)
        answers.until(count, process)
        cpu = cpu_of(process.pid) - cpu
        sender.join()
        answers.close()
    ids = [json.loads(value)["id"] for value in answers.values]
    job.check(engine, answers.values[1:], count)
    late = sorted((at - due[id]) * 1000 for id, at in zip(ids[1:], answers.times[1:], strict=True) if id >= warm)
    figures = {"p50": statistics.median(late), "p99": late[len(late) * 99 // 100]}
    return figures | {"cpu_us": cpu / (count - warm) * 1e6}


def filled(servers: str, topic: str, job: Job, count: int) -> None:
    produce(servers, topic, job, [0.0] * count)


def measured(servers: str, engines: list[str], job: Job, given: argparse.Namespace) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": servers})

    def new(name: str) -> str:
        admin.create_topics([NewTopic(name, PARTITIONS)])[name].result()
        return name

    filled(servers, new("source"), job, given.records)
    figures: dict[tuple[str, str], list[float]] = {}
    for number in range(given.rounds):
        for engine in engines:
            got = throughput(engine, servers, "source", new(f"{engine}-{number}"), job, given.records)
            for rate in map(int, filter(None, given.latency.split(","))):
                if "echo" not in engine:
                    topics = (new(f"in-{engine}-{rate}-{number}"), new(f"out-{engine}-{rate}-{number}"))
                    timed = latency(engine, servers, *topics, job, rate)
                    got |= {f"{name} at {rate}/s": value for name, value in timed.items()}
            for name, value in got.items():
                figures.setdefault((engine, name), []).append(value)
            print(engine, {name: round(value, 2) for name, value in got.items()}, file=sys.stderr, flush=True)
    for (engine, name), values in figures.items():
        report("crayfish", engine=engine, what=name, **spread(values))
    pairs = [("klein-infer", peer) for peer in engines if not peer.startswith("klein") and "echo" not in peer]
    for mine, other in [*pairs, ("klein-scorer", "loop-simdjson"), ("klein-echo", "loop-echo")]:
        if mine in engines and other in engines:
            both = zip(figures[mine, "per_cpu_second"], figures[other, "per_cpu_second"], strict=True)
            report("crayfish", what=f"{mine} over {other}", **spread([ours / theirs for ours, theirs in both]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=60_000)
    parser.add_argument("--engines", default="")
    parser.add_argument("--latency", default="")
    parser.add_argument("--install", action="store_true")
    given = parser.parse_args()
    for name, packages in PACKAGES.items() if given.install else ():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-warn-conflicts", "--target", PEERS / name]
        subprocess.run([*pip, *packages], check=False)
    wanted = given.engines.split(",") if given.engines else list(ENGINES)
    missing = [engine for engine in wanted if ENGINES[engine] and not (PEERS / ENGINES[engine]).exists()]
    if missing:
        print(f"not installed, so left out: {', '.join(missing)}; --install gets them", file=sys.stderr)
    from kafka_broker import Broker

    broker = Broker()
    try:
        with tempfile.TemporaryDirectory() as folder:
            measured(broker.servers, [each for each in wanted if each not in missing], Job(Path(folder)), given)
    finally:
        broker.close()


if __name__ == "__main__":
    main()
