"""Programs that tests start import the package that the tests import."""

import os
from pathlib import Path

import pyklein

os.environ["PYTHONPATH"] = str(Path(pyklein.__file__).parent.parent)
