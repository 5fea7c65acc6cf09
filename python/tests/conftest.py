"""Programs that tests start import the package that the tests import, and hear Ctrl-C. A broker for those that ask."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pyklein
import pytest
from kafka_broker import Broker

os.environ["PYTHONPATH"] = str(Path(pyklein.__file__).parent.parent)
# A shell's background job ignores it, and so would every program that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """A real broker, for the whole run; tests take topics of their own."""
    made = Broker()
    yield made
    made.close()
