#!/usr/bin/env python3
"""A Kafka broker of one node, for tests, benchmarks and trying things: `kafka_broker.py` runs one until Ctrl-C.

Its jars are fetched once, by Maven, as `tools/kafka/pom.xml` pins them. It keeps nothing: its folder goes when it does.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
POM = ROOT / "tools" / "kafka" / "pom.xml"
STARTED = "Kafka Server started"
PATIENCE = 120.0  # seconds for a broker to start, on a machine that is busy
JAVA = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


def jars() -> Path:
    """The folder of the broker's jars; fetched where it is not there."""
    folder = ROOT / "build" / "kafka" / hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            fetched = folder.with_suffix(".fetching")
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={fetched}"]
            subprocess.run(["mvn", "-q", "-B", "-f", POM, *goal], check=True)
            fetched.rename(folder)
    return folder


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _dies_with_its_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Broker:
    """A broker that runs. Any thread may ask; `close` ends it."""

    def __init__(self, settings: dict[str, object] | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="klein-kafka-"))
        self._classpath = f"{jars()}/*"
        self.port, self._controller = _free_ports(2)
        self.servers = f"127.0.0.1:{self.port}"
        self._settings = self._folder / "server.properties"
        self._settings.write_text("".join(f"{key}={value}\n" for key, value in self._all(settings or {}).items()))
        self._java("kafka.tools.StorageTool", "format", "-t", "a2xlaW5rbGVpbmtsZWlua2w", "-c", self._settings).wait()
        self.process = self._started()

    def _all(self, settings: dict[str, object]) -> dict[str, object]:
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listeners": f"PLAINTEXT://{self.servers},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"PLAINTEXT://{self.servers}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self._folder / "logs",
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
            **settings,
        }

    def _java(self, main: str, *arguments: object) -> subprocess.Popen[bytes]:
        command = [*JAVA, "-cp", self._classpath, main, *map(str, arguments)]
        with open(self._folder / "log", "ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=_dies_with_its_parent)

    def _started(self) -> subprocess.Popen[bytes]:
        process = self._java("kafka.Kafka", self._settings)
        until = time.monotonic() + PATIENCE
        while STARTED not in (log := (self._folder / "log").read_text(errors="replace")):
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                raise RuntimeError(f"the broker did not start: {log[-2000:]}")
            time.sleep(0.05)
        return process

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


if __name__ == "__main__":
    broker = Broker()
    print(broker.servers, flush=True)
    try:
        broker.process.wait()
    except KeyboardInterrupt:
        pass
    finally:
        broker.close()
