"""A run as config has it in the end, and where each value comes from."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from overlays import ROOT

from cardiograft.config import show as showing

OPEN = ROOT / "workflow/config/open.yaml"


@pytest.fixture(scope="module")
def resolved():
    return showing.read([OPEN])


def lines(resolved, section, entry):
    """Return the table of an entry: option to its value and where it is from."""
    table = showing.table(resolved, section, entry, 300)
    cells = [re.split(r" {2,}", line.strip(), maxsplit=2) for line in table]
    return {name: tuple(rest) for name, *rest in cells}


def test_each_value_has_an_origin(resolved):
    table = lines(resolved, "transfer", "scg-cae-longer-A")
    study, large = "studies/scg_to_ecg.yaml", "open/scg_to_ecg.yaml"
    assert table["split"] == ("scg-z-A", f"splits=folds, {study}")
    assert table["model.name"] == ("cae", f"entry scg-cae-{{init}}-{{split}}, {study}")
    assert table["model.kernel"] == ("15", "default")
    assert table["training.epochs"] == ("14", f"variant init=longer, {large}")
    assert table["training.ema"] == ("0.99", f"preset translator, {study}")
    assert table["training.momentum"] == ("0.9", "default")
    assert table["tags.data"] == ("scg_vhd", f"preset z, {study}")
    assert table["repeats"] == ("3", f"entry scg-cae-{{init}}-{{split}}, {large}")


def test_of_two_changes_the_last_is_named(resolved):
    table = lines(resolved, "transfer", "scg-cae-longer-random")
    where = "variant init=longer, splits=random, open/scg_to_ecg.yaml"
    assert table["training.epochs"] == ("24", where)


def test_sources_and_what_is_taken_from_them(resolved):
    table = lines(resolved, "transfer", "scg-cae-tcn-magnitude-B")
    study = "studies/scg_to_ecg.yaml"
    assert table["sources.0.entry"] == ("pruned-tcn-B", f"variant pruning=magnitude, {study}")
    mapped = table["sources.0.map.encoder.blocks.0.first"]
    assert mapped == ("encoder.stem.convolution", f"preset tcn-into-cae, {study}")
    assert lines(resolved, "prune", "pruned-tcn-B")["model.name"] == ("tcn", "its source")
    evaluated = lines(resolved, "evaluations", "scg-cae-tcn-magnitude-B")
    assert evaluated["pool"] == ("scg-cae-tcn-magnitude", "its folds")
    assert evaluated["metrics"][0].startswith("pearson, prd, ")


@pytest.mark.parametrize("section", showing.SHOWN)
def test_every_entry_can_be_shown(resolved, section):
    for entry in getattr(resolved.config, section):
        assert list(showing.table(resolved, section, entry, 100))
        assert list(showing.relations(resolved.config, section, entry))


def test_what_it_depends_on_and_what_is_made_from_it(resolved):
    text = "\n".join(showing.relations(resolved.config, "prune", "pruned-tcn-A"))
    behind, after = text.split("  made from it\n")
    assert "splits: sources-A (subject, honest, fold 0 of 3)" in behind
    assert "segments: mitdb-windows, of mitdb" in behind
    assert "pretrain: source-tcn-A" in behind
    assert after.split() == ["transfer:", "scg-cae-tcn-magnitude-A"]


def run(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "cardiograft.config.show", *map(str, arguments)],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )


def test_from_a_terminal_and_another_folder(tmp_path: Path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("{studies: [scg_to_ecg], presets: {translator: {learning_rate: 0.5}}}")
    done = run("scg-cae-scratch-A", "--configfile", mine, cwd=tmp_path)
    assert re.search(rf"learning_rate +0.5 +preset translator, {mine}\n", done.stdout)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (
            "scg-cae-scrach-A",
            "no entry named 'scg-cae-scrach-A'. Did you mean 'scg-cae-scratch-A'?",
        ),
        ("scg-unet-xyz", "'scg-unet-xyz' is a run of several folds: name one of scg-unet-xyz-A"),
    ],
)
def test_an_unknown_entry_gets_one_line(entry, line, capsys):
    with pytest.raises(ValueError, match=re.escape(line)):
        showing.show(entry, [])
    assert not capsys.readouterr().out


def test_a_file_that_is_not_there_gets_one_line():
    done = run("x", "--configfile", "no/such.yaml")
    assert done.returncode == 1
    assert done.stderr == "show: no file no/such.yaml\n"
