"""The report as a screen reader is told it: the browser's own tree of names, roles and states."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser import Opened, opened

from cardiograft.report import wording


@dataclass
class Node:
    """What is told of an element."""

    role: str
    name: str
    description: str
    about: dict[str, Any] = field(default_factory=dict)
    inner: list["Node"] = field(default_factory=list)

    def every(self, *roles: str) -> Iterator["Node"]:
        """Yield what is of some roles, in the order of the page."""
        if self.role in roles:
            yield self
        for node in self.inner:
            yield from node.every(*roles)


def tree(shown: Opened) -> Node:
    session = shown.page.context.new_cdp_session(shown.page)
    session.send("Accessibility.enable")
    nodes = {n["nodeId"]: n for n in session.send("Accessibility.getFullAXTree")["nodes"]}

    def made(raw: dict[str, Any]) -> Node:
        def text(key: str) -> str:
            return str(raw.get(key, {}).get("value", ""))

        return Node(
            role="" if raw.get("ignored") else text("role"),
            name=text("name"),
            description=text("description"),
            about={p["name"]: p["value"].get("value") for p in raw.get("properties", [])},
            inner=[made(nodes[k]) for k in raw.get("childIds", ()) if k in nodes],
        )

    return made(next(n for n in nodes.values() if "parentId" not in n))


@pytest.fixture(scope="module")
def told(chromium: Any, page_file: Path) -> Node:
    """All of the page, every fold open."""
    with opened(chromium, page_file) as shown:
        shown.unfold()
        return tree(shown)


def test_a_page_has_its_language_and_its_landmarks(told: Node, page_file: Path) -> None:
    assert '<html lang="en">' in page_file.read_text("utf-8")
    assert told.name == "Hearts"
    counts = Counter(n.role for n in told.every("banner", "navigation", "main", "status"))
    assert counts == {"banner": 1, "navigation": 1, "main": 1, "status": 1}
    assert [n.name for n in told.every("navigation")] == ["Contents"]
    regions = [n.name for n in told.every("region")]
    assert len(regions) > 5
    assert all(regions)
    assert len(set(regions)) == len(regions)
    (status,) = told.every("status")
    assert status.about["live"] == "polite"


def test_headings_have_one_root_and_no_level_is_left_out(told: Node) -> None:
    levels = [int(n.about["level"]) for n in told.every("heading")]
    assert all(n.name for n in told.every("heading"))
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(levels) == 4
    for above, level in itertools.pairwise(levels):
        assert level <= above + 1


def test_all_that_can_be_done_has_a_name_that_tells_it_from_the_rest(told: Node) -> None:
    for role in ("button", "link", "DisclosureTriangle"):
        names = [n.name for n in told.every(role)]
        assert names
        assert all(names), role
    # a page of forty tables has forty buttons to copy: each says which table's
    own = [n.name for n in told.every("button") if n.name.startswith(("Copy", "Download"))]
    assert all(": " in name for name in own)


def test_tables_have_names_and_headers(told: Node) -> None:
    tables = list(told.every("table"))
    assert len(tables) > 20
    for table in tables:
        assert table.name
        heads = list(table.every("columnheader"))
        assert heads
        assert all(head.name for head in heads)
        rows = list(table.every("row"))
        for row in rows[1:]:
            (first,) = row.every("rowheader")
            assert first.name
            assert len(list(row.every("cell"))) == len(heads) - 1


def test_each_header_says_of_what_it_is_one(chromium: Any, page_file: Path) -> None:
    with opened(chromium, page_file, script=False) as shown:
        scopes = shown.page.locator("th").evaluate_all("all => all.map(one => one.scope)")
    assert set(scopes) == {"col", "row"}


def test_the_order_of_rows_is_told(chromium: Any, page_file: Path) -> None:
    with opened(chromium, page_file) as shown:
        heads = shown.page.locator("main table:visible").first.locator("thead th")
        heads.first.locator("button").click()
        told = heads.evaluate_all("all => all.map(one => one.ariaSort)")
        assert told == ["ascending", *[None] * (len(told) - 1)]
        (status,) = tree(shown).every("status")
        said = " ".join(n.name for n in status.every("StaticText"))
    assert said == "Sorted by Run, ascending"


def test_figures_have_names_and_say_what_they_show(told: Node) -> None:
    figures = list(told.every("figure"))
    assert len(figures) > 12
    assert all(figure.name for figure in figures)
    images = list(told.every("image"))
    assert len(images) > 12
    for image in images:
        assert image.name
        assert re.search(r"\d", image.description), image.name
        assert not image.description.startswith(",")
    said = [image.description for image in images]
    assert len(set(said)) == len(said)


def test_a_figure_of_the_gap_says_each_value_with_its_interval(told: Node, page_file: Path) -> None:
    tables = page_file.parent / "tables" / "transform_recognition"
    gaps = pd.read_csv(tables / "gaps.csv", keep_default_na=False)
    scores = pd.read_csv(tables / "scores.csv", keep_default_na=False)
    of_test = scores[(scores["part"] == "test") & (scores["metric"] == "macro_f1")]
    ends = of_test[of_test["class"] == ""].set_index("run")[["low", "high"]]
    own = gaps[(gaps["metric"] == "macro_f1") & (gaps["class"] == "")]
    (image, *_) = (n for n in told.every("image") if n.name == "Macro-F1 under both protocols")
    assert len(own) > 0
    for row in own.to_dict("records"):
        for protocol in ("paper", "honest"):
            interval = wording.interval(*ends.loc[row[f"{protocol}_run"]])
            assert interval
            said = f"{protocol} {wording.number(row[protocol])} {interval}"
            assert said in image.description


def test_a_trace_says_how_far_its_signals_reach(told: Node, page_file: Path) -> None:
    (folder,) = (page_file.parent / "tables").glob("scg_to_ecg*")
    table = pd.read_csv(folder / "overlays.csv")
    images = [n for n in told.every("image") if "input, true and predicted" in n.name]
    assert len(images) == len(table[["run", "rank"]].drop_duplicates())
    spans = {
        f"{kind} {channel} from {wording.number(own['value'].min())} to"
        f" {wording.number(own['value'].max())}"
        for (_, _, kind, channel), own in table.groupby(["run", "rank", "kind", "channel"])
    }
    for image in images:
        found = {span for span in spans if span in image.description}
        assert len(found) >= 3, image.description
