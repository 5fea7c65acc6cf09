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
    from typing import Any

    from pyarrow.compute import field

    from ._aggregates import all as all
    from ._aggregates import any as any
    from ._aggregates import approximate_quantile as approximate_quantile
    from ._aggregates import count as count
    from ._aggregates import count_distinct as count_distinct
    from ._aggregates import first as first
    from ._aggregates import last as last
    from ._aggregates import max as max
    from ._aggregates import mean as mean
    from ._aggregates import min as min
    from ._aggregates import session as session
    from ._aggregates import sliding as sliding
    from ._aggregates import stddev as stddev
    from ._aggregates import sum as sum
    from ._aggregates import tumbling as tumbling
    from ._aggregates import variance as variance
    from ._gathering import Aggregator as Aggregator
    from ._gathering import aggregator as aggregator
    from ._job import Job as Job
    from ._job import run as run
    from ._job import start as start
    from ._named import NamedJob as NamedJob
    from ._named import job as job
    from ._named import jobs as jobs
    from ._state import list_state as list_state
    from ._state import map_state as map_state
    from ._state import value_state as value_state
    from ._verbs import *  # noqa: F403
    from ._workers import WorkerOptions as WorkerOptions
    from .errors import CorruptError as CorruptError
    from .errors import Error as Error
    from .errors import InternalError as InternalError
    from .errors import InvalidError as InvalidError
    from .errors import IoError as IoError
    from .errors import NotBuiltError as NotBuiltError
    from .errors import NotFoundError as NotFoundError
    from .errors import NotRunWarning as NotRunWarning
    from .errors import ResourceError as ResourceError
    from .errors import UnavailableError as UnavailableError
    from .errors import UserError as UserError
    from .flow import Flow as Flow
    from .report import RunReport as RunReport
    from .simulation import SimulationReport as SimulationReport
    from .simulation import simulate as simulate
    from .sources import from_arrow as from_arrow
    from .sources import from_items as from_items
    from .sources import from_pandas as from_pandas
    from .sources import read_kafka as read_kafka

    col = field

# Where each name lives; it is imported when it is first asked for.
_HOMES = {
    "Flow": "flow",
    "run": "_job",
    "start": "_job",
    "Job": "_job",
    "NamedJob": "_named",
    "jobs": "_named",
    "job": "_named",
    "RunReport": "report",
    "SimulationReport": "simulation",
    "simulate": "simulation",
    "from_arrow": "sources",
    "from_items": "sources",
    "from_pandas": "sources",
    "read_kafka": "sources",
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
    "all": "_aggregates",
    "any": "_aggregates",
    "approximate_quantile": "_aggregates",
    "count": "_aggregates",
    "count_distinct": "_aggregates",
    "first": "_aggregates",
    "last": "_aggregates",
    "max": "_aggregates",
    "mean": "_aggregates",
    "min": "_aggregates",
    "session": "_aggregates",
    "sliding": "_aggregates",
    "stddev": "_aggregates",
    "sum": "_aggregates",
    "tumbling": "_aggregates",
    "variance": "_aggregates",
    "Aggregator": "_gathering",
    "aggregator": "_gathering",
    "value_state": "_state",
    "map_state": "_state",
    "list_state": "_state",
    "WorkerOptions": "_workers",
}


_MODULES = ("cli", "errors", "flow", "progress", "report", "simulation", "sources")


def _imported(name: str) -> Any:
    """A module by its name; importlib's function would import more than it costs."""
    import sys

    __import__(name)
    return sys.modules[name]


def __getattr__(name: str) -> object:
    if name == "__all__":
        return [each for each in __dir__() if not each.startswith("_")]
    if name.startswith("_"):
        raise AttributeError(f"module 'pyklein' has no attribute '{name}'")
    if name == "col":
        from ._formats import arrow

        arrow()
        from pyarrow.compute import field

        value: object = field
    else:
        home = name if name in _MODULES else _HOMES.get(name, "_plugins")
        module = _imported(f"{__name__}.{home}")
        if home == name:
            value = module
        elif home == "_plugins":
            value = module.source_function(name)
        else:
            value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from . import _verbs

    return sorted({*_HOMES, *_verbs.__all__, "col", *_MODULES, "__version__"})
