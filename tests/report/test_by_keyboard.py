"""The report without a mouse: all that can be done is reached by Tab, seen, done, and left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Opened, opened

# Every element that does something, in the order of the page, with what it is.
WANTED = """() => [...document.querySelectorAll(
  'a[href], button, summary, .wide, .zoomed')].filter(element =>
  element.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true})
).map((element, k) => { element.dataset.place = k; return element.outerHTML.slice(0, 90); })"""
# Notes of each element that gets the focus its place, and whether that can be seen: a frame.
NOTED = """() => {
  window.noted = [];
  addEventListener('focusin', ({target}) => {
    const {outlineStyle, outlineWidth} = getComputedStyle(target);
    const box = target.getBoundingClientRect();
    const framed = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
    window.noted.push([Number(target.dataset.place), framed && box.width * box.height > 0]);
  });
}"""


@pytest.fixture
def desk(chromium: Any, page_file: Path) -> Iterator[Opened]:
    with opened(chromium, page_file) as shown:
        yield shown


def test_tab_goes_through_all_of_it_in_order_seen_and_out_again(desk: Opened) -> None:
    # one fold of each kind is open, so that every kind of control is there
    for fold in ("main details", "details.aside:has(.card)", "details.card"):
        desk.page.locator(fold).first.evaluate("fold => { fold.open = true; }")
    wanted = desk.page.evaluate(WANTED)
    for kind in ("<a ", "<summary", "<button", 'class="wide"', 'class="zoomed"'):
        assert any(kind in text for text in wanted), kind
    desk.page.evaluate(NOTED)
    for _ in wanted:
        desk.page.keyboard.press("Tab")
    noted = desk.page.evaluate("window.noted")
    assert [place for place, _ in noted] == list(range(len(wanted)))
    assert [wanted[place] for place, seen in noted if not seen] == []
    desk.page.keyboard.press("Tab")  # no trap: after the last the page is left
    assert desk.page.evaluate("document.activeElement === document.body")
    desk.page.keyboard.press("Shift+Tab")
    assert desk.page.evaluate("window.noted.at(-1)[0]") == len(wanted) - 1


def test_the_first_key_leads_past_the_contents(desk: Opened) -> None:
    desk.page.keyboard.press("Tab")
    skip = desk.page.get_by_role("link", name="Skip to the results")
    assert skip.evaluate("link => document.activeElement === link")
    assert skip.bounding_box()["height"] > 20
    desk.page.keyboard.press("Enter")
    desk.page.keyboard.press("Tab")
    assert desk.page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_fold_opens_and_closes(desk: Opened, key: str) -> None:
    fold = desk.page.locator("main details").first
    fold.locator("summary").first.focus()
    for opened_now in (True, False):
        desk.page.keyboard.press(key)
        assert fold.evaluate("fold => fold.open") is opened_now


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_button_copies_and_says_so(desk: Opened, key: str) -> None:
    desk.page.locator("main .tools button[aria-label^='Copy: ']:visible").first.focus()
    desk.page.keyboard.press(key)
    said = desk.page.get_by_role("status")
    desk.until("document.querySelector('[role=status]').textContent !== ''")
    assert said.inner_text().startswith("Copied ")
    assert desk.page.evaluate("navigator.clipboard.readText()").startswith("Run\t")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_button_downloads(desk: Opened, key: str) -> None:
    desk.page.locator("main .tools button[aria-label^='Download CSV: ']:visible").first.focus()
    with desk.page.expect_download() as waiting:
        desk.page.keyboard.press(key)
    assert waiting.value.suggested_filename.endswith(".csv")
    assert desk.page.get_by_role("status").inner_text().startswith("Downloaded ")


def test_rows_are_sorted_and_the_focus_stays(desk: Opened) -> None:
    button = desk.page.locator("main table thead th button:visible").nth(1)
    button.focus()
    desk.page.keyboard.press("Space")
    assert button.evaluate("button => document.activeElement === button")
    assert button.locator("xpath=..").get_attribute("aria-sort") == "ascending"


def test_all_folds_open_by_one_key(desk: Opened) -> None:
    desk.page.get_by_role("button", name="Open all folds").focus()
    desk.page.keyboard.press("Enter")
    assert desk.page.locator("main details:not([open])").count() == 0


def test_a_trace_is_zoomed_moved_and_left_with_escape(desk: Opened) -> None:
    figure = desk.page.locator("figure.window").first
    region, drawn = figure.locator(".zoomed"), figure.locator("svg").first
    narrow = drawn.bounding_box()["width"]
    figure.get_by_role("button", name="Zoom in").focus()
    desk.page.keyboard.press("Enter")
    desk.page.keyboard.press("Enter")
    assert drawn.bounding_box()["width"] == pytest.approx(4 * narrow)
    desk.page.keyboard.press("Escape")
    assert drawn.bounding_box()["width"] == pytest.approx(narrow)
    assert desk.page.get_by_role("status").inner_text() == "The whole trace"
    desk.page.keyboard.press("Space")
    region.focus()
    before = region.evaluate("region => region.scrollLeft")
    desk.page.keyboard.press("ArrowRight")
    desk.until(f"document.activeElement.scrollLeft > {before}")
    desk.page.keyboard.press("Escape")
    assert drawn.bounding_box()["width"] == pytest.approx(narrow)
    desk.page.keyboard.press("Tab")
    assert not region.evaluate("region => document.activeElement === region")


def test_a_run_leads_to_its_card_and_the_next_key_is_in_it(desk: Opened) -> None:
    desk.page.locator("main td small a:visible, main th small a:visible").first.focus()
    desk.page.keyboard.press("Enter")
    desk.until("document.querySelector('details.card[open]') !== null")
    desk.page.keyboard.press("Tab")
    assert desk.page.evaluate("document.activeElement.closest('details.card') !== null")
