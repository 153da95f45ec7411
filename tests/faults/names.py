"""Names with markup in them, everywhere the report shows a name: text, never an element."""

import html.parser
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import findings
import pandas as pd
import scripts
from faults.counting import Count

from cardiograft.specs.report import Report

STUDY = "transform_recognition"
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


def counts(folder: Path, most: int | None = None) -> Count:
    """Put evil names into the places that hold names, one place at a time, a name each in turn.

    Parameters
    ----------
    most
        How many places, drawn at random; all where None.
    """
    count = Count("markup in a name of the report")
    made = findings.write(folder / "made")
    plain = _Elements(_page(made, folder))
    places = list(_places(made))
    random.Random(0).shuffle(places)
    for turn, (place, change) in enumerate(places[:most]):
        evil = EVIL[turn % len(EVIL)]
        kept = {p: p.read_bytes() for p in _files(made)}
        change(evil)
        try:
            page = _page(made, folder, evil if place == "title" else "Hearts")
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
    found = _Elements(page)
    known = set(plain.shape)
    strange = [s for s in found.shape if s not in known and _injected(s)]
    links = [link for link in found.links if not link.startswith(("#", "data:"))]
    if strange or links:
        count.add("", f"{what}: {strange[:2]} {links[:2]}")
    elif str(7919 * 7877) in page:
        count.add("", f"{what}: evaluated")
    else:
        count.add("text" if "injected" in page else "not shown")


def _injected(shape: tuple[str, ...]) -> bool:
    text = " ".join(shape)
    return bool(re.search(r"inject|script|onload|\bb\b|comment|declaration", text))


def _page(made: dict[str, list[Path]], folder: Path, title: str = "Hearts") -> str:
    out = folder / "report.html"
    spec = Report(title=title, studies=(STUDY,))
    scripts.load("report").report(spec, **made, out=out, command="make")
    return out.read_text("utf-8")


def _files(made: dict[str, list[Path]]) -> Iterator[Path]:
    for paths in made.values():
        for path in paths:
            yield from path.rglob("*") if path.is_dir() else [path]


def _places(made: dict[str, list[Path]]) -> Iterator[tuple[str, Any]]:
    """Yield each place of a name, and what puts another name there."""
    yield "title", lambda evil: None
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
    """Yield where texts are, one of each list, and where keys are names."""
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
