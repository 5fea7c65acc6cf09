"""Programs that tests start import the package that the tests import, and hear Ctrl-C."""

import os
import signal
from pathlib import Path

import pyklein

os.environ["PYTHONPATH"] = str(Path(pyklein.__file__).parent.parent)
# A shell's background job ignores it, and so would every program that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
