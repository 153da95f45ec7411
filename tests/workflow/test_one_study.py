"""One study of two: its report, and its published table, run its own jobs alone."""

import pytest

pytestmark = pytest.mark.xdist_group("errors")

SCG = {"scg_vhd", "scg", "hospital", "domain", "known-0", "known-1"}
SCG |= {"source", "narrowed", "adapted", "oracle", "scg_to_ecg"}
BEATS = {"mitdb", "beats", "paper", "strict"}
BEATS |= {"pretext", "pruned", "scratch", "grafted", "majority", "transform_recognition"}


def entries(jobs):
    return {word for job in jobs for word in job.split()[1:2]}


def test_the_report_of_one_study(both):
    whole = both.plan("results/report.html")
    assert entries(whole) == SCG | BEATS
    for study, own in (("scg_to_ecg", SCG), ("transform_recognition", BEATS)):
        planned = both.plan(f"results/studies/{study}.html")
        assert entries(planned) == own
        shared = {f"report_of_study {study}"}
        assert planned - shared == {job for job in whole if entries([job]) & own}


def test_publishing_one_study_leaves_the_other(both):
    planned = both.plan("docs/results/scg_to_ecg.csv")
    assert entries(planned) == SCG
    assert "publish scg_to_ecg" in planned
    assert {"publish scg_to_ecg", "publish transform_recognition"} <= both.plan("docs")


@pytest.mark.parametrize(
    "target", ["results/studies/scg_to_egc.html", "docs/results/scg_to_egc.csv"]
)
def test_a_misspelt_study(target, both):
    done = both.snakemake("--dry-run", target, check=False)
    assert done.returncode
    assert "no study named 'scg_to_egc'. Did you mean 'scg_to_ecg'?" in done.stdout + done.stderr
