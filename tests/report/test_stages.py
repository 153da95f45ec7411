"""The picture of a run's stages, and what each took."""

import json
import re
from pathlib import Path

import findings
import pytest
import yaml
from scripts import load

from cardiograft.config.checks import load_config
from cardiograft.config.files import study_files
from cardiograft.config.plan import Plan
from cardiograft.config.stages import stages as planned
from cardiograft.config.study_plan import StudyPlan
from cardiograft.report import times
from cardiograft.report.charts import stages as drawn
from cardiograft.report.inputs import ReportInputs, by_evaluation
from cardiograft.report.sections import stages
from cardiograft.specs.report import Report

ROOT = Path(__file__).parents[2]
NOT_REPORTED = {"publish", "docs", "hdf5", "exports", "onnx", "apply", "applied"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    from snakemake.utils import update_config

    content = yaml.safe_load((ROOT / "config.yaml").read_text())
    config: dict[str, object] = {}
    for file in study_files(content, ROOT):
        update_config(config, yaml.safe_load(file.read_text()))
    update_config(config, content)
    return Plan(load_config(config))


def test_jobs_are_counted_as_the_report_reads_them(plan: Plan) -> None:
    counts = json.loads(planned(plan))
    jobs, files = counts["jobs"], StudyPlan(plan).reported()
    assert jobs["download"] == len(files["manifests"]) > 1
    assert sum(jobs[s] for s in ("pretrain", "prune", "transfer")) == len(files["cards"])
    studies = list(plan.config.studies)
    assert jobs["score"] == sum(len(StudyPlan(plan).scores(s)) for s in studies)
    predicted = {file for s in studies for file in StudyPlan(plan).predictions(s)}
    assert jobs["predict"] + jobs["baseline"] == len(predicted)
    assert {stage for edge in counts["edges"] for stage in edge} == set(jobs)
    alone = json.loads(planned(plan, "scg_to_ecg"))["jobs"]
    assert alone["tabulate"] == 1
    assert all(alone[stage] <= jobs[stage] for stage in alone)


def test_every_stage_has_a_place_and_a_sentence(plan: Plan) -> None:
    rules = {
        name
        for file in (ROOT / "workflow/rules").glob("*.smk")
        for name in re.findall(r"^rule (\w+):", file.read_text(), re.MULTILINE)
    }
    assert set(drawn.PLACES) == set(stages.DOES) == rules - NOT_REPORTED
    assert len(set(drawn.PLACES.values())) == len(drawn.PLACES)


def test_arrows_that_others_imply_are_left_out() -> None:
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("a", "d"), ("d", "c"), ("b", "e")]
    assert drawn.direct(edges) == [e for e in edges if e != ("a", "c")]


def test_stages_that_feed_each_other_have_an_arrow_there_and_one_back() -> None:
    jobs = {"prune": ("1 job",), "transfer": ("2 jobs",)}
    both = [("prune", "transfer"), ("transfer", "prune"), ("transfer", "transfer")]
    picture = drawn.chart(jobs, both, title="t")
    ends = [
        tuple(map(float, e)) for e in re.findall(r'x1="([\d.]+)%" y1="\d+" x2="([\d.]+)%', picture)
    ]
    assert len(ends) == 2
    assert ends[0] == ends[1][::-1]
    assert "prune: 1 job; goes to transfer" in picture


def test_what_jobs_took_is_read_and_what_is_broken_is_not_measured(tmp_path: Path) -> None:
    for name, text in {
        "download/mitdb": "1000000 3500000\n",
        "score/a/0": "0 1000000\n",
        "score/a/1": "5 5\n",
        "score/b/0": "5\n",
        "split/b": "\x00garbage",
        "split/c": "9 5",
    }.items():
        file = tmp_path / f"{name}.took"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert times.read(tmp_path) == {
        ("download", "mitdb"): {"": 2.5},
        ("score", "a"): {"0": 1.0, "1": 0.0},
        ("split", "c"): {"": 0.0},
    }
    assert times.read(tmp_path / "none") == {}


def test_only_jobs_behind_the_page_count_and_a_training_has_its_own_clock() -> None:
    cards = {
        ("transfer", "a", "0"): {"wall_s": 7.0, "peak_memory_MB": 512.4},
        ("transfer", "a", "1"): {"wall_s": 9.0, "peak_memory_MB": 300},
    }
    inputs = ReportInputs(
        studies=[],
        manifests={"mitdb": {}},
        cards=cards,
        plan={"jobs": {"download": 2, "transfer": 2}, "edges": [["download", "transfer"]]},
        times={
            ("download", "mitdb"): {"": 2.0},
            ("download", "of an earlier config"): {"": 99.0},
            ("transfer", "a"): {"0": 8.0},
        },
    )
    shown = stages.section(inputs)
    assert shown is not None
    assert [list(row)[2:] for row in shown["table"].rows] == [
        ["2", "1", "2.0 s", "2.0 s", stages.UNMEASURED],
        ["2", "2", "17 s", "9.0 s", "512 MB"],
    ]
    assert "2.0 s" not in shown["figure"]  # of one job of two
    assert "17 s" in shown["figure"]
    assert stages.section(ReportInputs(studies=[])) is None


def test_jobs_that_evaluations_share_are_timed_once() -> None:
    times = {(stage, "a"): {"0": 3.0} for stage in ("audit", "predict", "score")}
    # "b" was predicted by itself once, before another took its place
    times |= {("predict", "b"): {"0": 50.0}, ("score", "b"): {"0": 4.0}}
    jobs = {"audit": 1, "predict": 1, "score": 2}
    plan = {"jobs": jobs, "edges": [["audit", "predict"]], "evaluations": [["a", "a"], ["b", "a"]]}
    told = stages.section(ReportInputs(studies=[], plan=plan, times=times))
    assert told is not None
    shown = {str(row[0]): list(row)[2:5] for row in told["table"].rows}
    assert shown["audit"] == shown["predict"] == ["1", "1", "3.0 s"]
    assert shown["score"] == ["2", "2", "7.0 s"]


def test_each_evaluation_has_the_audit_that_it_shares() -> None:
    audits = {"b": {"protocol": "honest"}, "c": {"protocol": "paper"}}
    plan = {"evaluations": [["a", "b"], ["b", "b"], ["c", "c"], ["not given", "d"]]}
    found = by_evaluation(audits, plan)
    assert list(found) == ["a", "b", "c"]
    assert found == {"a": audits["b"], **audits}
    assert by_evaluation(audits, {}) == audits


def test_the_page_has_the_picture_where_the_plan_is_given(tmp_path: Path, plan: Plan) -> None:
    inputs = findings.write(tmp_path)
    report, out = load("report").report, tmp_path / "report.html"
    spec = Report(title="t", studies=("transform_recognition",))
    report(spec, **inputs, out=out)
    assert 'id="stages"' not in out.read_text("utf-8")
    report(spec, **inputs, out=out, plan=planned(plan), logs=tmp_path)
    page = out.read_text("utf-8")
    assert page.count('class="stages"') == page.count('href="#stages"') == 1
