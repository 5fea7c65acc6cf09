"""Programs that tests start import the package that the tests import, and hear Ctrl-C. A broker for those that ask."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyklein
import pytest
from kafka_broker import Broker

os.environ["PYTHONPATH"] = str(Path(pyklein.__file__).parent.parent)
_models = tempfile.TemporaryDirectory(prefix="klein-models-")  # not the user's own
os.environ["KLEIN_CACHE"] = _models.name
# A shell's background job ignores it, and so would every program that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """A real broker, for the whole run; tests take topics of their own."""
    made = Broker()
    yield made
    made.close()


@pytest.fixture(scope="session")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that kills the process which has it loaded where `KLEIN_KILL_AT` says."""
    library = tmp_path_factory.mktemp("killer") / "kill_at.so"
    source = Path(__file__).with_name("kill_at.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library
