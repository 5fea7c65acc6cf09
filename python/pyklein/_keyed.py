"""Rows by key, and windows of event time: what comes between a flow and its aggregates."""

from __future__ import annotations

from ._aggregates import duration
from ._gathering import Aggregator, reducer
from .errors import InvalidError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from typing import Any, Literal

    from ._functions import SchemaLike
    from ._state import StateDeclaration
    from .flow import Flow

    Duration = str | timedelta
    Columns = str | Sequence[str]
    Fold = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]  # two rows into one


# ---- flows between ----


class KeyedVerbs:
    """What a flow has of keys and windows."""

    __slots__ = ()

    def key_by(self, *keys: str | Sequence[str] | Any) -> KeyedFlow:
        """Rows of equal keys together: for `window`, `aggregate` and `process`.

        A key is a column, or several; an expression, `klein.col("id") - 1`, or a function of a row, a dict, whose
        value becomes the column `key`.
        """
        from .flow import Flow

        assert isinstance(self, Flow)
        flow, names = self, list[str]()
        for key in keys:
            if isinstance(key, str):
                names.append(key)
            elif isinstance(key, (list, tuple)):
                names += key
            else:
                flow, names = _with_key(flow, key), [*names, "key"]
        if not names or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
            raise InvalidError(f"key_by takes different columns, or one expression or function, not {keys!r}")
        return KeyedFlow(flow, names)

    def group_by(self, *keys: str | Sequence[str] | Any) -> KeyedFlow:
        """The same as `key_by`."""
        return self.key_by(*keys)

    def window(
        self,
        window: str,
        *,
        time: str | None = None,
        allowed_lateness: Duration = "0s",
        early: Duration | None = None,
        late: Duration | None = None,
    ) -> WindowedFlow:
        """Windows over all rows, whatever their key. The arguments are those of `KeyedFlow.window`."""
        from .flow import Flow

        assert isinstance(self, Flow)
        return KeyedFlow(self, []).window(window, time=time, allowed_lateness=allowed_lateness, early=early, late=late)

    def aggregate(
        self, *, early: Duration | None = None, name: str | None = None, **aggregates: str | Aggregator
    ) -> Flow:
        """One row: the aggregates over all rows, by their names. As `KeyedFlow.aggregate`."""
        from .flow import Flow

        assert isinstance(self, Flow)
        return KeyedFlow(self, []).aggregate(early=early, name=name, **aggregates)

    def reduce(self, fn: Fold, *, early: Duration | None = None, name: str | None = None) -> Flow:
        """One row: all rows folded by a function of two. As `KeyedFlow.reduce`."""
        from .flow import Flow

        assert isinstance(self, Flow)
        return KeyedFlow(self, []).reduce(fn, early=early, name=name)

    def join(
        self,
        other: Flow,
        on: str | Sequence[str],
        *,
        within: tuple[Duration, Duration] | None = None,
        how: str = "inner",
        right_on: str | Sequence[str] = (),
        suffix: str = "_right",
        time: str | None = None,
        right_time: str | None = None,
        name: str | None = None,
    ) -> Flow:
        """Rows of this flow and of `other` whose columns `on` are equal; null equals nothing.

        Without `within`, `other` ends: it is read whole and kept in memory, and this flow, which may be without end,
        goes past it. With `within=("-5s", "10s")` partners are at most 5 seconds earlier and 10 seconds later than a
        row of this flow, by the events' time, and both may be without end: a row is kept until no partner of it can
        come. The times are the columns that `with_event_time` named, or `time` and `right_time`. Rows that come late
        are on `.late`, with nothing of the other side.

        Args:
            other: The second flow.
            on: The columns whose values are equal.
            within: How much earlier and how much later a partner's time is, both included.
            how: inner, or left, right, full: also rows without a partner of that side, or both; semi, anti: rows of
                this flow that have a partner, or have none.
            right_on: The names of the columns in `other`, where they are others.
            suffix: What a column of `other` gets where this flow has its name.
            time: The column of the events' time.
            right_time: The same in `other`.
            name: The step's name: its identity in plans, metrics and reports.
        """
        from .flow import Flow

        assert isinstance(self, Flow)
        params: dict[str, Any] = {"on": on, "right_on": right_on, "how": how, "suffix": suffix}
        if within is None:
            if time is not None or right_time is not None:
                raise InvalidError("time= and right_time= go with within=, how far apart in time partners may be")
            return self.into("join", params, name, [other])
        if not isinstance(within, (tuple, list)) or len(within) != 2:
            raise InvalidError(f'within= is how much earlier and how much later, ("-5s", "10s"), not {within!r}')
        params |= {"within": [duration(each) for each in within], "time": time, "right_time": right_time}
        return self.into("interval_join", params, name, [other])

    def top(
        self,
        n: int,
        by: Columns = (),
        *,
        descending: bool = True,
        rank: str | None = None,
        early: Duration | None = None,
        name: str | None = None,
    ) -> Flow:
        """The `n` highest rows of all by these columns. As `KeyedFlow.top`."""
        from .flow import Flow

        assert isinstance(self, Flow)
        return KeyedFlow(self, []).top(n, by, descending=descending, rank=rank, early=early, name=name)

    @property
    def late(self) -> Flow:
        """The rows that came too late for every window of the last step, as they came.

        Of a join within a time, those that came too late for it, with nothing of the other side.
        """
        from .flow import Flow

        assert isinstance(self, Flow)
        return Flow(self._core.port("late"), (self,))


def _with_key(flow: Flow, key: Any) -> Flow:
    if callable(key) and not type(key).__module__.startswith("pyarrow"):
        return flow.map(lambda row: {**row, "key": key(row)})
    return flow.with_column("key", key)


class KeyedFlow:
    """Rows by key, on the way to what is made of each key's rows."""

    __slots__ = ("_flow", "_keys")

    def __init__(self, flow: Flow, keys: list[str]) -> None:
        self._flow = flow
        self._keys = keys

    def window(
        self,
        window: str,
        *,
        time: str | None = None,
        allowed_lateness: Duration = "0s",
        early: Duration | None = None,
        late: Duration | None = None,
    ) -> WindowedFlow:
        """Rows of a key in stretches of time.

        `window` is `klein.tumbling("10s")`, `klein.sliding("10s", "2s")` or `klein.session("30s")`. Time is the
        column that `with_event_time` named, or `time`. In a stream a window's result is given out when time has passed
        its end, and again where late rows within `allowed_lateness` change it: with each of them, or each `late`, so
        long by the clock; before its end, each `early`, where it changed. Each is a whole row that takes the place of
        the one before. In a batch there are only final results.
        """
        options = {"window": window, "time": time, "allowed_lateness": allowed_lateness, "early": early, "late": late}
        return WindowedFlow(self._flow, self._keys, options)

    def aggregate(
        self, *, early: Duration | None = None, name: str | None = None, **aggregates: str | Aggregator
    ) -> Flow:
        """A row a key, with the aggregates by their names: `n=klein.count(), top=klein.max("price")`.

        One of your own is what `klein.aggregator` makes of a class. In a stream without end: with `early`, how often
        the keys that changed are given out.
        """
        return _aggregate(self._flow, self._keys, {"early": early}, aggregates, name)

    def reduce(self, fn: Fold, *, early: Duration | None = None, name: str | None = None) -> Flow:
        """A row a key: its rows folded into one, two at a time, by `fn(row, row) -> row` of dicts.

        The row has the columns of the rows. Which two meet is not said, so the order must not matter to `fn`. `early`
        is as in `aggregate`.
        """
        return _reduce(self._flow, self._keys, {"early": early}, fn, name)

    def top(
        self,
        n: int,
        by: Columns = (),
        *,
        descending: bool = True,
        rank: str | None = None,
        early: Duration | None = None,
        name: str | None = None,
    ) -> Flow:
        """Of each key the `n` highest rows by these columns, the highest first; whole rows.

        `descending=False` gives the lowest. Null comes last either way, and of equal rows the one that is first in its
        source. Without `by` the order is the events' time, then the source's: the latest rows. `rank` names a column to
        add, of a row's place from 1 on. `early` is as in `aggregate`.
        """
        return _top(self._flow, self._keys, {"early": early}, (n, by, descending, rank), name)

    def deduplicate(
        self,
        *,
        keep: Literal["first", "last"] = "first",
        ttl: Duration | None = None,
        early: Duration | None = None,
        name: str | None = None,
    ) -> Flow:
        """One row of each key.

        The first that comes passes at once, and its key is remembered, with `ttl` for so long by the clock. The last is
        known at the end: the latest by the events' time, then by the source's order; in a stream without end, where
        `early` says how often the keys that changed are given out.
        """
        if keep == "first":
            if early is not None:
                raise InvalidError("early= goes with keep='last'; the first row of a key passes at once")
            return self._flow.into("unique", {"columns": self._keys, "ttl": ttl}, name)
        if keep != "last" or ttl is not None:
            said = "ttl= goes with keep='first'" if keep == "last" else f"keep= is 'first' or 'last', not {keep!r}"
            raise InvalidError(said)
        return self.top(1, early=early, name=name)

    def process(
        self,
        fn: Callable[..., Any],
        *,
        fn_constructor_args: Sequence[Any] = (),
        fn_constructor_kwargs: Mapping[str, Any] | None = None,
        schema: SchemaLike | None = None,
        time: str | None = None,
        name: str | None = None,
        **states: StateDeclaration,
    ) -> Flow:
        """Take the rows of each key through your code, which remembers and may ask to be called later.

        A class has `on_row(self, row, ctx)`, perhaps `on_timer(self, time, ctx)`, and what it remembers a key as
        `total = klein.value_state("float64")` in its body; it is made once a task. A function takes `(row, ctx)`, and
        finds what is declared here, `process(fn, total=klein.value_state("float64"))`, as `ctx.total`. Rows are dicts;
        a call gives rows by returning one, a list or a generator of them, or by `ctx.emit(row)`. `ctx.key` and
        `ctx.time` are the row's; `ctx.timers.at(time)` and `.after("10s")` ask for a call. In a batch all timers of
        events ring after the last row.
        """
        from . import _core
        from ._functions import check_callable, name_of, to_schema
        from ._process import Recipe
        from ._state import StateDeclaration

        check_callable(fn, "process")
        if isinstance(fn, type):
            if states or not callable(getattr(fn, "on_row", None)):
                raise InvalidError(f"{name_of(fn)} is a class: it has on_row(self, row, ctx), its states in its body")
        elif fn_constructor_args or fn_constructor_kwargs:
            raise InvalidError("fn_constructor_args and fn_constructor_kwargs go with a class, and fn is none")
        for state, declared in states.items():
            if not isinstance(declared, StateDeclaration):
                raise InvalidError(f"process has no '{state}'; a state is klein.value_state(...) or list_, map_state")
        recipe = Recipe(fn, tuple(fn_constructor_args), dict(fn_constructor_kwargs or {}), states)
        made = _core.keyed_function(recipe, name_of(fn), to_schema(schema))
        return self._flow.into("process", {"fn": made, "keys": self._keys, "time": time}, name)


class WindowedFlow:
    """Rows by key and window."""

    __slots__ = ("_flow", "_keys", "_options")

    def __init__(self, flow: Flow, keys: list[str], options: dict[str, Any]) -> None:
        self._flow = flow
        self._keys = keys
        self._options = options

    def aggregate(self, *, name: str | None = None, **aggregates: str | Aggregator) -> Flow:
        """A row a key and window: the key's columns, `window_start`, `window_end`, the aggregates by their names."""
        return _aggregate(self._flow, self._keys, self._options, aggregates, name)

    def reduce(self, fn: Fold, *, name: str | None = None) -> Flow:
        """A row a key and window, its rows folded into one: the key, `window_start`, `window_end`, the rest."""
        return _reduce(self._flow, self._keys, self._options, fn, name)

    def top(
        self,
        n: int,
        by: Columns = (),
        *,
        descending: bool = True,
        rank: str | None = None,
        name: str | None = None,
    ) -> Flow:
        """Of each key and window the `n` highest rows, after `window_start` and `window_end`. As `KeyedFlow.top`."""
        return _top(self._flow, self._keys, self._options, (n, by, descending, rank), name)


def _aggregate(flow: Flow, keys: list[str], options: dict[str, Any], aggregates: dict[str, Any], name: Any) -> Flow:
    if not aggregates:
        raise InvalidError('aggregate takes what is asked for by name: n=klein.count(), top=klein.max("price")')
    own = {each: made for each, made in aggregates.items() if isinstance(made, Aggregator)}
    for each, made in own.items():
        if not made.merges and str(options.get("window", "")).startswith("session"):
            raise InvalidError(f"'{each}' has no merge(self, state, other), and sessions that meet become one")
    params = {
        "keys": keys,
        "aggregates": {each: own[each].text if each in own else made for each, made in aggregates.items()},
        "functions": {each: made.made for each, made in own.items()},
    }
    return flow.into("aggregate", {**params, **options}, name)


def _top(flow: Flow, keys: list[str], options: dict[str, Any], asked: tuple[Any, ...], name: str | None) -> Flow:
    n, by, descending, rank = asked
    order = {"n": n, "by": by, "descending": descending, "rank": rank}
    return flow.into("top", {**order, "keys": keys, **options}, name)


def _reduce(flow: Flow, keys: list[str], options: dict[str, Any], fn: Fold, name: str | None) -> Flow:
    return flow.into("reduce", {"fn": reducer(fn, keys), "keys": keys, **options}, name)
