"""The fingerprint of code: meaning counts, layout does not."""

import json

import pytest

from cardiograft import fingerprint as fingerprint_module
from cardiograft.fingerprint import fingerprint


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A package of three files and a script."""
    package = tmp_path / "src" / "cardiograft"
    (package / "datasets" / "simulation").mkdir(parents=True)
    (package / "a.py").write_text(
        '"""Doc."""\nfrom cardiograft import b\n\n\ndef f():\n    return b.x\n'
    )
    (package / "b.py").write_text("from cardiograft.datasets.simulation import hearts\n\nx = 1\n")
    (package / "datasets" / "simulation" / "hearts.py").write_text("rate = 60\n")
    (tmp_path / "script.py").write_text("from cardiograft.a import f\n\nf()\n")
    monkeypatch.setattr(fingerprint_module, "PACKAGE", package)
    monkeypatch.setattr(fingerprint_module, "ROOT", tmp_path)
    fingerprint_module._read.cache_clear()
    yield tmp_path
    fingerprint_module._read.cache_clear()


def digest(**keywords):
    fingerprint_module._read.cache_clear()
    return fingerprint("script.py", **keywords)


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_it_follows_imports(project):
    assert sorted(json.loads(digest())) == [
        "script.py",
        "src/cardiograft/a.py",
        "src/cardiograft/b.py",
        "src/cardiograft/datasets/simulation/hearts.py",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [("Doc.", "Other words."), ("def f", "# why\ndef f"), ("return b.x", "return   (b.x)")],
)
def test_layout_does_not_count(project, old, new):
    before = digest()
    edit(project / "src/cardiograft/a.py", old, new)
    assert digest() == before


def test_meaning_counts(project):
    before = digest()
    edit(project / "src/cardiograft/b.py", "x = 1", "x = 2")
    assert digest() != before


def test_a_string_that_is_no_docstring_counts(project):
    before = digest()
    edit(project / "src/cardiograft/b.py", "x = 1", "x = 1\ny = 'words'")
    assert digest() != before


def test_a_room_can_be_left_out(project):
    before = digest(without=("datasets/simulation",))
    assert "simulation/" not in before
    edit(project / "src/cardiograft/datasets/simulation/hearts.py", "60", "70")
    assert digest(without=("datasets/simulation",)) == before
