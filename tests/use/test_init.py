"""A folder of recordings becomes a config that loads, and what was guessed is said."""

import shlex
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import in_use
import numpy as np
import own_folder
import pandas as pd
import pyarrow as pa
import pytest
import yaml

from cardiograft.config.checks import load_config
from cardiograft.specs.split import Split
from cardiograft.splits.assign import COLUMNS, TIMES, assign
from cardiograft.use import command, folder_look, init

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_folder.write(tmp_path_factory.mktemp("recordings") / "clinic")


@pytest.fixture
def begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Call the command; return the config that it wrote, and what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str | Path) -> tuple[dict[str, Any], str]:
        monkeypatch.setattr(sys, "argv", ["cardiograft", "init", *map(str, words)])
        command.main()
        content = yaml.safe_load((tmp_path / str(words[0]) / "config.yaml").read_text())
        return content, capsys.readouterr().out

    return call


def test_a_folder_with_labels(begun: Any, clinic: Path) -> None:
    labels = clinic / "labels.csv"
    content, printed = begun("study", "--records", clinic, "--labels", labels, "--mains-hz", 50)
    config = load_config(content)
    folder = config.databases["own"].folder
    assert folder is not None
    assert (folder.subject.by, folder.mains_hz) == ("pattern", 50)
    assert folder.labels is not None
    assert folder.labels.model_dump() == {
        "file": str(labels),
        "record": "recording",
        "label": "rhythm",
        "start_s": "from",
        "end_s": "to",
    }
    spec = config.segments["own-windows"]
    assert (spec.dataset, spec.label and spec.label.name) == ("wfdb_folder", "file_span")
    assert spec.signal.leads == ("I",)  # which all have: lead II is MLII in one
    assert config.transfer["own-network"].task.options["labels"] == ["AF", "SR"]
    for line in (
        "recordings  8 of 9 can be read (wfdb_folder)",
        "not: P07_short (truncated signal",
        "rates       257 Hz 8",
        "gaps        in 1 of 8 that were read, 5.0% at most",
        "subjects    guessed 7, by the pattern",  # P07 has no recording that can be read
        "P01 1",
        "1 recordings have none by it, and are left out",
        "rows of no recording here: P10_rest",
        f"snakemake --cores 2 --snakefile {ROOT / 'Snakefile'} --directory study",
    ):
        assert line in printed


def test_a_folder_without_labels(begun: Any, clinic: Path) -> None:
    content, printed = begun("study", "--records", clinic, "--mains-hz", 60)
    config = load_config(content)
    assert config.pretrain["own-encoder"].task.name == "reconstruct"
    assert config.segments["own-windows"].label is None
    assert "labels" not in printed


def test_the_page_shows_a_command_that_runs(begun: Any, clinic: Path, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "own-recordings.md").read_text("utf-8")
    line = text.partition("```console\n")[2].partition("\n")[0]
    shutil.copytree(clinic, tmp_path / "recordings" / "clinic")
    program, subcommand, *words = shlex.split(line)
    assert (program, subcommand) == ("cardiograft", "init")
    assert load_config(begun(*words)[0]).transfer


def test_recordings_of_another_kind_are_counted(begun: Any, clinic: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    shutil.copytree(clinic, mixed)
    for name in ("a.edf", "b.EDF", "c.bdf"):
        (mixed / name).write_bytes(b"0")
    content, printed = begun("study", "--records", mixed, "--mains-hz", 60)
    assert content["databases"]["own"]["dataset"] == "wfdb_folder"
    assert "of another kind, and left out: .edf 2, .bdf 1" in printed


def test_csv_files_and_a_column_of_patients(begun: Any, tmp_path: Path) -> None:
    root = tmp_path / "raw"
    root.mkdir()
    for number in range(6):
        signal_T = np.random.default_rng(number).standard_normal(2000)
        pd.DataFrame({"II [mV]": signal_T}).to_csv(root / f"r{number}.csv", index=False)
    table = tmp_path / "table.csv"
    rows = [f"r{n}.csv;{'ab'[n % 2]};p{n // 2}\n" for n in range(6)]
    table.write_text("file;class;patient\n" + "".join(rows))
    words = ["--records", root, "--labels", table, "--mains-hz", 50, "--rate-hz", 80]
    content, printed = begun("study", *words)
    config = load_config(content)
    folder = config.databases["own"].folder
    assert folder is not None
    assert (folder.rate_hz, folder.subject.column) == (80, "patient")
    assert folder.subject.record == "file"
    spec = config.segments["own-windows"]
    assert (spec.dataset, spec.rate_hz, spec.signal.filter.high_hz) == ("csv_folder", 80, 32)  # type: ignore[union-attr]
    assert spec.label is not None
    assert spec.label.name == "file_record"
    assert "subjects    by the column patient" in printed
    assert "labels      a 3, b 3: recordings of 6 recordings" in printed


def test_another_lead_stands_in_where_one_is_missing(begun: Any, tmp_path: Path) -> None:
    for name, leads in (("a_1", ("V5", "II")), ("b_1", ("II", "I")), ("c_1", ("V5", "x"))):
        folder = tmp_path / "raw" / name.partition("_")[0]
        folder.mkdir(parents=True)
        signal_CT = np.random.default_rng(0).standard_normal((2, 9000))
        in_use.write_wfdb(folder, name, signal_CT, leads=leads, units=("mV", "mV"))
    content, printed = begun("study", "--records", tmp_path / "raw", "--mains-hz", 50)
    assert content["segments"]["own-windows"]["signal"]["leads"] == ["II|V5"]
    assert "too few for three parts: 4 people are needed" in printed


@pytest.mark.parametrize(
    ("names", "columns", "expected"),
    [
        (["a/x", "a/y", "b/x"], [], "folder"),
        (["a/x", "b/x"], [], "record"),
        (["a/x", "a/y"], [], "record"),  # a folder of all is nobody's
        (["1.0/a/x", "1.0/a/y", "1.0/b/x"], [], {"pattern": "^(?:[^/]+/){1}([^/]+)/"}),
        (["v/1/a/x", "v/1/b/x", "v/1/b/y"], [], {"pattern": "^(?:[^/]+/){2}([^/]+)/"}),
        (["v/a/x", "v/b/x"], [], "record"),
        (["v/P1_a", "v/P1_b"], [], {"pattern": folder_look.PATTERN}),
        (["P1_a", "P1_b", "P2_a"], [], {"pattern": folder_look.PATTERN}),
        (["P1_a", "x"], ["record", "Patient"], {"column": "Patient"}),
        (["one", "two"], ["record"], "record"),
    ],
)
def test_whose_it_is_is_guessed(names: list[str], columns: list[str], expected: Any) -> None:
    assert folder_look.subject(names, columns) == expected


def test_a_model_of_classes_needs_labels(begun: Any, clinic: Path) -> None:
    with pytest.raises(SystemExit):
        begun("study", "--records", clinic, "--mains-hz", 50, "--model", "crnn")


def test_labels_without_column_names_are_refused(begun: Any, tmp_path: Path) -> None:
    for name in ("a_1", "b_1"):
        in_use.write_wfdb(tmp_path, name, np.zeros((1, 9000)), leads=("II",), units=("mV",))
    (tmp_path / "labels.csv").write_text("a_1,N\nb_1,A\n")
    with pytest.raises(SystemExit):
        begun("study", "--records", tmp_path, "--labels", tmp_path / "labels.csv", "--mains-hz", 50)


def test_labels_among_csv_recordings_are_none(begun: Any, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in "abcdefgh":
        (raw / f"{name}.csv").write_text("II [mV]\n" + "0.1\n0.2\n" * 2000)
    labels = raw / "labels.csv"
    labels.write_text("record,label\n" + "".join(f"{n},{'NA'[n > 'd']}\n" for n in "abcdefgh"))
    words = ("--records", raw, "--labels", labels, "--mains-hz", 50, "--rate-hz", 250)
    _, printed = begun("study", *words)
    assert "recordings  8 of 8 can be read" in printed


def test_a_guessed_folder_below_another_names_people() -> None:
    names = ["1.0/P1/x", "1.0/P1/y", "1.0/P2/x"]
    assert folder_look.people(names, folder_look.subject(names, ())) == {"P1": 2, "P2": 1}


def test_an_installed_package_does_not_name_a_workflow_that_it_lacks(
    begun: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a_1", "b_1"):
        in_use.write_wfdb(tmp_path, name, np.zeros((1, 9000)), leads=("II",), units=("mV",))
    _, printed = begun("one", "--records", tmp_path, "--mains-hz", 50)
    (printed_line,) = [line for line in printed.splitlines() if "snakemake --cores" in line]
    assert Path(printed_line.split("--snakefile ")[1].split()[0]).is_file()
    monkeypatch.setattr(init, "__file__", str(tmp_path / "lib" / "cardiograft" / "use" / "init.py"))
    _, printed = begun("two", "--records", tmp_path, "--mains-hz", 50)
    assert "--snakefile" not in printed
    assert "the workflow that the installed package lacks" in printed


@pytest.mark.parametrize("count", [4, 6, 12, 200])
def test_every_part_has_somebody(count: int) -> None:
    """As the split itself parts them."""
    people = [f"own/P{n:02d}" for n in range(count)]
    seed = init.seed_of(people)
    spec = Split.model_validate(
        {
            "segments": ["x"],
            "scheme": "subject",
            "protocol": "honest",
            "test": init.TEST,
            "validation": init.VALIDATION,
            "seed": seed,
        }
    )
    keys = pa.table(dict.fromkeys((*COLUMNS, *TIMES), people) | {"label": ["a"] * count})
    parts = Counter(assign(keys, spec).tolist())
    assert parts["test"] == round(init.TEST * count)
    assert parts["validation"] >= 1
    assert parts["train"] >= 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("record,age\nP01_rest,60\nP02_rest,61\nP03_rest,62\n", None),
        ("record,sex,site\nP01_rest,f,a\nP02_rest,m,b\n", "which column holds the classes"),
        ("name,label\nX,a\n", "no column names recordings of the folder"),
    ],
)
def test_a_table_that_can_not_be_told_is_refused(
    text: str, expected: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "t.csv"
    file.write_text(text)
    names = ["P01_rest", "P02_rest", "P03_rest"]
    if expected is None:
        assert folder_look.table(file, names).label == "age"
        return
    with pytest.raises(ValueError, match=expected):
        folder_look.table(file, names)


def test_what_is_there_is_not_written_over(
    begun: Any, clinic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "config.yaml").write_text("mine: true\n")
    with pytest.raises(SystemExit):
        begun("study", "--records", clinic, "--mains-hz", 50)
    assert "config.yaml is there already" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        begun("other", "--records", tmp_path / "nowhere", "--mains-hz", 50)
    assert "no folder" in capsys.readouterr().err
