"""The report as a browser shows it: drawn whole, quiet, and readable by everybody."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import findings
import pandas as pd
import pytest
import signal_study
from browser import Opened, opened
from scripts import load
from synthetic import study, study_rows

from cardiograft.report import wording
from cardiograft.specs.report import Report

script = load("report")
PHONE, DESK = 390, 1280  # px
THEMES = ("light", "dark")
GRAVE = ("serious", "critical")
RUNS = ("scratch-paper", "cae-paper", "scratch-honest", "cae-honest", "calibrated-0")
# Each of these is at least one mark that is not empty.
DRAWN = """figure => {
  const size = shape => { const r = shape.getBoundingClientRect(); return r.width + r.height; };
  const shapes = [...figure.querySelectorAll('line, circle, rect, polyline, polygon, path')];
  const own = figure.getBoundingClientRect();
  return [own.width, own.height, shapes.filter(shape => size(shape) > 0).length];
}"""
# Rows beyond a table's second repeat its styles: contrast is measured without them, in seconds.
SHORTENED = """document.querySelectorAll('table:not(.confusion) tbody').forEach(body =>
  [...body.rows].slice(2).forEach(row => row.remove()))"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a study of classes and one of signals, so with every kind of figure."""
    folder = tmp_path_factory.mktemp("browser")
    rows = {k: v for k, v in study_rows(repeats=1).items() if "majority" not in k}
    inputs = findings.write(folder, spec=study(rows=rows, draws=20))
    every = signal_study.rows(sources=("scratch", "cae"), repeats=1)
    asked = {"metrics": ["pearson", "mse", *signal_study.PEAKS]}
    few = {
        f"scg-cae-{run}": {**every[f"scg-cae-{run}"], **asked} for run in (*RUNS, "calibrated-60")
    }
    spec = signal_study.study(rows=few, draws=20)
    inputs["tables"].append(signal_study.tables(folder, spec))
    out = folder / "report.html"
    studies = ("transform_recognition", signal_study.NAME)
    script.report(Report(title="Hearts", studies=studies), **inputs, out=out)
    return out


@pytest.fixture
def desk(chromium: Any, page_file: Path) -> Iterator[Opened]:
    with opened(chromium, page_file) as shown:
        yield shown


def test_the_page_asks_for_nothing_and_complains_of_nothing(desk: Opened, page_file: Path) -> None:
    desk.unfold()
    desk.page.wait_for_load_state("networkidle")
    assert [url for url in desk.asked if not url.startswith("data:")] == [page_file.as_uri()]
    assert desk.complaints == []
    assert page_file.stat().st_size < 10_000_000


def test_what_a_page_asks_for_or_complains_of_is_seen(chromium: Any, tmp_path: Path) -> None:
    file = tmp_path / "loud.html"
    file.write_text('<img src="https://example.org/x.png"><script>undefined_name()</script>')
    with opened(chromium, file) as shown:
        shown.page.wait_for_load_state("networkidle")
        assert "https://example.org/x.png" in shown.asked
        assert any("undefined_name" in line for line in shown.complaints)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_every_figure_is_drawn(chromium: Any, page_file: Path, width: int) -> None:
    with opened(chromium, page_file, width=width) as shown:
        shown.unfold()
        figures = shown.page.query_selector_all("svg[role=img]")
        assert len(figures) > 12
        for figure in figures:
            wide, high, marks = figure.evaluate(DRAWN)
            title = figure.get_attribute("aria-label")
            assert 40 < wide <= width, title
            assert high > 15, title
            assert marks, title


def test_tables_hold_what_was_tabulated(desk: Opened, page_file: Path) -> None:
    folder = page_file.parent / "tables" / "transform_recognition"
    scores = pd.read_csv(folder / "scores.csv", dtype={"class": str}, keep_default_na=False)
    metrics = json.loads((folder / "study.json").read_text())["metrics"]
    tables = desk.page.evaluate(
        """[...document.querySelectorAll('h3[id=transform_recognition-runs] ~ * table')].map(
        table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent.trim())))"""
    )
    rows = {
        line[0]: dict(zip(table[0], line, strict=True))
        for table in reversed(tables)
        for line in table[1:]
        if table[0][0] == "Run" and "Protocol" in table[0]
    }
    overall = scores[(scores["part"] == "test") & (scores["class"] == "")]
    checked = 0
    for row in overall.to_dict("records"):
        (own,) = (line for run, line in rows.items() if row["run"] in run)
        about = metrics[row["metric"]]
        if about["title"] in own:
            percent = about["percent"]
            said = wording.number(row["value"], percent=percent)
            ends = wording.interval(row["low"], row["high"], percent=percent)
            assert own[about["title"]] == said + ends
            checked += 1
    assert checked >= 2 * scores["run"].nunique()


def test_a_phone_scrolls_in_one_direction(chromium: Any, page_file: Path) -> None:
    with opened(chromium, page_file, width=PHONE) as shown:
        for fold in (False, True):
            if fold:
                shown.unfold()
            wide = shown.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= PHONE, f"folds open: {fold}"


def test_dark_is_dark_and_light_is_light(chromium: Any, page_file: Path) -> None:
    bright = {}
    for theme in THEMES:
        with opened(chromium, page_file, theme=theme) as shown:
            colours = shown.page.evaluate(
                "(({color, backgroundColor}) => [color, backgroundColor])"
                "(getComputedStyle(document.body))"
            )
            bright[theme] = [sum(map(int, c[4:-1].split(", "))) / 765 for c in colours]
    ink, ground = bright["light"]
    assert ink < 0.2 < 0.9 < ground
    ink, ground = bright["dark"]
    assert ground < 0.2 < 0.8 < ink


def violations(shown: Opened, options: dict[str, Any]) -> list[str]:
    """Return what axe finds serious or critical, a line a rule."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(shown.page, options={"resultTypes": ["violations"], **options})
    return [
        f"{one['id']}: {node['target']} {node['html'][:200]}"
        for one in found.response["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def test_axe_finds_nothing_serious(desk: Opened) -> None:
    desk.unfold()
    assert violations(desk, {"rules": {"color-contrast": {"enabled": False}}}) == []


@pytest.mark.parametrize("theme", THEMES)
def test_everything_has_contrast(chromium: Any, page_file: Path, theme: str) -> None:
    with opened(chromium, page_file, theme=theme) as shown:
        shown.unfold()
        shown.page.evaluate(SHORTENED)
        assert violations(shown, {"runOnly": ["color-contrast"]}) == []


def test_axe_finds_what_is_wrong(chromium: Any, tmp_path: Path) -> None:
    file = tmp_path / "wrong.html"
    file.write_text(
        '<html><body><img src="data:,"><p style="color:#eee;background:#fff">pale words</p>'
    )
    with opened(chromium, file) as shown:
        found = {line.partition(":")[0] for line in violations(shown, {})}
        assert {"image-alt", "color-contrast", "html-has-lang"} <= found
