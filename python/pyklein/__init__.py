"""Klein: dataflows of model inference, as a batch that ends, a stream that stays, or a service.

    import pyklein as klein

    flow = klein.read_parquet("photos/*.parquet", columns=["id", "bytes"]).limit(1000)
    print(flow.write_parquet("out/").run())

A flow is a value: each verb returns a new one, and nothing is read before `run`, `start` or an immediate answer such as
`take(5)`. `help(klein.Flow)` lists the verbs; `klein operators` on the command line does too.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyarrow.compute import field as col

    from ._verbs import *
    from .errors import (
        CorruptError,
        Error,
        InternalError,
        InvalidError,
        IoError,
        NotBuiltError,
        NotFoundError,
        NotRunWarning,
        ResourceError,
        UnavailableError,
        UserError,
    )
    from .flow import Flow, run, start
    from .job import Job
    from .report import RunReport
    from .sources import from_arrow, from_items, from_pandas

# Where each name lives; it is imported when it is first asked for.
_HOMES = {
    "Flow": "flow",
    "run": "flow",
    "start": "flow",
    "Job": "job",
    "RunReport": "report",
    "from_arrow": "sources",
    "from_items": "sources",
    "from_pandas": "sources",
    "Error": "errors",
    "UserError": "errors",
    "InvalidError": "errors",
    "NotBuiltError": "errors",
    "NotFoundError": "errors",
    "UnavailableError": "errors",
    "IoError": "errors",
    "CorruptError": "errors",
    "ResourceError": "errors",
    "InternalError": "errors",
    "NotRunWarning": "errors",
}


_MODULES = ("cli", "errors", "flow", "job", "progress", "report", "sources")


def __getattr__(name: str) -> object:
    if name.startswith("_"):
        raise AttributeError(f"module 'pyklein' has no attribute '{name}'")
    if name == "col":
        from ._formats import arrow

        value: object = arrow().compute.field
    else:
        from importlib import import_module

        if name in _MODULES:
            value = import_module(f"{__name__}.{name}")
        elif name in _HOMES:
            value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        else:
            value = import_module(f"{__name__}.flow").source_function(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from . import _verbs

    return sorted({*_HOMES, *_verbs.__all__, "col", "errors", "__version__"})
