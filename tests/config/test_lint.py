"""A mistake in a file that lies on the config, in one line before Snakemake reads the file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from overlays import ROOT

from cardiograft.config.lint import lint

UNREADABLE = {
    "no YAML": (b"seed: [1\nb: 2\n", ["mine.yaml: line 2, column", "','"]),
    "a tab": (b"seed:\n\t- a\n", ["mine.yaml: line 2, column 1: a tab"]),
    "a list": (b"- a\n- b\n", ["mine.yaml: expected keys and values, not ['a', 'b']"]),
    "empty": (b"", ["mine.yaml: empty"]),
    "not text": (b"\xff\xfeab", ["mine.yaml: not UTF-8 text, at byte 0"]),
    "absent": (None, ["no file", "mine.yaml"]),
    "a key twice": (b"seed: 1\nseed: 2\n", ["mine.yaml, line 2: the key 'seed'"]),
    "a word that YAML reads as none": (b"studies: [no]\n", ["studies", "mine.yaml"]),
    "a key that is none": (
        b"mirrr: simulated\n",
        ["mirrr", "Did you mean 'mirror'?", "mine.yaml)"],
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_mistake_is_one_line_that_names_the_file(name: str, tmp_path: Path) -> None:
    content, words = UNREADABLE[name]
    file = tmp_path / "mine.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        lint([file])
    line = " ".join(str(caught.value).split())
    assert not [word for word in words if word not in line], line


def test_a_file_that_can_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("seed: 3\n")
    lint([file])
    output = capsys.readouterr().out
    assert output.startswith("no mistake found in config.yaml, studies/")
    assert output.endswith(f"{file}\n")


def test_a_later_file_lies_on_an_earlier_one(tmp_path: Path) -> None:
    wrong, right = tmp_path / "wrong.yaml", tmp_path / "right.yaml"
    wrong.write_text("seed: many\n")
    right.write_text("seed: 3\n")
    lint([wrong, right])
    with pytest.raises(ValueError, match=r"seed.*wrong\.yaml"):
        lint([right, wrong])


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not there")
def test_make_ends_in_that_line_alone(tmp_path: Path) -> None:
    ready = tmp_path / ".venv"
    (ready / "bin").mkdir(parents=True)
    (ready / "bin" / "python").symlink_to(sys.executable)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    # what is installed already is not installed again for a test
    line = ["make", "-s", "-o", f"{ready}/.ready", f"VENV={ready}", "config", "CONFIG=absent.yaml"]
    done = subprocess.run(
        line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode
    lines = [text for text in done.stderr.splitlines() if not text.startswith("make")]
    assert lines == ["config: no file absent.yaml"]
