"""What the example found out: its figures, and the page that shows them.

One rule: figures are counted over all queries; the page shows a few, misses among them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from job import Run
from library import Library
from limit import Limit
from page import Card, Page, Shown
from search import Match

NEAREST = 5
SHOWN_EACH, SHOWN_MISSED = 2, 4  # cards an alteration, and in all


class Query(NamedTuple):
    """A picture asked about and its nearest ones. `original` and `alteration` are empty for a picture of one's own."""

    name: str
    picture: bytes
    nearest: Sequence[Match]
    original: str = ""
    alteration: str = ""

    @property
    def hit(self) -> bool:
        return self.nearest[0].path == self.original


class Figures(NamedTuple):
    """The example's figures; None where there is nothing to count."""

    photos: int
    seconds: float
    images_per_cpu_second: float
    ratio_to_limit: float
    recall_at_1: float | None
    precision_at_5: float | None


def speed(run: Run, limit: Limit) -> tuple[int, float, float, float]:
    """Return photos, seconds, images per CPU-second, and the last one's ratio to the limit."""
    rate = run.report.rows_out / run.cpu_seconds
    return run.report.rows_out, run.seconds, rate, rate / limit.images_per_cpu_second()


def summary(figures: Figures) -> dict[str, int | float | None]:
    """Return the figures as the JSON line has them: rounded to what they are good for."""
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in figures._asdict().items()}


def page(library: Library, figures: Figures, recall: dict[str, float], queries: Sequence[Query], limit: Limit) -> Page:
    """Return the page's content."""
    asked = [query for query in queries if not query.alteration]
    return Page(
        introduction=f"{figures.photos:,} {library.title}, embedded by EfficientNet-Lite0 with Klein in "
        f"{figures.seconds:.1f} s. Each row: a picture that was asked about, and the five nearest to it.",
        figures=_tiles(figures),
        recall=recall,
        found=list(_cards(library, asked or _examples(queries))),
        missed=[] if asked else list(_cards(library, _misses(queries))),
        footer=f"Scores are cosines. {_limit_text(limit)}",
    )


def _tiles(figures: Figures) -> dict[str, str]:
    tiles = {
        "photos": f"{figures.photos:,}",
        "seconds": f"{figures.seconds:.1f}",
        "images per CPU-second": f"{figures.images_per_cpu_second:.1f}",
        "of a bare loop's speed": f"{100 * figures.ratio_to_limit:.0f} %",
    }
    if figures.recall_at_1 is not None:
        tiles["original came first"] = f"{100 * figures.recall_at_1:.1f} %"
    if figures.precision_at_5 is not None:
        tiles["five nearest of its folder"] = f"{100 * figures.precision_at_5:.0f} %"
    return tiles


def _limit_text(limit: Limit) -> str:
    parts = ", ".join(f"{part} {value:.2f}" for part, value in limit.milliseconds().items())
    return f"The bare loop, CPU milliseconds a picture: {parts}."


def _examples(queries: Sequence[Query]) -> Iterator[Query]:
    """Choose some hits of each alteration, no photo twice."""
    choice, used = random.Random(5), set[str]()
    for alteration in dict.fromkeys(query.alteration for query in queries):
        hits = [q for q in queries if q.alteration == alteration and q.hit and q.original not in used]
        for query in choice.sample(hits, min(SHOWN_EACH, len(hits))):
            used.add(query.original)
            yield query


def _misses(queries: Sequence[Query]) -> list[Query]:
    missed = [query for query in queries if not query.hit]
    return random.Random(5).sample(missed, min(SHOWN_MISSED, len(missed)))


def _cards(library: Library, queries: Iterator[Query] | Sequence[Query]) -> Iterator[Card]:
    for query in queries:
        shown = [
            Shown(
                library.picture(match.path),
                library.name(match.path),
                f"{library.label(match.path)} · {match.score:.3f}",
                match.path == query.original,
            )
            for match in query.nearest[:NEAREST]
        ]
        yield Card(query.name, query.alteration, query.picture, shown)
