"""Each kind of leak is planted: an honest run stops and names it, a paper run counts it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scripts
from planted import Shelf, heart

from cardiograft.segments import shards
from cardiograft.specs.audit import Ancestor, Audit
from cardiograft.specs.split import Split
from cardiograft.splits import assign as assign_module
from cardiograft.splits import leakage
from cardiograft.splits.assign import COLUMNS, PARTS, assign
from cardiograft.splits.lineage import lineage_audit
from cardiograft.splits.places import place
from cardiograft.splits.table import read_split_table, write_split_table

TRAIN, TEST = ("101", "106", "108", "109"), ("100", "103", "105", "111")


def shelf():
    """Return eight people who have nothing in common, DS1 and DS2 of mitdb."""
    filled = Shelf()
    for person, record in enumerate((*TRAIN, *TEST)):
        for k in range(6):
            filled.add(record, 1000 * k, heart(100 * person + k))
    return filled


def spec(scheme="dechazal", protocol="honest", **options):
    return Split(segments=("beats",), scheme=scheme, protocol=protocol, **options)


def audit(tmp_path: Path, filled: Shelf, what: Split):
    """Run the stage; return its audit and the message of the error that ended it, if one did."""
    folder = filled.write(tmp_path / what.protocol / "segments")
    out, file = tmp_path / what.protocol / "s.parquet", tmp_path / what.protocol / "s.audit.json"
    try:
        scripts.load("split").split(what, [folder], out, file)
    except ValueError as error:
        assert not out.exists()
        assert not file.exists()
        failed = file.with_name("s.audit.failed.json")
        return json.loads(failed.read_text()), str(error)
    assert read_split_table(out).table.num_rows == sum(map(len, filled.rows.values()))
    return json.loads(file.read_text()), None


def both(tmp_path, filled, what):
    """Return the audits of an honest and of a paper run, and the honest one's complaint."""
    honest, complaint = audit(tmp_path, filled, what)
    paper, silence = audit(tmp_path, filled, what.model_copy(update={"protocol": "paper"}))
    assert silence is None
    assert honest["findings"] == paper["findings"]
    assert honest["passed"] == paper["passed"] == (complaint is None)
    return paper, complaint


def test_nothing_planted_nothing_found(tmp_path):
    report, complaint = both(tmp_path, shelf(), spec(validation=0.3, seed=4))
    assert complaint is None
    assert set(report["findings"].values()) == {0}
    assert {part: c["subjects"] for part, c in report["counts"].items()} == {
        "train": 2,
        "validation": 2,
        "test": 4,
        "out": 0,
    }


def test_a_subject_on_both_sides(tmp_path):
    filled = shelf()
    filled.add("201", 0, heart(5001), subject="201")
    filled.add("202", 0, heart(5002), subject="201")
    report, complaint = both(tmp_path, filled, spec())
    assert report["findings"]["subjects_on_both_sides"] == 1
    assert "1 subject in two parts, such as mitdb/201 (test and train)" in complaint
    strict, complaint = both(tmp_path / "strict", filled, spec("dechazal_strict"))
    assert complaint is None
    assert strict["counts"]["out"]["segments"] == 1


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_near_duplicates(tmp_path, shift):
    filled, noise = shelf(), np.random.default_rng(0)
    ids = []
    for k in range(3):
        long_CT = heart(9000 + k, samples=252)
        filled.add("112", 1000 * k, long_CT[:, 1:251])
        copy_CT = 2 * long_CT[:, 1 + shift : 251 + shift] + 5
        copy_CT = copy_CT + 0.02 * copy_CT.std() * noise.normal(size=copy_CT.shape)
        ids.append(filled.add("113", 1000 * k, copy_CT))
    report, complaint = both(tmp_path, filled, spec())
    assert report["findings"]["near_duplicates"] == 3
    assert [case["segment"] for case in report["examples"]["near_duplicates"]] == ids
    assert all(case["correlation"] > 0.999 for case in report["examples"]["near_duplicates"])
    assert "3 segments with a near-duplicate in another part" in complaint
    assert f"such as {ids[0]} (test) and mitdb/112/MLII/0 (train)" in complaint


def test_an_inverted_copy_is_a_near_duplicate(tmp_path):
    filled = shelf()
    copied = heart(9000)
    filled.add("112", 0, copied)
    id_ = filled.add("113", 0, -2 * copied + 1)
    report, complaint = both(tmp_path, filled, spec())
    assert report["findings"]["near_duplicates"] == 1
    assert report["examples"]["near_duplicates"][0]["segment"] == id_
    assert f"such as {id_} (test) and mitdb/112/MLII/0 (train)" in complaint


def test_near_duplicates_between_training_and_validation(tmp_path):
    filled = shelf()
    everyone = spec(validation=0.3, seed=4)
    keys = shards.table([filled.write(tmp_path / "look")], COLUMNS)
    part_N = assign(keys, everyone)
    record = {part: keys["record"][int(np.argmax(part_N == part))].as_py() for part in PARTS}
    filled.add(record["train"], 90_000, heart(777))
    filled.add(record["validation"], 90_000, heart(777))
    report, complaint = both(tmp_path, filled, everyone)
    assert report["findings"]["near_duplicates"] == 1
    assert "(validation) and" in complaint


def test_constants_are_duplicates_of_each_other(tmp_path):
    """challenge-2011 holds 62 of them, all of one class: on both sides they are free points."""
    filled = shelf()
    filled.add("112", 0, np.full((1, 250), 0.25, np.float32))
    filled.add("113", 0, np.full((1, 250), -3.0, np.float32))
    report, complaint = both(tmp_path, filled, spec())
    assert report["findings"]["near_duplicates"] == 1
    assert "113/MLII/0 (test) and mitdb/112/MLII/0 (train)" in complaint


def test_what_is_out_leaks_nothing(tmp_path):
    filled = shelf()
    filled.add("112", 0, heart(1), label="Q")
    filled.add("113", 0, heart(1), label="Q")
    _, complaint = both(tmp_path, filled, spec(drop_labels=("Q",)))
    assert complaint is None


def test_overlapping_windows(tmp_path):
    """Windows of 2 s, one a second, split by segment."""
    filled = Shelf()
    for k in range(200):
        filled.add("100", 360 * k, heart(k))
    report, silence = audit(tmp_path, filled, spec("segment", "paper", test=0.3))
    assert silence is None
    table = read_split_table(tmp_path / "paper" / "s.parquet").table
    start = np.array([int(i.split("/")[-1]) for i in table["id"].to_pylist()])
    part = np.array(table["part"].to_pylist())
    tested, trained = start[part == "test"], start[part == "train"]
    gaps = np.abs(tested[:, None] - trained).min(axis=1)
    assert report["findings"]["overlapping_windows"] == (gaps < 720).sum() > 0
    assert report["findings"]["subjects_on_both_sides"] == 1
    assert not report["passed"]


def test_overlapping_windows_stop_an_honest_run(tmp_path):
    """One record under two names of people: only the windows give it away."""
    filled = shelf()
    filled.add("300", 0, heart(1), subject="one")
    filled.add("300", 719, heart(2), subject="two")
    what = spec("subject", test=0.5, seed=next(s for s in range(99) if _apart("one", "two", s)))
    report, complaint = both(tmp_path, filled, what)
    assert report["findings"]["overlapping_windows"] == 1
    assert "1 segment that overlaps one of another part, such as mitdb/300/MLII/" in complaint


def _apart(one, two, seed):
    return len({place(seed, "test", f"mitdb/{name}") < 0.5 for name in (one, two)}) == 2


def minutes(count=40, step=720):
    """Return three people, each with windows of 2 s (720 samples) to the end of the recording."""
    filled = Shelf()
    for person, record in enumerate(("100", "101", "103")):
        for k in range(count):
            filled.add(record, step * k, heart(1000 * person + k))
    return filled


@pytest.mark.parametrize(
    ("options", "subjects"),
    [
        ({"scheme": "time", "test": 0.3}, 3),
        (
            {
                "scheme": "named",
                "test_subjects": ("mitdb/10[13]",),
                "calibration": {"seconds": 10, "reserve": 20},
            },
            2,
        ),
    ],
)
def test_a_personal_run_counts_people_and_passes(tmp_path, options, subjects):
    report, complaint = audit(tmp_path, minutes(step=240), spec(protocol="personal", **options))
    assert complaint is None
    assert report["passed"]
    assert report["findings"] == {
        "subjects_on_both_sides": subjects,
        "same_recordings": 0,
        "near_duplicates": 0,
        "overlapping_windows": 0,
    }
    assert report["counts"]["out"]["segments"]  # across the cut, or reserved


def test_a_near_duplicate_stops_a_personal_run(tmp_path):
    filled = minutes()
    again = filled.add("100", 720 * 40, heart(3))
    report, complaint = audit(tmp_path, filled, spec("time", "personal", test=0.3))
    assert not report["passed"]
    assert report["findings"]["subjects_on_both_sides"] == 3
    assert complaint.startswith("1 segment with a near-duplicate in another part")
    assert f"such as {again} (test) and mitdb/100/MLII/2160 (train)" in complaint


def test_an_overlap_stops_a_personal_run(tmp_path, monkeypatch):
    """No split of ours has one; were there a mistake in it, the audit would say so."""
    exact = assign

    def careless(keys, what):
        part_N = exact(keys, what)
        part_N[part_N == "out"] = "test"
        return part_N

    monkeypatch.setattr(assign_module, "assign", careless)
    report, complaint = audit(
        tmp_path, minutes(step=240), spec("time", "personal", test=0.3, validation=0.2)
    )
    assert report["findings"]["overlapping_windows"] > 0
    assert "overlap" in complaint
    assert "subject" not in complaint


def test_windows_end_to_end_do_not_overlap(tmp_path):
    filled = Shelf()
    for k in range(60):
        filled.add("100", 720 * k, heart(k))
    report, _ = audit(tmp_path, filled, spec("segment", "paper", test=0.3))
    assert report["findings"]["overlapping_windows"] == 0


def test_overlap_reaches_back_over_a_long_window(tmp_path):
    """The window that covers a row need not be the last to start before it."""
    filled = Shelf()
    for start, valid in ((0, 250), (100, 5), (400, 100)):
        filled.add("100", start, heart(start), valid=valid)
    folders = [filled.write(tmp_path / "s")]
    keys = leakage.timed(folders, shards.table(folders, leakage.COLUMNS))
    assert keys["stop"].to_pylist() == [720, 114, 688]
    assert set(keys["source_hz"].to_pylist()) == {360.0}
    part_N = np.array(["train", "train", "test"], dtype=object)
    leak = leakage.overlaps(keys, part_N)
    assert leak.count == 1
    assert leak.examples[0]["other"] == "mitdb/100/MLII/0"


def test_examples_are_capped_and_counts_are_not(tmp_path):
    filled = Shelf()
    for k in range(60):
        filled.add("112", 1000 * k, heart(k))
        filled.add("113", 1000 * k, heart(k))
    report, _ = audit(tmp_path, filled, spec(protocol="paper"))
    assert report["findings"]["near_duplicates"] == 60
    assert len(report["examples"]["near_duplicates"]) == leakage.EXAMPLES


def test_a_stale_verdict_goes_when_the_leak_is_mended(tmp_path):
    filled = shelf()
    filled.add("112", 0, heart(1))
    copy = filled.add("113", 0, heart(1))
    audit(tmp_path, filled, spec())
    assert (tmp_path / "honest" / "s.audit.failed.json").exists()
    del filled.rows[("113", "113")]
    assert copy
    folder = filled.write(tmp_path / "mended")
    out = tmp_path / "honest" / "s.parquet"
    scripts.load("split").split(spec(), [folder], out, tmp_path / "honest" / "s.audit.json")
    assert not (tmp_path / "honest" / "s.audit.failed.json").exists()


def test_the_script_ends_in_one_line(tmp_path):
    filled = shelf()
    filled.add("112", 0, heart(1))
    filled.add("113", 0, heart(1))
    folder = filled.write(tmp_path / "segments")
    script = Path(scripts.FOLDER) / "split.py"
    options = ["--out", tmp_path / "s.parquet", "--audit", tmp_path / "s.audit.json"]
    done = subprocess.run(
        [sys.executable, script, "--spec", spec().canonical(), "--segments", folder, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("split.py: 1 segment with a near-duplicate in another part")


# The lineage of a model.

PEOPLE = [f"p{k}" for k in range(8)]


def split_file(
    folder: Path, name: str, parts: dict[str, str], *, dataset="mitdb", start=0, **options
) -> Path:
    filled = Shelf(dataset=dataset)
    for person, _ in parts.items():
        filled.add(person, start, heart(1))
    columns = dict.fromkeys((*COLUMNS, *leakage.COLUMNS))
    folders = [filled.write(folder / f"{name}-shards")]
    keys = leakage.timed(folders, shards.table(folders, list(columns)))
    part_N = np.array([parts[record] for record in keys["record"].to_pylist()], dtype=object)
    write_split_table(folder / f"{name}.parquet", keys, part_N, spec(**options))
    return folder / f"{name}.parquet"


def evaluation(*lineage, protocol="honest", parts=("test",)):
    return Audit(protocol=protocol, split="target", parts=parts, lineage=lineage)


def ancestor(split, *uses, stage="pretrain"):
    return Ancestor(stage=stage, entry=f"{stage} of {split}", split=split, uses=uses)


@pytest.fixture
def files(tmp_path):
    half = dict.fromkeys(PEOPLE[:4], "train") | dict.fromkeys(PEOPLE[4:], "test")
    return [
        split_file(tmp_path, "target", half | {"p0": "validation"}),
        split_file(tmp_path, "same", half),
        split_file(tmp_path, "swapped", dict.fromkeys(PEOPLE[2:], "train"), start=5000),
        split_file(tmp_path, "elsewhere", dict.fromkeys(PEOPLE, "train"), dataset="ptbdb"),
        split_file(tmp_path, "chosen", half | {"p7": "validation"}),
    ]


def run(tmp_path, what, files):
    """Run the stage; return its verdict and the message of the error that ended it, if one did."""
    out, counts = tmp_path / "audit.json", tmp_path / "target.audit.json"
    counts.write_text('{"counts": {}}')
    try:
        scripts.load("audit").audit(what, files, counts, out)
    except ValueError as error:
        assert not out.exists()
        return json.loads((tmp_path / "audit.failed.json").read_text()), str(error)
    return json.loads(out.read_text()), None


def test_a_clean_lineage(tmp_path, files):
    clean = evaluation(
        ancestor("same", "train", "validation"),
        ancestor("elsewhere", "train", "validation"),
        ancestor("target", "train", "validation", stage="transfer"),
    )
    report, complaint = run(tmp_path, clean, files)
    assert complaint is None
    assert report["passed"]
    assert [f["subjects"] for f in report["findings"]] == [0, 0, 0]
    assert (report["subjects"], report["segments"]) == (4, 4)


@pytest.mark.parametrize(
    ("split", "uses", "subjects", "segments", "such"),
    [
        ("swapped", ("train",), 4, 0, "mitdb/p4, mitdb/p5, mitdb/p6"),
        ("chosen", ("train", "validation"), 1, 1, "mitdb/p7"),
        ("same", ("train", "test"), 4, 4, "mitdb/p4, mitdb/p5, mitdb/p6"),
    ],
)
def test_an_ancestor_that_saw_test_subjects(tmp_path, files, split, uses, subjects, segments, such):
    what = evaluation(ancestor("target", "train", stage="transfer"), ancestor(split, *uses))
    report, complaint = run(tmp_path, what, files)
    assert report["findings"][1]["subjects"] == subjects
    assert report["findings"][1]["segments"] == segments
    assert f"pretrain 'pretrain of {split}' (split '{split}')" in complaint
    assert f"used {subjects} of the 4 test subjects of 'target'" in complaint
    assert f"({segments} segments), such as {such}" in complaint

    paper, silence = run(tmp_path, what.model_copy(update={"protocol": "paper"}), files)
    assert silence is None
    assert paper["findings"] == report["findings"]
    assert not paper["passed"]


def test_an_epoch_chosen_on_a_test_part_of_others(tmp_path, files):
    """Even where its test part is of other people: choosing on test is no honest habit."""
    files[1] = split_file(tmp_path / "x", "same", {"p0": "train", "p1": "test"})
    what = evaluation(ancestor("same", "train", "test"))
    report, complaint = run(tmp_path, what, files)
    assert report["findings"][0]["chosen_on_test"]
    assert report["findings"][0]["subjects"] == 0
    assert "chose its epoch on the test part" in complaint


def test_a_personal_evaluation_of_people_who_were_trained_on(tmp_path, files):
    what = evaluation(ancestor("swapped", "train"), protocol="personal")
    report, complaint = run(tmp_path, what, files)
    assert complaint is None
    assert report["passed"]
    assert (report["findings"][0]["subjects"], report["findings"][0]["segments"]) == (4, 0)


@pytest.mark.parametrize(("seconds", "passes"), [(0, False), (10, True)])
def test_at_0_s_of_calibration_nobody_has_been_met(tmp_path, files, seconds, passes):
    """Of the curve over calibration that point is a stranger, whatever its split's protocol."""
    half = dict.fromkeys(PEOPLE[:4], "train") | dict.fromkeys(PEOPLE[4:], "test")
    calibrated = {
        "scheme": "named",
        "protocol": "personal",
        "test_subjects": ("mitdb/p[4-7]",),
        "calibration": {"seconds": seconds, "reserve": 20},
    }
    files[0] = split_file(tmp_path / "x", "target", half, **calibrated)
    what = evaluation(ancestor("same", "train"), ancestor("swapped", "train"), protocol="personal")
    report, complaint = run(tmp_path, what, files)
    assert report["must_be_unseen"] is not passes
    assert report["passed"] is passes
    assert [f["subjects"] for f in report["findings"]] == [0, 4]
    if not passes:
        assert complaint.startswith(
            "pretrain 'pretrain of swapped' (split 'swapped') used 4 of the 4 test subjects of"
            " 'target' (0 segments), such as mitdb/p4"
        )
    clean = evaluation(ancestor("same", "train", "validation"), protocol="personal")
    assert run(tmp_path, clean, files)[1] is None


def test_a_personal_evaluation_of_segments_that_were_trained_on(tmp_path, files):
    lineage = ancestor("swapped", "train"), ancestor("chosen", "train", "validation")
    report, complaint = run(tmp_path, evaluation(*lineage, protocol="personal"), files)
    assert not report["passed"]
    assert report["findings"][1]["segment_examples"] == ["mitdb/p7/MLII/0"]
    assert complaint.startswith(
        "pretrain 'pretrain of chosen' (split 'chosen') used samples of 1 of the 4 test segments"
        " of 'target', such as mitdb/p7/MLII/0"
    )


@pytest.mark.parametrize(("start", "segments"), [(719, 4), (720, 0), (-719, 4), (-720, 0)])
def test_segments_count_by_their_samples(tmp_path, files, start, segments):
    """Another cut of the same minutes has other ids, and is the same recording all the same."""
    files.append(split_file(tmp_path, "cut", dict.fromkeys(PEOPLE, "train"), start=start))
    what = evaluation(ancestor("cut", "train"), protocol="personal")
    report, complaint = run(tmp_path, what, files)
    assert report["findings"][0]["segments"] == segments
    assert report["passed"] == (complaint is None) == (segments == 0)


def test_an_epoch_chosen_on_test_stops_a_personal_evaluation(tmp_path, files):
    files[1] = split_file(tmp_path / "x", "same", {"p0": "train", "p1": "test"})
    lineage = ancestor("swapped", "train"), ancestor("same", "train", "test")
    report, complaint = run(tmp_path, evaluation(*lineage, protocol="personal"), files)
    assert not report["passed"]
    assert complaint.startswith("pretrain 'pretrain of same' (split 'same') chose its epoch")


def test_figures_on_training_subjects_are_no_leak(tmp_path, files):
    """They are asked for beside the test figures, and carry their part's name."""
    lineage = ancestor("target", "train", "validation")
    _, complaint = run(tmp_path, evaluation(lineage, parts=("train", "test")), files)
    assert complaint is None
    leaky = ancestor("swapped", "train")
    report, complaint = run(tmp_path, evaluation(leaky, parts=("train", "test")), files)
    assert report["subjects"] == 4
    assert "used 4 of the 4 test subjects" in complaint


def test_a_missing_split_is_named(files):
    what = evaluation(ancestor("nowhere", "train"))
    with pytest.raises(FileNotFoundError, match="no split 'nowhere' among those given"):
        lineage_audit(what, files)


def test_splits_and_audits_start_light():
    code = "import cardiograft.splits.leakage, cardiograft.splits.lineage, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "wfdb", "pandas", "matplotlib"} & set(loaded)
