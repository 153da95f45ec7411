"""What a scheduler has to be told of each rule, and what is left of a job that it began twice."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from cardiograft.config.plan import Plan
from cardiograft.report import times
from cardiograft.specs.pretrain import Pretrain

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/cluster.md"
PROFILE = ROOT / "workflow/profiles/slurm/config.yaml"
GPU = {"pretrain", "prune", "transfer", "predict", "quality_gate", "apply"}
# Tells what each rule that runs something asks for, at the first and the second attempt.
PROBE = """
import json

from types import SimpleNamespace

include: "Snakefile"

ENTRIES = {"pretrain": "pretext", "transfer": "scratch"}

def asked(one, attempt):
    told = {}
    for name in ("_cores", "gpu", "mem_mb", "runtime"):
        found = one.resources.get(name)
        if found is not None and found.is_evaluable():
            entry = ENTRIES.get(one.name, "")
            found = found.evaluate(SimpleNamespace(entry=entry), attempt=attempt)
        told[name] = found.value or 0 if found is not None else 0
    return told

TOLD = {
    one.name: [asked(one, 1), asked(one, 2)]
    for one in workflow.rules
    if one.shellcmd
}
LOCAL = [name for name in TOLD if name in workflow._localrules]
Path("told.json").write_text(json.dumps([TOLD, LOCAL]))
"""


def row(resources):
    """Return what the page's table says of a rule: GPUs, memory, time."""
    minutes = resources["runtime"]
    time = f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"
    return [str(resources["gpu"]), f"{resources['mem_mb'] // 1000} GB", time]


def rows_of_page():
    table = PAGE.read_text().split("| stage | GPUs |")[1].split("\n\n")[0]
    lines = re.findall(r"^\| ([a-z_, ]+) \| (\d) \| (.*) \| (.*) \|$", table, re.M)
    return {name: values for names, *values in lines for name in names.split(", ")}


def of_page_that_are_no_jobs():
    (names,) = re.findall(r"^(`.*`) are no jobs:", PAGE.read_text(), re.M)
    return names.replace(" and ", ", ")


def test_every_rule_says_what_it_needs_and_more_at_each_attempt(tiny):
    (tiny.root / "probe.smk").write_text(PROBE)
    tiny.snakemake("--snakefile", "probe.smk", "--list-rules")
    needs, local = json.loads((tiny.root / "told.json").read_text())
    assert (
        set(needs) > {"download", "segment", "split", "audit", "score", "tabulate", "report"} | GPU
    )
    for rule, (first, second) in needs.items():
        assert first["_cores"] == 1, rule
        assert first["gpu"] == (rule in GPU), rule
        for name in ("mem_mb", "runtime"):
            assert second[name] == 2 * first[name] > 0, (rule, name)
    assert {n: row(first) for n, (first, _) in needs.items() if n not in local} == rows_of_page()
    assert ", ".join(f"`{n}`" for n in sorted(local)) == of_page_that_are_no_jobs()
    profile = yaml.safe_load(PROFILE.read_text())
    given = profile["set-resources"]
    assert {rule for rule in given if "slurm_partition" in given[rule]} == GPU <= set(needs)
    # Snakemake applies a rule's own retries once more inside each job of a cluster.
    assert profile["retries"] > 0
    rules = [ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
    assert not [f.name for f in rules if re.search(r"^\s+retries:", f.read_text(), re.M)]


def test_a_group_of_jobs_is_of_rules_that_ask_for_the_same_kind_of_node():
    profile = yaml.safe_load(PROFILE.read_text())
    pairs = [entry.split("=") for entry in profile["groups"]]
    rules = [rule for rule, _ in pairs]
    assert len(set(rules)) == len(rules)
    members = {group: {r for r, g in pairs if g == group} for _, group in pairs}
    for group, together in members.items():
        assert together <= GPU or not together & GPU, group
    # Hours each, a state and a lease of its own: a training is one job.
    assert not {"pretrain", "prune", "transfer"} & set(rules)
    assert set(rules) <= set(rows_of_page())
    counts = dict(entry.split("=") for entry in profile["group-components"])
    assert set(counts) == set(members)
    assert all(int(count) > 1 for count in counts.values())
    # What is counted where: SLURM is asked for one job's needs, and the time of all.
    given = profile["set-resources"]
    assert {rule for rule in given if given[rule].get("one_at_a_time") == 1} == set(rules)
    assert profile["resources"] == {"one_at_a_time": 1}
    assert profile["set-resource-scopes"] == {"one_at_a_time": "local"}


def test_the_jobs_of_two_studies_are_put_together_by_what_they_belong_to(both):
    both.configure(lambda c: c["transfer"]["scratch"].update(repeats=7))
    profile = yaml.safe_load(PROFILE.read_text())
    grouping = ["--groups", *profile["groups"], "--group-components"]
    done = both.snakemake("--dry-run", *grouping, *profile["group-components"])
    planned = done.stdout + done.stderr
    found = re.findall(r"^(?:\[.*\] )?Group job (\S+) \(.*\n((?:^(?: .*)?\n)*)", planned, re.M)
    groups = [(name, re.findall(r"^    rule (\w+):", block, re.M)) for name, block in found]
    assert sorted(len(rules) for name, rules in groups if name == "predictions-scratch") == [2, 5]
    assert sorted(len(rules) for name, rules in groups if name == "scores-scratch") == [2, 5]
    assert sorted(len(rules) for name, rules in groups if name == "predictions-adapted") == [1]
    assert all(len(rules) <= 5 for name, rules in groups if name == "audits")
    for name, rules in groups:
        (rule,) = set(rules)
        assert name.partition("-")[0].startswith({"predict": "predictions"}.get(rule, rule)), name
    together = [rule for _, rules in groups for rule in rules]
    for rule in ("audit", "predict", "score"):
        (count,) = re.findall(rf"^{rule} +(\d+)$", planned, re.M)[:1]
        assert together.count(rule) == int(count)


def test_a_training_of_several_devices_runs_as_so_many_processes(tiny):
    tiny.configure(lambda c: c["pretrain"]["pretext"].update(devices=2))
    tiny.snakemake("--cores", "2", "results/pretrain/pretext/0/card.json")
    card = json.loads((tiny.root / "results/pretrain/pretext/0/card.json").read_text())
    assert card["processes"] == card["spec"]["devices"] == 2
    tiny.configure(lambda c: c["pretrain"]["pretext"].update(num_nodes=2))
    planned = tiny.snakemake("--dry-run", "results/pretrain/pretext/0/card.json")
    output = planned.stdout + planned.stderr
    assert "gpu=4, processes=4, nodes=2, tasks_per_node=2, tasks_per_gpu=0, mpi=srun" in output
    assert "mem_mb=8000" in output
    refused = tiny.snakemake("--cores", "2", "results/pretrain/pretext/0/card.json", check=False)
    output = "num_nodes: 2: only a job of SLURM has several nodes; call snakemake with"
    assert refused.stdout.count(output) == 1
    assert output in (tiny.root / "results/logs/pretrain/pretext/0.log").read_text()


@pytest.mark.parametrize(
    ("devices", "num_nodes", "expected"),
    [
        (1, 1, {"threads": 1, "tasks_per_node": None, "tasks_per_gpu": None, "readers": 1}),
        # sbatch then gives one task all processors and GPUs of the node
        (4, 1, {"threads": 4, "tasks_per_node": None, "tasks_per_gpu": 0, "readers": 4}),
        (4, 2, {"threads": 1, "tasks_per_node": 4, "tasks_per_gpu": 0, "readers": 4}),
    ],
)
def test_a_scheduler_is_told_of_tasks_in_one_way(devices, num_nodes, expected):
    training = {"split": "s", "model": "cnn", "task": "classify", "training": {"epochs": 1}}
    spread = {"devices": devices, "num_nodes": num_nodes}
    plan = SimpleNamespace(
        config=SimpleNamespace(spec=lambda *_: Pretrain.model_validate({**training, **spread}))
    )
    resources = Plan.spread(plan, "pretrain", "large")
    assert {name: resources[name] for name in expected} == expected


def test_the_logs_of_all_attempts_are_kept(tiny):
    """Snakemake itself removes a log before a job is begun again."""
    script = tiny.root / "workflow/scripts/download.py"
    failing = "import sys; from pathlib import Path\nif not Path('tried').exists():\n"
    failing += "    Path('tried').touch(); sys.exit('the first attempt fails')\n"
    script.write_text(script.read_text().replace("from pathlib import Path\n", failing, 1))
    tiny.snakemake("--retries", "1", "results/manifests/mitdb.json")
    log = tiny.root / "results/logs/download/mitdb.log"
    kept = [f.read_text() for f in sorted(log.with_suffix(".attempts").iterdir())]
    assert len(kept) == 2
    assert sum("the first attempt fails" in text for text in kept) == 1
    assert log.read_text() in kept
    assert "the first attempt fails" not in log.read_text()
    assert all(re.match(r"20\d\d-\d\d-\d\dT\d{6} on \S", text) for text in kept)
    ((job, (seconds,)),) = [
        (k, v.values()) for k, v in times.read(tiny.root / "results/logs").items()
    ]
    assert job == ("download", "mitdb")
    assert 0 < seconds < 600


def shell_code(file: str, name: str) -> str:
    """Return what a rules file puts before the commands of all rules, under a name."""
    text = (ROOT / "workflow/rules" / file).read_text()
    (block,) = re.findall(rf"^({name} = doubled\(\n.*?^\))$", text, re.M | re.S)
    namespace = {"doubled": str}
    exec(block, namespace)
    return str(namespace[name])


def test_a_log_that_is_written_again_is_not_the_earlier_attempts(tmp_path):
    begin = f"set -euo pipefail; {shell_code('common.smk', 'ATTEMPT')}"
    for note in ("first", "second"):
        line = f"{begin} attempt job.log; echo {note} >> job.log"
        subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True)
    kept = [f.read_text() for f in sorted((tmp_path / "job.attempts").iterdir())]
    assert [[word in text for text in kept] for word in ("first", "second")] in (
        [[True, False], [False, True]],
        [[False, True], [True, False]],  # of one second: the names end in process numbers
    )
    assert (tmp_path / "job.log").read_text() in kept


def test_a_job_that_is_told_to_end_saves_and_is_not_timed_as_one_that_succeeded(tmp_path):
    saving = "import signal, sys, time; from pathlib import Path; print('runs', flush=True)"
    saving += "\nwhile not signal.sigtimedwait([signal.SIGTERM], 0.01): pass"
    saving += "\ntime.sleep(1); Path('saved').touch(); sys.exit(int(sys.argv[1]))"
    masked = "import signal, os, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]);"
    (tmp_path / "saving.py").write_text(masked + saving)
    begin = f"set -euo pipefail; {shell_code('common.smk', 'ATTEMPT')} attempt job.log;"
    for status in (0, 143):
        line = ["bash", "-c", f"{begin} python saving.py {status}"]
        options = {"stdout": subprocess.PIPE, "start_new_session": True}
        with subprocess.Popen(line, cwd=tmp_path, **options) as job:
            assert job.stdout.readline() == b"runs\n"
            os.killpg(job.pid, signal.SIGTERM)
            assert job.wait(60) == 143
        assert (tmp_path / "saved").exists()
        (tmp_path / "saved").unlink()
        assert not (tmp_path / "job.took").exists()
    subprocess.run(["bash", "-c", f"{begin} true"], cwd=tmp_path, check=True)
    assert (tmp_path / "job.took").exists()
