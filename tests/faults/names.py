"""Names with markup in them, everywhere the report shows a name: text, never an element."""

import html.parser
import json
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import findings
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import scripts
from faults.counting import Count

from cardiograft.specs.report import Report

STUDY = "transform_recognition"
# Mappings of JSON files whose keys are names: of classes, recordings, reasons, libraries, findings.
NAMED = ("labels", "left_out", "dropped", "records_left_out", "notes", "versions", "findings")
EVIL = (
    "<b>injected</b>",
    '" onload=injected x="',
    "' onload=injected x='",
    "</script><script>injected()</script>",
    "</style><injected>",
    "</svg></title><injected a=1>",
    "&lt;injected&gt;",
    "{{ 7919 * 7877 }}{% injected %}",
    "]]><injected/>",
    "<!--injected-->",
    "javascript:injected()",
)


class _Elements(html.parser.HTMLParser):
    """Names of elements and attributes, comments, and where links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shape: list[tuple[str, ...]] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, *(name for name, _ in attrs)))
        self.links += [v or "" for k, v in attrs if k in ("href", "src", "action", "xlink:href")]

    def handle_comment(self, data: str) -> None:
        self.shape.append(("comment", data))

    def unknown_decl(self, data: str) -> None:
        self.shape.append(("declaration", data))


def counts(folder: Path, most: int | None = None, only: str = "") -> Count:
    """Put evil names into the places that hold names, one place at a time, a name each in turn.

    Parameters
    ----------
    most
        How many places, drawn at random; all where None.
    only
        Those places whose description this regular expression is found in.
    """
    count = Count("markup in a name of the report")
    made = findings.write(folder / "made")
    _enrich(made)
    plain = _Elements(_page(made, folder))
    places = [place for place in _places(made) if re.search(only, place[0])]
    random.Random(0).shuffle(places)
    for turn, (place, change) in enumerate(places[:most]):
        evil = EVIL[turn % len(EVIL)]
        kept = {p: p.read_bytes() for p in _files(made)}
        renamed = change(evil)
        try:
            title = evil if place == "title" else "Hearts"
            page = _page(renamed or made, folder, title, evil if place == "command" else "make")
        except ValueError:
            count.add("refused")
        except (KeyError, TypeError, StopIteration):
            count.add("no page")  # a word of this project's own was replaced, not a name
        else:
            _judge(count, page, plain, f"{place} = {evil!r}")
        for path, content in kept.items():
            path.write_bytes(content)
    return count


def _judge(count: Count, page: str, plain: _Elements, what: str) -> None:
    elements = _Elements(page)
    known = set(plain.shape)
    strange = [s for s in elements.shape if s not in known and _injected(s)]
    links = [link for link in elements.links if not link.startswith(("#", "data:"))]
    if strange or links:
        count.add("", f"{what}: {strange[:2]} {links[:2]}")
    elif str(7919 * 7877) in page:
        count.add("", f"{what}: evaluated")
    else:
        count.add("text" if "injected" in page else "not shown")


def _injected(shape: tuple[str, ...]) -> bool:
    text = " ".join(shape)
    return bool(re.search(r"inject|script|onload|\bb\b|comment|declaration", text))


def _page(
    made: dict[str, list[Path]], folder: Path, title: str = "Hearts", command: str = "make"
) -> str:
    out = folder / "report.html"
    spec = Report(title=title, studies=(STUDY,))
    scripts.load("report").report(spec, **made, out=out, command=command)
    return out.read_text("utf-8")


def _enrich(made: dict[str, list[Path]]) -> None:
    """Add what a report shows of data that are less clean than the made-up ones."""
    manifest, summary = made["manifests"][0], made["segments"][0] / "summary.json"
    audit, ledger = made["splits"][-1], made["ledgers"][0]
    _edit(
        manifest,
        remarks=["people.csv: 3 rows name no recording"],
        folder={"name": "clinic"},
        hashes={"listed": False, "malformed": 2},
        refused=[{"path": "101.dat", "reason": "longer than its header states"}],
    )
    content = json.loads(manifest.read_text("utf-8"))
    content["records"][0]["notes"] = ["marks beyond the end: 3 of 100.atr"]
    manifest.write_text(json.dumps(content))
    _edit(
        summary,
        left_out={"no lead MLII": 1},
        records_left_out={"105": "no lead MLII"},
        notes={"lead passed over": ["106: V1 never changes"]},
    )
    _edit(audit, examples={"near_duplicates": [{"segment": "mitdb/100/MLII/0", "other": ["a"]}]})
    differs = {"what": "rate_hz", "source": "360", "here": "125", "done": "left as it is"}
    unused = {"entry": "pretext-cnn-paper", "source": "head.bias", "part": "row 2", "why": "no N"}
    sources = [{"entry": "pretext-cnn-paper", "differences": [differs]}]
    _edit(ledger, sources=sources, unused=[unused])


def _edit(path: Path, **content: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **content}))


def _files(made: dict[str, list[Path]]) -> Iterator[Path]:
    for paths in made.values():
        for path in paths:
            yield from path.rglob("*") if path.is_dir() else [path]


def _places(made: dict[str, list[Path]]) -> Iterator[tuple[str, Any]]:
    """Yield each place of a name, and what puts another name there."""
    yield "title", lambda evil: None
    yield "command", lambda evil: None
    yield from _paths(made)
    for path in _files(made):
        if path.suffix == ".csv":
            frame = _csv(path)
            for column in frame.columns:
                if frame[column].map(lambda v: bool(re.search("[A-Za-z]", v))).any():
                    yield f"{path.name}: {column}", _cell(path, column)
        elif path.suffix == ".json":
            for keys in _texts(json.loads(path.read_text("utf-8")), ()):
                yield (
                    f"{path.parent.name}/{path.name}: {'.'.join(map(str, keys))}",
                    _text(path, keys),
                )
            for keys in _keys(json.loads(path.read_text("utf-8")), ()):
                yield f"{path.name}: the name {'.'.join(map(str, keys))}", _key(path, keys)
        elif path.suffix == ".parquet":
            table = pq.read_table(path)
            for column in table.schema:
                if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                    yield f"{path.name}: {column.name}", _column(path, column.name)


def _paths(made: dict[str, list[Path]]) -> Iterator[tuple[str, Any]]:
    """Yield names of entries, which the report has from the names of files and folders."""
    for kind, paths in made.items():
        if kind == "tables":
            continue  # the name of a study, which the report is asked for
        for up in (0,) if kind in ("manifests", "segments", "splits", "audits") else (1, 2, 3):
            yield f"{kind}: the path of {paths[0].name}, {up} up", _path(made, kind, up)


def _path(made: dict[str, list[Path]], kind: str, up: int) -> Any:
    def change(evil: str) -> dict[str, list[Path]]:
        old = made[kind][0]
        parts, name = list(old.parts), evil.replace("/", "")
        end = "".join(old.suffixes) if not up and kind != "segments" else ""
        parts[-1 - up] = name + end
        # a folder of its own, that the others stay what they are
        place = Path(*parts[: -1 - up], "elsewhere", *parts[-1 - up :])
        place.parent.mkdir(parents=True, exist_ok=True)
        if old.is_dir():
            shutil.copytree(old, place, dirs_exist_ok=True)
        else:
            shutil.copy(old, place)
        return {**made, kind: [place, *made[kind][1:]]}

    return change


def _keys(content: Any, keys: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield where a key is a name: one of each mapping whose keys are names."""
    if isinstance(content, dict):
        if keys and keys[-1] in NAMED and content:
            yield (*keys, next(iter(content)))
        for key, value in content.items():
            yield from _keys(value, (*keys, key))


def _key(path: Path, keys: tuple[Any, ...]) -> Any:
    def change(evil: str) -> None:
        content = json.loads(path.read_text("utf-8"))
        place = content
        for key in keys[:-1]:
            place = place[key]
        place[evil] = place.pop(keys[-1])
        content.pop("content_sha256", None)
        path.write_text(json.dumps(content))

    return change


def _column(path: Path, name: str) -> Any:
    def change(evil: str) -> None:
        frame = pd.read_parquet(path)
        first = frame[name].iloc[0]
        frame[name] = frame[name].where(frame[name] != first, evil)
        frame.to_parquet(path)

    return change


def _csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


def _cell(path: Path, column: str) -> Any:
    def change(evil: str) -> None:
        frame = _csv(path)
        first = frame[column][frame[column] != ""].iloc[0]
        frame[column] = frame[column].where(frame[column] != first, evil)
        frame.to_csv(path, index=False)
        unsealed(path.parent / "study.json")

    return change


def unsealed(path: Path) -> None:
    """Take the digests out of a file that a test has changed on purpose."""
    content = json.loads(path.read_text("utf-8"))
    content.pop("sha256", None)
    content.pop("content_sha256", None)
    path.write_text(json.dumps(content))


def _texts(content: Any, keys: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield where texts are, one of each list."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _texts(value, (*keys, key))
    elif isinstance(content, list):
        for index, value in list(enumerate(content))[:1]:
            yield from _texts(value, (*keys, index))
    elif isinstance(content, str) and keys[-1] not in ("content_sha256", "sha256"):
        yield keys


def _text(path: Path, keys: tuple[Any, ...]) -> Any:
    def change(evil: str) -> None:
        content = json.loads(path.read_text("utf-8"))
        place = content
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = evil
        content.pop("content_sha256", None)
        path.write_text(json.dumps(content))

    return change
