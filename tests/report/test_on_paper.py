"""The report on paper: everything in it, nothing cut off, dark, alone at a page's foot or tiny."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Opened, opened

from cardiograft.report.charts import dumbbells
from cardiograft.report.style import STYLE

# Between the margins that a browser leaves, in px: of A4, the narrower of the two usual papers.
A4 = 718
LEAST_PT = 5.5  # of letters
# What stands outside of the paper; what is not to be read stands outside of it on purpose.
OUTSIDE = """wide => [...document.querySelectorAll('body *')].filter(element => {
  const box = element.getBoundingClientRect();
  return box.width && box.right > wide + 1 && !element.closest('.unseen, .skip, defs');
}).map(element => `${element.tagName} ${element.textContent.slice(0, 50)}`)"""
# A cell whose words are wider than it is lies over its neighbour.
OVER = """() => [...document.querySelectorAll('th, td')].filter(cell =>
  cell.getClientRects().length && cell.scrollWidth > cell.clientWidth + 1
).map(cell => cell.textContent)"""
# Rows that are not drawn, for the closed fold that they are in or for themselves.
HIDDEN = """() => [...document.querySelectorAll('main tbody tr')].filter(row =>
  !row.checkVisibility()).map(row => row.closest('table').caption.textContent)"""
STYLES = """([selector, property]) => [...document.querySelectorAll(selector)].map(
  element => getComputedStyle(element)[property])"""


@pytest.fixture
def paper(chromium: Any, page_file: Path) -> Iterator[Opened]:
    """The page as it is printed by somebody whose screen is dark."""
    with opened(chromium, page_file, width=A4, theme="dark") as shown:
        shown.page.emulate_media(media="print")
        yield shown


def styles(shown: Opened, selector: str, named: str) -> set[str]:
    found: list[str] = shown.page.evaluate(STYLES, [selector, named])
    assert found, selector
    return set(found)


def test_nothing_is_cut_off(paper: Opened) -> None:
    """Else a browser also prints all of it smaller."""
    assert paper.page.evaluate("document.documentElement.scrollWidth") <= A4
    assert paper.page.evaluate(OUTSIDE, A4) == []
    assert paper.page.evaluate(OVER) == []


def test_a_table_of_many_columns_keeps_them(paper: Opened) -> None:
    """The widest of all studies, what pruning leaves, has 14 columns of long numbers."""
    added = """table => {
      const titles = ['Zeros in kernels', 'Sparsity of kernels', 'ms a window, onnxruntime'];
      for (const row of table.rows) for (let k = row.cells.length; k < 14; k++) {
        const cell = row.cells[1].cloneNode(true);
        cell.className = '';
        cell.textContent = row.parentElement.tagName === 'THEAD' ? titles[k % 3] : '19\\u202f403.5';
        row.append(cell);
      }
      return table.rows[0].cells.length;
    }"""
    table = paper.page.locator("main .wide > table:not(.confusion):visible").first
    assert table.evaluate(added) == 14
    assert paper.page.evaluate("document.documentElement.scrollWidth") <= A4
    assert paper.page.evaluate(OVER) == []


def test_what_is_folded_is_printed_or_says_that_it_is_not(paper: Opened) -> None:
    assert paper.page.locator("main details[open]").count() == 0
    assert paper.page.locator("main tbody tr[hidden]").count() > 5  # of long tables
    rows = paper.page.locator("main tbody tr")
    drawn = "rows => rows.map(row => [row.closest('.aside') !== null, row.checkVisibility()])"
    found = rows.evaluate_all(drawn)
    assert len(found) > 100
    assert all(seen is not aside for aside, seen in found)
    said = paper.page.locator("main details.aside > summary").evaluate_all(
        "all => all.map(one => getComputedStyle(one, '::after').content)"
    )
    assert said
    assert all("not printed" in words for words in said)


def test_what_was_opened_for_paper_is_printed_and_does_not_say_otherwise(paper: Opened) -> None:
    paper.unfold()
    assert paper.page.evaluate(HIDDEN) == []
    said = paper.page.locator("main details.aside > summary").evaluate_all(
        "all => all.map(one => getComputedStyle(one, '::after').content)"
    )
    assert set(said) == {"none"}


def test_nothing_of_a_screen_is_left(paper: Opened) -> None:
    for selector in ("nav", ".tools", ".skip"):
        assert paper.page.locator(f"{selector}:visible").count() == 0
    arrows = "all => all.map(one => getComputedStyle(one, '::after').content)"
    assert set(paper.page.locator("thead th button").evaluate_all(arrows)) == {"none"}
    paper.page.locator("thead th button").first.evaluate("button => button.click()")
    assert set(paper.page.locator("thead th button").evaluate_all(arrows)) == {"none"}


def test_paper_is_white_and_letters_are_dark_and_large_enough(paper: Opened) -> None:
    assert styles(paper, "body", "backgroundColor") == {"rgb(255, 255, 255)"}
    for colour in styles(paper, "p, td, th, a, figcaption, summary", "color"):
        red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
        assert 0.2126 * red + 0.7152 * green + 0.0722 * blue < 110, colour
    sizes = styles(paper, "p, td, th, small, summary, figcaption", "fontSize")
    assert min(float(size.removesuffix("px")) * 0.75 for size in sizes) >= LEAST_PT


def test_no_page_ends_within_a_figure_or_a_row_or_after_a_title(paper: Opened) -> None:
    for whole in ("figure", "main svg[role=img]", "tr", "caption", "h3"):
        assert styles(paper, whole, "breakInside") == {"avoid"}
    for title in ("h2", "h3", "h4", "caption", "figcaption", "summary", "thead"):
        assert styles(paper, title, "breakAfter") == {"avoid"}, title
    # a header that is repeated comes out empty where a box of its own holds its words
    assert styles(paper, "thead th button", "display") == {"contents"}
    # and the name of a group of rows may be on the page before
    groups = styles(paper, "tr.again th", "color")
    assert groups == styles(paper, "table.grouped tr:not(.again) th", "color")


@pytest.mark.parametrize("width", [358, 340])  # a phone's figure; one of two beside each other
def test_a_long_name_of_a_run_stays_in_its_chart(chromium: Any, tmp_path: Path, width: int) -> None:
    name = "Autoencoder, from autoencoder weights, 3 axes, pruned by magnitude, per record"
    value = {f"{kind}{end}": 0.4 for kind in ("paper", "honest") for end in ("", "_low", "_high")}
    rows = [{"label": label, **value} for label in (name, "CNN")]
    chart = dumbbells.gaps(rows, title="Gap", percent=False)
    file = tmp_path / "chart.html"
    file.write_text(f"<style>{STYLE}</style><div style='width: {width}px'>{chart}</div>")
    with opened(chromium, file) as shown:
        right = "all => all.map(one => one.getBoundingClientRect().right)"
        edge = shown.page.locator("svg").evaluate("drawn => drawn.getBoundingClientRect().right")
        assert max(shown.page.locator("text.row").evaluate_all(right)) <= edge
        told = shown.page.locator("text.row").all_text_contents()
        assert " ".join(told) == f"{name} CNN"
        boxes = "all => all.map(one => one.getBoundingClientRect()).map(b => [b.top, b.bottom])"
        lines = shown.page.locator("text.row").evaluate_all(boxes)
        assert all(a[1] <= b[0] + 1 for a, b in itertools.pairwise(lines))
        circles = shown.page.locator("circle").evaluate_all(boxes)
        assert all(c[0] >= lines[1][1] - 4 for c in circles)  # below the first name's last line


def test_printing_leaves_the_page_as_it_was(chromium: Any, page_file: Path) -> None:
    with opened(chromium, page_file) as shown:
        shown.page.locator("main details").first.evaluate("fold => { fold.open = true; }")
        whole = shown.page.pdf(format="A4")
        assert shown.page.locator("main details[open]").count() == 1
        assert whole.startswith(b"%PDF")
        pages = len(re.findall(rb"/Type\s*/Page\b", whole))
        assert 10 < pages < 60


def test_browsers_that_can_not_style_a_fold_have_it_opened(chromium: Any, page_file: Path) -> None:
    with opened(chromium, page_file) as shown:
        folds = shown.page.locator("main details:not(.aside)")
        shown.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert folds.evaluate_all("all => all.every(fold => fold.open)")
        assert shown.page.locator("main details.aside[open]").count() == 0
        shown.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert shown.page.locator("main details[open]").count() == 0
