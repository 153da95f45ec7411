"""One screen that names what a run would stumble over."""

import importlib.metadata
import shutil
import sys
from pathlib import Path

import in_use
import numpy as np
import pytest
import yaml

from cardiograft.use import doctor, needs
from cardiograft.use.doctor import Finding, Here

ROOT = Path(__file__).parents[2]


def lines_of(findings: list[Finding], level: str) -> str:
    return " | ".join(f"{f.what}: {f.line}" for f in findings if f.level == level)


@pytest.fixture
def workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the workflow's config, in which a run would begin."""
    for name in ("workflow", "envs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def examined(root: Path, **top: object) -> list[Finding]:
    file = root / "top.yaml"
    file.write_text(yaml.safe_dump(top))
    return list(needs.examine(Here(root, [file])))


def test_a_library_that_is_missing_or_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "constraints.txt").write_text("scipy==0.1\nnumpy==2.4.6\n")
    have = {"numpy": "2.4.6+local", "scipy": "1.0"}
    monkeypatch.setattr(doctor, "required", lambda: ["numpy", "scipy", "torch"])
    monkeypatch.setattr(doctor, "installed", have.get)
    findings = list(doctor.libraries(Here(tmp_path, [])))
    assert lines_of(findings, "wrong").startswith("libraries: missing: torch: pip install -c")
    assert "other than tested: scipy 1.0 (tested: 0.1):" in lines_of(findings, "look")


def test_what_the_project_needs_is_read_from_its_metadata_or_its_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere(_: str) -> None:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "requires", nowhere)
    needed = doctor.required()
    assert {"torch", "wfdb", "snakemake"} <= set(needed)
    assert "pyedflib" not in needed


def test_another_python_on_the_path_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert f"jobs call {other}, another one" in lines_of(
        list(doctor.python(Here(ROOT, []))), "look"
    )
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert not lines_of(list(doctor.python(Here(ROOT, []))), "look")


def test_a_lock_and_what_a_killed_run_left_are_named(workflow: Path) -> None:
    here = Here(workflow, [])
    assert not lines_of(list(doctor.workflow(here)), "look")
    (workflow / ".snakemake" / "incomplete").mkdir(parents=True)
    (workflow / ".snakemake" / "incomplete" / "cmVz").write_text("")
    assert "1 outputs of a killed run" in lines_of(list(doctor.workflow(here)), "look")
    (workflow / ".snakemake" / "locks").mkdir()
    (workflow / ".snakemake" / "locks" / "0.input.lock").write_text("x")
    assert "snakemake --unlock" in lines_of(list(doctor.workflow(here)), "look")


def test_a_config_that_can_not_be_is_told_in_its_own_line(workflow: Path) -> None:
    assert "SIMULATED" in lines_of(examined(workflow), "ok")
    assert "save_every_s" in lines_of(examined(workflow, save_every_s=-1), "wrong")


def test_a_directory_mirror_is_looked_at_database_by_database(workflow: Path) -> None:
    mirror = workflow / "mirror"
    assert "no directory" in lines_of(examined(workflow, mirror=str(mirror)), "wrong")
    place = mirror / "mitdb" / "1.0.0"
    place.mkdir(parents=True)
    (place / "RECORDS").write_text("100\n101\n102\n103\n")
    (place / "100.dat").write_bytes(b"0" * 40_000_000)
    findings = examined(workflow, mirror=str(mirror))
    wrong = lines_of(findings, "wrong")
    assert "mitdb" not in wrong.replace("open/mitdb", "")
    assert f"ptbdb: no directory {mirror}/ptbdb/1.0.0" in wrong
    assert "about 0.04 GB to come" in lines_of(findings, "ok")


def test_a_disk_that_is_too_small_is_wrong(workflow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = workflow / "mirror" / "mitdb" / "1.0.0"
    place.mkdir(parents=True)
    (place / "100.dat").write_bytes(b"0" * 40_000_000)
    monkeypatch.setattr(needs, "_free", lambda _: 30e6)
    assert "0.0 GB free" in lines_of(examined(workflow, mirror="mirror"), "wrong")


def test_room_for_a_folder_of_ones_own_is_known_before_it_is_read(workflow: Path) -> None:
    in_use.write_wfdb(workflow, "a", np.zeros((1, 250 * 4000)), leads=("II",))
    (workflow / "broken.hea").write_text("broken 1 250 x")
    folder = {"path": str(workflow), "mains_hz": 50, "subject": "record"}
    content = {
        "mirror": str(workflow),
        "studies": None,
        "databases": {"own": {"dataset": "wfdb_folder", "folder": folder}},
        "segments": {
            "own": {
                "database": "own",
                "signal": {"leads": ["II"]},
                "rate_hz": 1000,
                "cut": {"name": "windows", "window_s": 10},
            }
        },
    }
    findings = examined(workflow, **content)
    assert "about 0.02 GB to come" in lines_of(findings, "ok")  # 4,000 s x 1,000 x 4 bytes
    assert "not known" not in lines_of(findings, "ok")


def test_little_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "free_memory_mb", lambda: 1500.0)
    (finding,) = doctor.memory(Here(ROOT, []))
    assert (finding.level, "may be killed" in finding.line) == ("look", True)


def test_a_check_that_fails_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(_: Here) -> None:
        raise RuntimeError("no such device")

    for name in ("python", "libraries", "gpu", "workflow", "config"):
        monkeypatch.setattr(doctor, name, lambda _: iter(()))
    monkeypatch.setattr(doctor, "memory", odd)
    assert list(doctor.examine(Here(ROOT, []))) == [
        Finding("look", "memory", "can't be looked at: RuntimeError: no such device")
    ]


def test_it_ends_with_1_where_a_run_would_stop(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _: [Finding("ok", "gpu", "none")])
    doctor.run([])
    assert capsys.readouterr().out == "ok    gpu        none\n"
    monkeypatch.setattr(doctor, "examine", lambda _: [Finding("wrong", "disk", "full")])
    with pytest.raises(SystemExit) as end:
        doctor.run([])
    assert end.value.code == 1
