"""The documents become a site: every link and anchor leads somewhere, every page is in its list."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from overlays import ROOT

pytest.importorskip("mkdocs", reason="builds the site of the documents: extra `site`")


def built(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file"]
    return subprocess.run(
        [*command, str(root / ".github" / "mkdocs.yml")],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The documents and, as empty files, what they lead to."""
    for folder in ("docs", ".github"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for document in (ROOT / "docs").rglob("*.md"):
        for link in re.findall(r"\]\((\.\.[^)#]*)", document.read_text("utf-8")):
            place = (document.parent / link).resolve()
            if not place.is_relative_to(ROOT / "docs"):
                there = tmp_path / place.relative_to(ROOT)
                there.parent.mkdir(parents=True, exist_ok=True)
                there.mkdir(exist_ok=True) if place.is_dir() else there.touch()
    return tmp_path


def test_it_is_built_without_a_warning(copied: Path) -> None:
    ended = built(copied)
    assert ended.returncode == 0, ended.stderr
    site = copied / "build" / "site"
    pages = {path.relative_to(site).with_suffix(".md") for path in site.rglob("*.html")}
    documents = {path.relative_to(copied / "docs") for path in (copied / "docs").rglob("*.md")}
    assert documents <= pages
    # what is beside the documents is a path there, not a link that leads nowhere
    text = (site / "apply.html").read_text("utf-8")
    assert "tests/use/test_apply.py</code>" in text
    assert 'href="../' not in text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[gone](nowhere.md)", "nowhere.md"),
        ("[gone](../src/nowhere.py)", "no such file: ../src/nowhere.py"),
        ("[gone](config.md#nowhere)", "nowhere"),
    ],
)
def test_a_link_that_leads_nowhere_fails(copied: Path, line: str, says: str) -> None:
    page = copied / "docs" / "words.md"
    page.write_text(f"{page.read_text('utf-8')}\n{line}\n", "utf-8")
    ended = built(copied)
    assert ended.returncode != 0
    assert says in ended.stderr
