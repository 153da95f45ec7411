"""The report as a browser shows it: drawn whole, quiet, and readable by everybody."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser import Opened, opened

from cardiograft.report import wording

PHONE, DESK = 390, 1280  # px
NARROW = (320, 390, 640)  # px: a desk at 400 %, a phone, a desk at 200 %
THEMES = ("light", "dark")
LEAD = 2  # rows of a long table that are in sight, as the page was made
GRAVE = ("serious", "critical")
# Each of these is at least one mark that is not empty.
DRAWN = """figure => {
  const size = shape => { const r = shape.getBoundingClientRect(); return r.width + r.height; };
  const shapes = [...figure.querySelectorAll('line, circle, rect, polyline, polygon, path')];
  const own = figure.getBoundingClientRect();
  return [own.width, own.height, shapes.filter(shape => size(shape) > 0).length];
}"""
NUMBER = re.compile(r"[Δ+−]? ?(?P<text>\d+(?:\.(?P<digits>\d+))?)(?P<percent> %)?")
ALL_CSV = """async () => {
  const blobs = [], made = URL.createObjectURL;
  URL.createObjectURL = blob => { blobs.push(blob); return made.call(URL, blob); };
  HTMLAnchorElement.prototype.click = () => {};
  const found = [];
  const text = cell => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll('small, .chip').forEach(part => part.remove());
    return copy.textContent.trim();
  };
  for (const region of document.querySelectorAll('main .wide')) {
    const table = region.querySelector('table');
    [...region.nextElementSibling.querySelectorAll('button')].at(-1).click();
    found.push({
      caption: table.caption.textContent,
      head: [...table.tHead.rows[0].cells].map(cell => cell.textContent.trim()),
      rows: [...table.tBodies[0].rows].map(row => [...row.cells].map(text)),
      csv: await blobs.at(-1).text(),
    });
  }
  return found;
}"""
# Of texts that every rule of the style treats alike two are left: contrast is measured in seconds.
FEW = """() => {
  const seen = {}, left = [];
  for (const element of document.querySelectorAll('main *:not([style])')) {
    const texts = [...element.childNodes].filter(node => node.nodeType === 3 && node.data.trim());
    let style = '';
    for (let at = element; at; at = at.parentElement) style += `${at.tagName}.${at.className} `;
    if (texts.length && (seen[style] = (seen[style] ?? 0) + 1) > 2) left.push(...texts);
  }
  left.forEach(text => text.remove());
  return Object.keys(seen).length;
}"""


@pytest.fixture
def desk(chromium: Any, page_file: Path) -> Iterator[Opened]:
    with opened(chromium, page_file) as shown:
        yield shown


def test_the_page_asks_for_nothing_and_complains_of_nothing(desk: Opened, page_file: Path) -> None:
    desk.unfold()
    desk.page.wait_for_load_state("networkidle")
    assert [url for url in desk.requests if not url.startswith("data:")] == [page_file.as_uri()]
    assert desk.complaints == []
    assert page_file.stat().st_size < 10_000_000


def test_what_a_page_asks_for_or_complains_of_is_seen(chromium: Any, tmp_path: Path) -> None:
    file = tmp_path / "loud.html"
    file.write_text('<img src="https://example.org/x.png"><script>undefined_name()</script>')
    with opened(chromium, file) as shown:
        shown.page.wait_for_load_state("networkidle")
        assert "https://example.org/x.png" in shown.requests
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
            printed = wording.number(row["value"], percent=percent)
            ends = wording.interval(row["low"], row["high"], percent=percent)
            assert own[about["title"]] == printed + ends
            checked += 1
    assert checked >= 2 * scores["run"].nunique()


def downloads(shown: Opened) -> list[dict[str, Any]]:
    """Return each table's rows as printed, and the text of the CSV that its button makes."""
    tables: list[dict[str, Any]] = shown.page.evaluate(ALL_CSV)
    return tables


def test_every_table_downloads_as_it_is_printed(desk: Opened) -> None:
    tables = downloads(desk)
    assert len(tables) > 20
    checked = 0
    for table in tables:
        head, *lines = csv.reader(io.StringIO(table["csv"], newline=""))
        assert len(lines) == len(table["rows"]) > 0, table["caption"]
        places = [head.index(title) for title in table["head"]]
        for line, row in zip(lines, table["rows"], strict=True):
            for place, printed in zip(places, row, strict=True):
                number = NUMBER.fullmatch(printed)
                if number and line[place] != printed:
                    exact, digits = abs(float(line[place])), len(number["digits"] or "")
                    texts = {f"{scale * exact:.{digits}f}" for scale in (1, 100)}
                    assert number["text"] in texts
                    checked += 1
                else:
                    assert bool(line[place]) == bool(printed)
    assert checked > 100


def test_a_csv_carries_what_was_tabulated_in_full(desk: Opened, page_file: Path) -> None:
    folder = page_file.parent / "tables" / "transform_recognition"
    scores = pd.read_csv(folder / "scores.csv", dtype=str, keep_default_na=False)
    caption = "Test part: mean over repeats, interval over subjects"
    button = desk.page.get_by_role("button", name=f"Download CSV: {caption}").first
    with desk.page.expect_download() as waiting:
        button.click()
    assert waiting.value.suggested_filename == (
        "transform_recognition-test-part-mean-over-repeats-interval-over-subjects.csv"
    )
    table = pd.read_csv(waiting.value.path(), dtype=str, keep_default_na=False)
    assert set(table["Run, marked"]) == {"simulated"}
    for row in table.to_dict("records"):
        own = scores[(scores["run"] == row["Run, note"]) & (scores["part"] == "test")]
        own = own[(own["metric"] == "accuracy") & (own["class"] == "")]
        assert own[["value", "low", "high"]].to_numpy().tolist() == [
            [row["Accuracy"], row["Accuracy, low"], row["Accuracy, high"]]
        ]
    assert len(table) == scores[scores["metric"] == "accuracy"]["run"].nunique()


def test_rows_sort_by_keyboard_in_both_directions_and_back(desk: Opened) -> None:
    table = desk.page.locator("table.central").first
    head = table.locator("thead th").nth(2)
    values = "rows => rows.map(row => row.cells[2].dataset.value)"
    printed = table.locator("tbody tr").evaluate_all(values)
    expected = sorted(printed, key=float)
    assert printed not in (expected, expected[::-1])
    head.locator("button").focus()
    for way, order in (("ascending", expected), ("descending", expected[::-1]), (None, printed)):
        desk.page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == way
        assert table.locator("tbody tr").evaluate_all(values) == order
        if way:
            assert way in desk.page.get_by_role("status").inner_text()


def test_a_long_table_opens_as_one(desk: Opened) -> None:
    desk.unfold()
    rows = desk.page.locator("#table-1 tbody tr")
    assert rows.locator("visible=true").count() == LEAD < rows.count()
    more = desk.page.locator("#table-1 + .tools button").first
    assert more.get_attribute("aria-expanded") == "false"
    more.click()
    assert more.get_attribute("aria-expanded") == "true"
    assert rows.locator("visible=true").count() == rows.count() > LEAD
    assert desk.page.locator("details[data-rest]").count() == 0


def test_without_its_script_a_page_still_shows_everything(chromium: Any, page_file: Path) -> None:
    with opened(chromium, page_file, script=False) as bare, opened(chromium, page_file) as whole:
        counts = [shown.page.locator("tbody tr").count() for shown in (bare, whole)]
        assert counts[0] == counts[1]
        assert bare.page.locator("button").count() == 0
        assert bare.page.locator("details[data-rest]").count() > 0


def test_a_table_is_copied_with_tabs(desk: Opened) -> None:
    copy = desk.page.get_by_role("button", name=re.compile("^Copy: The same recipe")).first
    copy.click()
    desk.until("document.querySelector('[role=status]').textContent !== ''")
    lines = desk.page.evaluate("navigator.clipboard.readText()").split("\n")
    assert lines[0].startswith("Run\tRun, note\t")
    assert len({line.count("\t") for line in lines}) == 1
    table = desk.page.locator("table.central").first
    assert len(lines) == 1 + table.locator("tbody tr").count()


def test_a_trace_zooms_in_its_own_place(desk: Opened) -> None:
    figure = desk.page.locator("figure.window").first
    drawn = figure.locator("svg").first
    narrow = drawn.bounding_box()["width"]
    figure.get_by_role("button", name=re.compile("^Zoom in")).click()
    assert drawn.bounding_box()["width"] == pytest.approx(2 * narrow)
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= DESK
    figure.get_by_role("button", name=re.compile("^Zoom out")).click()
    assert drawn.bounding_box()["width"] == pytest.approx(narrow)


@pytest.mark.parametrize("width", NARROW)
def test_a_narrow_page_scrolls_in_one_direction(chromium: Any, page_file: Path, width: int) -> None:
    with opened(chromium, page_file, width=width) as shown:
        for fold in (False, True):
            if fold:
                shown.unfold()
            wide = shown.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"folds open: {fold}"


def test_letters_twice_as_large_fit_too(large_letters: Any, page_file: Path) -> None:
    """As a browser's own setting makes them; the page's breakpoints go by it."""
    with opened(large_letters, page_file) as shown:
        shown.unfold()
        size = shown.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        assert size >= 32
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= DESK


def test_a_table_of_few_columns_fits_a_desk(desk: Opened) -> None:
    """A long heading, or a long remark below a value, is broken before a column leaves the page."""
    wider = """boxes => boxes.filter(box => box.scrollWidth > box.clientWidth + 1
        && box.querySelectorAll("thead th").length <= 9).map(box => box.ariaLabel)"""
    assert desk.page.locator("main .wide:visible").evaluate_all(wider) == []


@pytest.mark.parametrize("width", [PHONE, DESK // 2])
def test_a_wide_table_scrolls_in_its_own_box_by_keyboard(
    chromium: Any, page_file: Path, width: int
) -> None:
    with opened(chromium, page_file, width=width) as shown:
        boxes = shown.page.locator("main .wide:visible")
        wider = "boxes => boxes.flatMap((b, k) => b.scrollWidth > b.clientWidth + 1 ? [k] : [])"
        places = boxes.evaluate_all(wider)
        assert len(places) > 3
        for place in places[:4]:
            box = boxes.nth(place)
            box.focus()
            assert box.evaluate("box => document.activeElement === box")
            shown.page.keyboard.press("ArrowRight")
            shown.until("document.activeElement.scrollLeft > 0")


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
    results = axe.Axe().run(shown.page, options={"resultTypes": ["violations"], **options})
    return [
        f"{one['id']}: {node['target']} {node['html'][:200]}"
        for one in results.response["violations"]
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
        assert shown.page.evaluate(FEW) > 50
        assert violations(shown, {"runOnly": ["color-contrast"]}) == []


def test_axe_finds_what_is_wrong(chromium: Any, tmp_path: Path) -> None:
    file = tmp_path / "wrong.html"
    file.write_text(
        '<html><body><img src="data:,"><p style="color:#eee;background:#fff">pale words</p>'
    )
    with opened(chromium, file) as shown:
        rules = {line.partition(":")[0] for line in violations(shown, {})}
        assert {"image-alt", "color-contrast", "html-has-lang"} <= rules
