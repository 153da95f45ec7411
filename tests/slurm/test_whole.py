"""A study to its report as jobs of a SLURM without an accounting database, and what disturbs it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slurm.cluster import Cluster, answer_of, within
from slurm.study import Study, jobs

GPU = {"pretrain", "transfer", "predict"}
# Minutes that each rule asks for at its first attempt, as docs/cluster.md has them.
MINUTES = {
    "segment": 120,
    "split": 120,
    "audit": 30,
    "pretrain": 480,
    "transfer": 480,
    "predict": 60,
    "score": 30,
    "cost": 30,
    "tabulate": 60,
}
NETWORK = {"pretrain": "pretext/0", "transfer": "grafted/0", "predict": "grafted/0"}
OUTAGE_S = 20


@pytest.fixture(scope="module")
def finished(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """A study that has run; its split was cancelled once, the controller was away for a while."""
    study = Study(tmp_path_factory.mktemp("whole"))
    try:
        main = study.start()
        within(600, lambda: _running("split"), "the split's job")
        answer_of("scancel", _running("split"))
        within(600, lambda: study.attempts("pretrain", "pretext/0"), "a pretraining")
        cluster.stop_controller()
        time.sleep(OUTAGE_S)
        assert main.poll() is None
        assert not answer_of("sinfo", "-h")
        cluster.start_controller()
        assert main.wait(1200) == 0, study.log_text()[-5000:]
        yield study
    finally:
        study.end()


def _running(rule: str) -> str:
    """Return the number of a rule's job that runs; empty where none does."""
    own = (job for job in jobs() if (job["Rule"], job["JobState"]) == (rule, "RUNNING"))
    return next((job["JobId"] for job in own), "")


def test_it_comes_to_a_report(finished: Study) -> None:
    report = (finished.root / "results/report.html").read_text("utf-8")
    assert "grafted" in report
    assert "simulated" in report


def test_gpu_rules_run_in_the_gpu_partition_and_no_other_rule_does(finished: Study) -> None:
    own = [job for job in jobs() if job["WorkDir"] == str(finished.root)]
    assert {job["Rule"] for job in own} == set(MINUTES)
    for job in own:
        gpu = job["Rule"] in GPU
        assert job["Partition"] == ("gpu" if gpu else "cpu"), job
        assert job.get("TresPerJob") == ("gres:gpu:1" if gpu else None), job


def test_each_job_asks_for_its_time_and_the_second_attempt_for_twice_as_much(
    finished: Study,
) -> None:
    minutes_by_rule = _by_rule(finished, lambda job: _minutes(job["TimeLimit"]))
    assert set(minutes_by_rule) == set(MINUTES)
    for rule, minutes in minutes_by_rule.items():
        assert minutes == [MINUTES[rule] * (place + 1) for place in range(len(minutes))], rule
    assert len(minutes_by_rule["split"]) == 2


def _by_rule(study: Study, value_of: Callable[[dict[str, str]], Any]) -> dict[str, list[Any]]:
    """Return, of each rule, something of its jobs, in the order in which they were submitted."""
    values_by_rule: dict[str, list[Any]] = {}
    for job in sorted(jobs(), key=lambda job: int(job["JobId"])):
        if job["WorkDir"] == str(study.root):
            values_by_rule.setdefault(job["Rule"], []).append(value_of(job))
    return values_by_rule


def _minutes(limit: str) -> int:
    days, _, clock = limit.rpartition("-")
    hours, minutes, _ = clock.split(":")
    return (int(days or 0) * 24 + int(hours)) * 60 + int(minutes)


def test_a_cancelled_job_is_begun_again_and_all_come_to_their_end(finished: Study) -> None:
    states = _by_rule(finished, lambda job: job["JobState"])
    assert states.pop("split") == ["CANCELLED", "COMPLETED"]
    for rule, (*before, last) in states.items():
        # A job that begins just as the controller goes gets no step, and is begun again.
        assert (last, set(before)) in [("COMPLETED", set()), ("COMPLETED", {"FAILED"})], rule


def test_no_job_ran_twice_because_the_controller_was_away(finished: Study) -> None:
    for rule, job in NETWORK.items():
        assert len(finished.attempts(rule, job)) == 1, rule
