"""Embeds photos with a real model, then searches them by image: the order in which the other files are used.

One rule: what is measured is Klein's job and the bare loop, nothing of what comes before or after.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyklein as klein
from debian import PackageUnavailable
from job import Run, check_picture, embed_altered, embed_files, embed_library, read_vectors
from library import DebianPhotos, Library, OwnPictures
from limit import Limit
from model import model_file
from page import render
from result import NEAREST, Figures, Query, page, speed, summary
from search import PhotoIndex, as_matrix, precision_at_5, recall_by_alteration

DESCRIPTION = """\
Embeds photos with EfficientNet-Lite0 and finds the nearest ones to a picture.

Without arguments it takes 481 real pictures from two Debian packages (fetched once, 205 MB), embeds them, then
searches for altered copies of the photos among them (cropped, mirrored, turned, saved badly) and says how often the
original comes first. With --photos it takes your own pictures; with --query, it shows what is nearest to that file.
"""
EPILOG = """\
examples:
  python examples/search_by_image
  python examples/search_by_image --photos ~/Pictures --query holiday.jpg
  python examples/search_by_image --photos ~/Pictures        asks for altered copies of up to 200 of them
  python examples/search_by_image --json | jq .recall_at_1

It writes into the output folder: vectors/ (Parquet: path, vector), index.usearch (keys in the order of the paths) and
index.html, the result page. The last line printed is JSON: photos, seconds, images_per_cpu_second, ratio_to_limit (to
the speed of a bare one-thread loop of read, decode, resize, normalise, model, write, measured in the same run),
recall_at_1 (altered copies whose original is nearest) and precision_at_5 (of a picture's five nearest, those that share
its folder); null where there is nothing to count.
"""
SAMPLED = 500  # pictures that the bare loop takes at most: half of them before the job, half after it


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(
        "search_by_image", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, metavar="DIR", help="search the pictures in DIR and below it")
    parser.add_argument(
        "--query", type=Path, metavar="FILE", nargs="+", default=[], help="show what is nearest to FILE"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", default=Path("out/search_by_image"), help="where results go: %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    chosen = parser.parse_args(words)
    if chosen.photos and not chosen.photos.is_dir():
        parser.error(f"--photos {chosen.photos}: there is no such folder")
    for file in chosen.query:
        if not file.is_file():
            parser.error(f"--query {file}: there is no such file")
        try:
            check_picture(file)  # now, since embedding the photos takes long
        except klein.Error as error:
            parser.error(f"--query {file}: {error.message}")
    return chosen


def embed_and_measure(library: Library, model: Path, output: Path, progress: bool) -> tuple[Run, Limit]:
    """Embed the library; measure the bare loop half before and half after, so that a drifting machine hits both."""
    limit, pictures = Limit(model), iter(library)
    half = (min(len(library), SAMPLED) + 1) // 2
    limit.measure(islice(pictures, half), output / "limit.parquet")
    run = embed_library(library.flow(), model, output / "vectors", progress)
    limit.measure(islice(pictures, half), output / "limit.parquet")
    (output / "limit.parquet").unlink()
    return run, limit


def altered_queries(library: Library, index: PhotoIndex, model: Path, output: Path) -> list[Query]:
    """Return altered copies of the library's pictures and what is nearest to each."""
    file = library.queries(output)
    asked: pa.Table = embed_altered(file, model)
    names, nearest = (
        asked.select(["path", "alteration"]).to_pylist(),
        index.nearest(as_matrix(asked["vector"]), NEAREST),
    )
    pictures = pq.read_table(file, columns=["bytes"])["bytes"].to_pylist()
    return [
        Query(library.name(row["path"]), picture, matches, row["path"], row["alteration"])
        for row, picture, matches in zip(names, pictures, nearest, strict=True)
    ]


def own_queries(files: Sequence[Path], index: PhotoIndex, model: Path) -> list[Query]:
    """Return the pictures asked about and what is nearest to each."""
    nearest = index.nearest(as_matrix(embed_files(files, model)["vector"]), NEAREST)
    return [Query(file.name, file.read_bytes(), matches) for file, matches in zip(files, nearest, strict=True)]


def recall(queries: Sequence[Query]) -> tuple[dict[str, float], float | None]:
    """Return the recall of each alteration and the mean of them; nothing where the originals are not known."""
    if not queries[0].alteration:
        return {}, None
    names = [query.alteration for query in queries]
    each = recall_by_alteration(names, [query.original for query in queries], [query.nearest for query in queries])
    return each, sum(each.values()) / len(each)


def build_index(library: Library, output: Path) -> tuple[PhotoIndex, float | None]:
    """Index the vectors that the job wrote; return the index and the precision of its five nearest."""
    table = read_vectors(output / "vectors")
    paths, vectors = table["path"].to_pylist(), as_matrix(table["vector"])
    index = PhotoIndex(paths, vectors)
    index.save(output / "index.usearch")
    labels = [library.label(path) for path in paths]
    return index, precision_at_5(paths, labels, index.nearest(vectors, NEAREST + 1))


def report(figures: Figures, each: dict[str, float], queries: Sequence[Query], limit: Limit) -> str:
    """Return the figures as text."""
    parts = ", ".join(f"{part} {value:.2f}" for part, value in limit.milliseconds().items())
    lines = [
        f"{figures.images_per_cpu_second:.1f} images per CPU-second, {figures.ratio_to_limit:.3f} of a bare loop's",
        f"  the loop, CPU ms a picture: {parts}",
    ]
    if figures.precision_at_5 is not None:
        lines.append(f"{figures.precision_at_5:.3f} of a picture's five nearest share its folder (precision@5)")
    if figures.recall_at_1 is not None:
        lines.append(
            f"{figures.recall_at_1:.3f} of {len(queries):,} altered copies have their original first (recall@1)"
        )
        lines += [f"  {name:<16} {share:.3f}" for name, share in each.items()]
    else:
        lines += [f"{query.name}: {_nearest(query)}" for query in queries]
    return "\n".join(lines)


def _nearest(query: Query) -> str:
    return ", ".join(f"{match.path} ({match.score:.3f})" for match in query.nearest)


def main(words: Sequence[str] | None = None) -> None:
    """Run the whole example."""
    chosen = arguments(words)
    say = (lambda *_: None) if chosen.json else print
    chosen.output.mkdir(parents=True, exist_ok=True)
    say("Getting photos and model ready ...")
    library: Library = OwnPictures(chosen.photos) if chosen.photos else DebianPhotos()
    model = model_file()
    say(f"Embedding {len(library):,} {library.title} ...")
    run, limit = embed_and_measure(library, model, chosen.output, progress=not chosen.json)
    say(run.report)
    if run.report.rows_out == 0:
        raise SystemExit(f"none of the {len(library):,} {library.title} could be decoded")
    index, precision = build_index(library, chosen.output)
    say("Searching ...")
    if chosen.query:
        queries = own_queries(chosen.query, index, model)
    else:
        queries = altered_queries(library, index, model, chosen.output)
    each, mean = recall(queries)
    figures = Figures(*speed(run, limit), mean, precision)
    say(report(figures, each, queries, limit))
    result = chosen.output / "index.html"
    result.write_text(render(page(library, figures, each, queries, limit)), encoding="utf-8")
    say(f"The result page: {result}")
    print(json.dumps(summary(figures)))


def run_example() -> None:
    """Run the example as a command: what goes wrong outside this program is one sentence."""
    try:
        main()
    except (PackageUnavailable, klein.Error) as error:
        raise SystemExit(str(error)) from None
