"""A study of SCG and ECG, run once; then one thing is changed, planned, and compared exactly."""

import pytest
from h5py import File

pytestmark = pytest.mark.xdist_group("signals")

STUDY = "scg_to_ecg"
SCORED = {f"tabulate {STUDY}", "report"}


def jobs_below(*evaluations):
    """Return the jobs below the models of these evaluations."""
    return {f"{stage} {e} 0" for stage in ("predict", "score") for e in evaluations} | SCORED


MEASURED = {f"cost {STUDY}"}
ADAPTED = {"transfer adapted 0"} | MEASURED | jobs_below("adapted")
EVERY_EVALUATION = jobs_below("adapted", "known-0", "known-1")


def study(config):
    return config["tables"][STUDY]


def two_controls_to_one(config):
    config["evaluations"]["adapted"]["controls"] = ["shuffled"]


def another_pool(config):
    config["transfer"]["known-{split}"]["evaluate"]["pool"] = "acquainted"
    study(config)["shown"] = ["acquainted"]


def weight(config):
    config["transfer"]["adapted"]["adaptation"]["weight"] = 0.5


def domain(config):
    config["splits"]["domain"]["train_subjects"] = ["scg_vhd/UP-0[47]"]


def drawn(config):
    study(config).update(shown=["adapted"], curves=[{"tag": "pruning"}])


def calibration(config):
    config["splits"]["known"]["calibration"]["seconds"] = 15


def structured(config):
    config["prune"]["narrowed"]["sparsity"]["initial"] = 0.2


FOLDS = {
    job
    for fold in ("known-0", "known-1")
    for job in (f"split {fold}", f"transfer {fold} 0", f"audit {fold}")
} | MEASURED
CHANGES = {
    "a control": (two_controls_to_one, jobs_below("adapted")),
    "a pool": (another_pool, SCORED),
    "an adaptation's weight": (weight, ADAPTED),
    "a domain's split": (domain, {"split domain", "audit adapted"} | ADAPTED),
    "what is drawn": (drawn, SCORED),
    "a calibration": (calibration, FOLDS | jobs_below("known-0", "known-1")),
    "structured pruning": (structured, {"prune narrowed 0"} | ADAPTED),
}
EDITS = {
    "training/adaptations/coral.py": ADAPTED,
    # All predictions run this file's code, those without controls too: no network is trained.
    "evaluation/controls.py": EVERY_EVALUATION,
    "report/sections/signals.py": {"report"},
}


def test_nothing_changed(signals):
    assert signals.plan("all", "exports") == set()


@pytest.mark.parametrize("what", CHANGES)
def test_config(what, signal_house):
    change, expected = CHANGES[what]
    signal_house.configure(change)
    assert signal_house.plan() == expected


@pytest.mark.parametrize("file", EDITS)
def test_code(file, signal_house):
    path = signal_house.root / "src/cardiograft" / file
    path.write_text(path.read_text() + "\n\nSOMETHING_NEW = 1\n")
    assert signal_house.plan() == EDITS[file]


def test_the_page_tells_of_it(signals):
    page = (signals.root / "results/report.html").read_text("utf-8")
    for title in ("Controls and baselines", "Single windows", "Heart rates", "Personal protocol"):
        assert f">{title}</" in page
    assert "known (2 folds)" in page
    assert "and of controls without its beats" in page
    assert "no two runs differ in calibration alone" in page


def test_folds_are_one_run(signals):
    scores = (signals.root / f"results/tables/{STUDY}/scores.csv").read_text("utf-8")
    runs = {line.split(",")[1] for line in scores.splitlines()[1:]}
    assert runs == {"adapted", "oracle", "known"}


def test_the_export_is_narrow(signals):
    with File(signals.root / "results/exports/adapted/0.h5") as file:
        stem = file["weights/encoder/stem/convolution/weight"]
        assert stem.shape[0] == 8  # of 16 channels
