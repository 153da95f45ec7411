"""Which files a config is made of, and from where they are found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from overlays import ROOT, merged

from cardiograft.config.checks import load_config
from cardiograft.config.files import config_file, study_files


def names(**config):
    return [f.relative_to(ROOT / "workflow/config").as_posix() for f in study_files(config, ROOT)]


def test_a_study_is_a_file_and_its_size_another_on_top():
    both = ["transform_recognition", "scg_to_ecg"]
    assert names(studies=both, size="whole") == [
        "studies/transform_recognition.yaml",
        "studies/scg_to_ecg.yaml",
    ]
    assert names(studies=["scg_to_ecg"]) == ["studies/scg_to_ecg.yaml", "demo/scg_to_ecg.yaml"]
    assert names(studies=["scg_to_ecg"], size="open") == [
        "studies/scg_to_ecg.yaml",
        "open/scg_to_ecg.yaml",
    ]
    assert names() == []


def test_what_a_size_says_of_a_shared_database_is_not_undone_by_another_study():
    listed = names(studies=["transform_recognition", "scg_to_ecg"])
    assert [name.partition("/")[0] for name in listed] == ["studies", "studies", "demo", "demo"]
    # both studies read mitdb, and say how long in their own files
    assert load_config(merged()).databases["mitdb"].simulate["duration_s"] == 90


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"studies": ["scg_to_eeg"]}, "studies: 'scg_to_eeg' .* Did you mean 'scg_to_ecg'"),
        (
            {"studies": ["scg_to_ecg"], "size": "opne"},
            "size: 'opne' .* 'open'.* Known: demo, open, paper, whole",
        ),
        ({"studies": {"scg_to_ecg": {}}}, "studies: expected a list of names, not {'scg_to_ecg'"),
    ],
)
def test_a_file_that_is_not_there(config, message):
    with pytest.raises(ValueError, match=message):
        study_files(config, ROOT)


@pytest.mark.parametrize("study", ["transform_recognition", "scg_to_ecg"])
@pytest.mark.parametrize("size", ["demo", "open", "paper", "whole"])
def test_a_study_runs_without_the_others(study, size):
    config = load_config(merged({"studies": [study], "size": size}))
    assert list(config.studies) == [study]
    reported = set(config.studies[study].evaluations)
    assert (
        reported < set(config.evaluations)
        if size == "demo"
        else reported == set(config.evaluations)
    )


def test_ones_own_config_comes_before_the_workflows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config_file(ROOT) == ROOT / "config.yaml"
    (tmp_path / "config.yaml").write_text("{}")
    assert config_file(ROOT) == Path("config.yaml")


def test_the_workflow_plans_from_another_folder(tmp_path):
    """With a file on top that lies there: its words count, the workflow's fill in the rest."""
    (tmp_path / "mine.yaml").write_text("{studies: [scg_to_ecg], size: opne}")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--dry-run", "--snakefile", ROOT / "Snakefile"),
            *("--directory", tmp_path, "--configfile", tmp_path / "mine.yaml"),
        ],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
        capture_output=True,
        text=True,
    )
    assert done.returncode
    assert "config: size: 'opne' of the study 'scg_to_ecg' has no file" in done.stderr
