"""A real browser for tests of pages: the Chromium of this machine, without a window.

Playwright drives the one that is installed, and never fetches one.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# As root Chromium needs the first, in a small /dev/shm the second.
PATIENCE_MS = 180_000  # on a busy machine a page may take its time
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")


@dataclass
class Opened:
    """A page in the browser, with all that it asked for and complained of."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def unfold(self) -> None:
        """Open every fold."""
        self.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")

    def until(self, expression: str) -> None:
        """Wait for an expression to be true; the page's policy forbids Playwright's own way."""
        end_s = time.monotonic() + PATIENCE_MS / 1000
        while not self.page.evaluate(expression):
            assert time.monotonic() < end_s, expression
            self.page.wait_for_timeout(50)


def executable() -> str:
    """Return the path of the browser that is installed; skip the test where none is."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser on the path: none of {', '.join(NAMES)}")
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser, started once a process."""
    program = executable()
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def large_letters(chromium: Any) -> Iterator[Any]:
    """A browser whose user has asked for letters twice as large as usual."""
    asked = (*ARGUMENTS, "--blink-settings=defaultFontSize=32")
    browser = chromium.browser_type.launch(executable_path=executable(), args=asked)
    yield browser
    browser.close()


@contextmanager
def opened(
    browser: Any, file: Path, *, width: int = 1280, theme: str = "light", script: bool = True
) -> Iterator[Opened]:
    """Show a file in a context of its own, from which no network can be reached."""
    context = browser.new_context(
        color_scheme=theme,
        viewport={"width": width, "height": 900},
        offline=True,
        java_script_enabled=script,
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        shown = Opened(context.new_page())
        shown.page.on("request", lambda request: shown.requests.append(request.url))
        shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        shown.page.on(
            "console",
            lambda message: (
                shown.complaints.append(message.text)
                if message.type in ("error", "warning")
                else None
            ),
        )
        shown.page.goto(file.as_uri())
        yield shown
    finally:
        context.close()
