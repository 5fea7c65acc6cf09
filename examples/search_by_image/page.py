"""The result page: one HTML file that holds its pictures, so that it can be opened or sent anywhere.

One rule: every text that comes from outside is escaped; page.html is the only markup besides what stands here.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

from photos import on_white, open_picture
from PIL import Image

THUMBNAIL = 260  # pixels of the longer side, sharp on a phone


class Shown(NamedTuple):
    """A picture as the page shows it."""

    picture: bytes
    name: str
    note: str
    right: bool = False  # the original that a query was made from


class Card(NamedTuple):
    """A query and its nearest pictures."""

    title: str
    note: str
    query: bytes
    nearest: Sequence[Shown]


class Page(NamedTuple):
    """All that the page says."""

    introduction: str
    figures: Mapping[str, str]
    recall: Mapping[str, float]
    found: Sequence[Card]
    missed: Sequence[Card]
    footer: str


def render(page: Page) -> str:
    """Return the page as HTML."""
    template = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        introduction=escape(page.introduction),
        figures="".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in page.figures.items()),
        recall=_recall(page.recall),
        sections=_section("What was found", page.found, "card")
        + _section("Where the original was not the nearest", page.missed, "card miss"),
        footer=escape(page.footer),
    )


def thumbnail(picture: bytes) -> str:
    """Return a small copy as a data URI."""
    image = on_white(open_picture(picture))
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _recall(recall: Mapping[str, float]) -> str:
    if not recall:
        return ""
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td><div class="bar"><i style="width:{100 * share:.1f}%"></i></div></td>'
        f"<td>{100 * share:.1f} %</td></tr>"
        for name, share in recall.items()
    )
    return f"<h2>Altered copies whose original came first</h2><table>{rows}</table>"


def _section(title: str, cards: Sequence[Card], style: str) -> str:
    if not cards:
        return ""
    return f"<h2>{escape(title)}</h2>" + "".join(_card(card, style) for card in cards)


def _card(card: Card, style: str) -> str:
    query = _figure(Shown(card.query, "the query", ""), "query")
    nearest = "".join(_figure(shown, "right" if shown.right else "") for shown in card.nearest)
    heading = f"<h3>{escape(card.title)} <span>{escape(card.note)}</span></h3>"
    return f'<section class="{style}">{heading}<div class="row">{query}{nearest}</div></section>\n'


def _figure(shown: Shown, style: str) -> str:
    name = escape(shown.name)
    caption = f"<b>{name}</b><small>{escape(shown.note)}</small>"
    return (
        f'<figure class="{style}"><img src="{thumbnail(shown.picture)}" alt="{name}" loading="lazy">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
