"""Why jobs would run, read off what Snakemake prints, in words."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from cardiograft.use import explain
from cardiograft.use.explain import changes, dry_run, jobs, lines

SPEC = {
    "model": {"kind": "models", "name": "cnn", "options": {"width": 32}},
    "training": {"learning_rate": 0.001, "epochs": 2},
}
CODE = {"src/cardiograft/models/cnn.py": "aaa", "src/cardiograft/training/loop.py": "bbb"}
HEAD = "[Sun Nov 29 11:24:49 2026]\n"


def changed(before: Sequence[object], now: Sequence[object]) -> str:
    """Return what Snakemake says of two sets of params."""
    old, new = (",".join(repr(json.dumps(p, sort_keys=True)) for p in ps) for ps in (before, now))
    return f"Union of exclusive params before and now across all output: before: {old} now: {new}"


def block(rule: str, wildcards: str, output: str, reason: str) -> str:
    return (
        f"{HEAD}rule {rule}:\n    input: results/x\n    output: {output}\n    jobid: 1\n"
        f"    reason: {reason}\n    wildcards: {wildcards}\n    resources: tmpdir=/tmp\n"
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it says nothing"),
        ("Using workflow specific profile x\nMissingRuleException:\nNo rule to produce y\n", "y"),
        ("Building DAG of jobs...\nValueError: in bad.yaml: no\n", "ValueError: in bad.yaml: no"),
    ],
)
def test_a_plan_that_failed_is_not_up_to_date(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "plan"
    file.write_text(text)
    with pytest.raises(ValueError, match=rf"no plan of Snakemake's: .*{complaint}$"):
        explain.run([], [], file)


def test_a_plan_of_nothing_is_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "plan"
    file.write_text("Nothing to be done (all requested files are present and up to date).\n")
    explain.run([], [], file)
    assert "everything is up to date" in capsys.readouterr().out


def test_an_option_is_named_with_both_values() -> None:
    new = {**SPEC, "training": {"learning_rate": 0.003, "clip": None}}
    assert list(changes(changed([SPEC], [new]))) == [
        "option training.clip: new, null",
        "option training.epochs: gone, was 2",
        "option training.learning_rate: 0.001 is now 0.003",
    ]


def test_an_option_of_a_plugin_stands_below_its_place() -> None:
    new = {**SPEC, "model": {"kind": "models", "name": "cnn", "options": {"width": 64}}}
    assert list(changes(changed([SPEC], [new]))) == ["option model.width: 32 is now 64"]


def test_a_file_of_code_is_named() -> None:
    new = {"src/cardiograft/models/cnn.py": "ccc", "src/cardiograft/models/layers/new.py": "ddd"}
    assert list(changes(changed([SPEC, CODE], [SPEC, new]))) == [
        "code changed: src/cardiograft/models/cnn.py",
        "code it runs now and did not before: src/cardiograft/models/layers/new.py",
        "code it no longer runs: src/cardiograft/training/loop.py",
    ]


def test_quotes_and_separators_inside_values_part_nothing() -> None:
    old, new = {"title": "a; b: it's"}, {"title": 'now: "c"'}
    text = block("report", "", "r.html", f"Params have changed since last execution: "
                 f"{changed([old], [new])}; Missing output files: r.html")  # fmt: skip
    (job,) = jobs(text)
    assert [kind for kind, _ in job.reasons] == [explain.PARAMS, "Missing output files"]
    assert explain.cause_lines(job) == [
        'option title: "a; b: it\'s" is now "now: \\"c\\""',
        "never made, or deleted",
    ]


def test_causes_come_first_and_what_follows_is_counted() -> None:
    reason = f"Params have changed since last execution: {changed([CODE], [{**CODE, 'a.py': 'x'}])}"
    text = "Building DAG of jobs...\n" + "".join(
        [
            block("transfer", "entry=one, repeat=0", "t/one/0/model.safetensors", reason),
            block("transfer", "entry=two, repeat=0", "t/two/0/model.safetensors", reason),
            block(
                "predict",
                "entry=one, repeat=0",
                "p/one/0.parquet",
                "Input files updated by another job: t/one/0/model.safetensors",
            ),
            block("report", "", "r.html", "Input files updated by another job: p/one/0.parquet"),
            block("all", "", "", "Input files updated by another job: r.html"),
        ]
    )
    output = list(lines(jobs(text)))
    assert output == [
        "4 jobs would run: 2 transfer, 1 predict, 1 report.",
        "",
        "transfer one 0, transfer two 0",
        "  - code it runs now and did not before: a.py",
        "  then 2 jobs follow: 1 predict, 1 report",
    ]


def test_nothing_to_do_is_said() -> None:
    text = "Building DAG of jobs...\nNothing to be done (all requested files are present).\n"
    assert list(lines(jobs(text))) == ["Nothing would run: everything is up to date."]


def test_what_snakemake_itself_prints_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rules of Snakemake's own, with JSON as params, before and after an edit."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="no Snakefile in"):
        dry_run([], [])
    config = tmp_path / "c.json"
    (tmp_path / "Snakefile").write_text(
        "import json\n"
        "rule report:\n    input: 'made.txt'\n    output: 'report.txt'\n"
        "    shell: 'cp {input} {output}'\n"
        "rule make:\n    output: 'made.txt'\n"
        "    params: spec=open('c.json').read(), code=json.dumps({'src/a.py': 'x'})\n"
        "    shell: 'echo {params.spec:q} > {output}'\n"
    )
    config.write_text(json.dumps(SPEC))
    first = list(lines(jobs(dry_run([], []))))
    assert first[2:4] == ["make, report", "  - never made, or deleted"]
    line = [explain.sys.executable, "-m", "snakemake", "--cores", "1", "--quiet", "all"]
    subprocess.run(line, check=True, capture_output=True)
    config.write_text(json.dumps({**SPEC, "training": {"learning_rate": 0.003, "epochs": 2}}))
    assert list(lines(jobs(dry_run([], [])))) == [
        "2 jobs would run: 1 make, 1 report.",
        "",
        "make",
        "  - option training.learning_rate: 0.001 is now 0.003",
        "  then 1 job follows: 1 report",
    ]
    with pytest.raises(ValueError, match=r"snakemake can't plan: .*nowhere"):
        dry_run(["nowhere"], [])
