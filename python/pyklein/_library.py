"""Opens the engine. Arrow is pyarrow's own copy, found beside this package or where the import path has it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def _preload_arrow(problem: ImportError) -> None:
    """Loads pyarrow's libraries from its folder, so that the engine finds them by name; or says what is wrong."""
    import ctypes
    import glob
    from importlib.util import find_spec

    wanted = str(problem).split(":", 1)[0]
    if not wanted.startswith("libarrow"):
        raise problem
    number = wanted.rsplit(".", 1)[-1]
    major = int(number) // 100
    spec = find_spec("pyarrow")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        found = [f"{folder}/{name}.so.{number}" for name in ("libarrow", "libarrow_compute")]
        if all(glob.glob(path) for path in found):
            for path in found:
                ctypes.CDLL(path)
            return
    where = f"the one in {folders[0]} is another" if folders else "none is installed"
    raise ImportError(
        f"pyklein needs pyarrow {major}, and {where}; install it: pip install 'pyarrow>={major},<{major + 1}'"
    ) from None


def check_pyarrow(pyarrow: ModuleType) -> None:
    """Two versions of Arrow in one process crash it sooner or later: refuse the other one."""
    from . import _core

    built, loaded = _core.arrow_version.split(".")[0], str(pyarrow.__version__).split(".")[0]
    if built != loaded:
        raise ImportError(
            f"pyklein is built for pyarrow {built}, and {pyarrow.__version__} is loaded; "
            f"install it: pip install 'pyarrow>={built},<{int(built) + 1}'"
        )


def open_engine() -> ModuleType:
    """The module `_core`; one clear sentence where it can't be loaded."""
    try:
        from . import _core
    except ImportError as problem:
        _preload_arrow(problem)
        from . import _core
    if "pyarrow" in sys.modules:
        check_pyarrow(sys.modules["pyarrow"])
    return _core


def tell_runtimes() -> None:
    """Tells the engine where the wheels of ONNX Runtime and OpenVINO are, without importing them."""
    from importlib.util import find_spec

    from . import _core

    for wheel, tell in (("onnxruntime", _core.set_onnxruntime_library), ("openvino", _core.set_openvino_library)):
        spec = find_spec(wheel)
        if spec and spec.submodule_search_locations:
            tell(spec.submodule_search_locations[0])
