"""The fingerprint of code: meaning counts, layout does not."""

import ast
import json
import sys
from subprocess import PIPE, Popen

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
    monkeypatch.setattr(fingerprint_module, "MEMORY", tmp_path / ".snakemake" / "cardiograft")
    (tmp_path / ".snakemake").mkdir()
    forget()
    yield tmp_path
    forget()


@pytest.fixture
def parsed(monkeypatch):
    """What is parsed, as it is parsed."""
    seen, parse = [], ast.parse

    def watched(content):
        seen.append(content)
        return parse(content)

    monkeypatch.setattr(fingerprint_module.ast, "parse", watched)
    return seen


def forget():
    """Become another process: what it knows is in the file alone."""
    for name in ("_fingerprint", "_read", "_file", "_memory", "_place"):
        getattr(fingerprint_module, name).cache_clear()


def digest(**keywords):
    forget()
    return fingerprint("script.py", **keywords)


def memory(project):
    (file,) = (project / ".snakemake" / "cardiograft").iterdir()
    return file


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


def test_what_a_file_means_is_read_once(project, parsed):
    before = digest()
    assert len(parsed) == 4
    assert digest() == before
    assert len(parsed) == 4


def test_only_the_file_that_changed_is_read_again(project, parsed):
    digest()
    edit(project / "src/cardiograft/b.py", "x = 1", "x = 2")
    changed = digest()
    assert len(parsed) == 5
    memory(project).unlink()
    assert digest() == changed


def test_a_file_that_appears_is_found(project):
    (project / "script.py").write_text("from cardiograft import later\n")
    assert list(json.loads(digest())) == ["script.py"]
    (project / "src/cardiograft/later.py").write_text("x = 1\n")
    assert list(json.loads(digest())) == ["script.py", "src/cardiograft/later.py"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"no such thing",
        lambda content: content[:-20],
        lambda content: content.replace(b'["', b'["f', 1),  # another digest of a meaning
        lambda content: b"\xff" * 50,
    ],
)
def test_a_damaged_memory_is_read_over(project, parsed, damage):
    before = digest()
    file = memory(project)
    file.write_bytes(damage(file.read_bytes()))
    assert digest() == before
    assert len(parsed) == 8
    assert digest() == before
    assert len(parsed) == 8


@pytest.mark.parametrize("way", ["no records", "a file is in the way"])
def test_without_a_place_nothing_is_kept(project, parsed, way):
    before = digest()
    memory(project).unlink()
    (project / ".snakemake" / "cardiograft").rmdir()
    if way == "no records":
        (project / ".snakemake").rmdir()
    else:
        (project / ".snakemake" / "cardiograft").write_text("")
    assert digest() == before
    assert len(parsed) == 8
    assert (project / ".snakemake").exists() == (way != "no records")


def test_another_python_reads_for_itself(project, parsed, monkeypatch):
    digest()
    monkeypatch.setattr(fingerprint_module.sys, "version", "4.0.0")
    digest()
    assert len(parsed) == 8


def test_it_does_not_grow_for_ever(project, monkeypatch):
    monkeypatch.setattr(fingerprint_module, "MOST", 6)
    for number in range(2, 20):
        digest()
        edit(project / "src/cardiograft/b.py", f"x = {number - 1}", f"x = {number}")
    assert len(json.loads(memory(project).read_bytes().split(b"\n", 1)[1])) <= 6


ALONE = """
from pathlib import Path
from cardiograft import fingerprint as module
module.ROOT = Path.cwd()
module.PACKAGE = module.ROOT / "src" / "cardiograft"
print(module.fingerprint("script.py"))
"""


def test_many_at_once(project):
    before = digest()
    memory(project).unlink()
    command = [sys.executable, "-c", ALONE]
    started = [Popen(command, cwd=project, stdout=PIPE, text=True) for _ in range(6)]
    assert {one.communicate()[0].strip() for one in started} == {before}
    assert digest() == before
    memory(project)  # one file, nothing half-written beside it
