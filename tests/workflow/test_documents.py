"""What README and docs show is there."""

import re

import pytest
from overlays import ROOT

LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    links = [link for link in LINK.findall(document.read_text("utf-8")) if ":" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


def test_config_fits_a_screen():
    assert len((ROOT / "config.yaml").read_text("utf-8").splitlines()) <= 40


def test_readme_names_every_room():
    shown = (ROOT / "README.md").read_text("utf-8")
    rooms = {file.parent.name for file in (ROOT / "src/cardiograft").glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if f"`{room}/`" not in shown] == []


def test_commands_that_readme_shows_are_targets():
    shown = re.findall(r"^make ([a-z]+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(shown) <= set(targets)
    assert len(shown) > 1
