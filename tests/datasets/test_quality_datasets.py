"""Data sets of usable and unusable ECGs: real recordings and grades, both forms, lead by lead."""

import hashlib
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cardiograft import plugins
from cardiograft.datasets import _butqdb, _challenge_2011, butqdb, challenge_2011
from cardiograft.physionet.collect import _form
from cardiograft.physionet.headers import UnfitError
from cardiograft.segments.choice import UnusableError
from cardiograft.segments.cutting import spans
from cardiograft.segments.labels import butqdb_quality, challenge_2017
from cardiograft.segments.labels import challenge_2011 as graded
from cardiograft.segments.prepare import prepare
from cardiograft.signals.quality_indices import plausible, quality_indices
from cardiograft.specs.segment import Segment

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


@pytest.fixture
def phones(physionet: Path) -> Path:
    return physionet / "challenge-2011" / "1.0.0"


def entry(leads: list[str], label: object) -> Segment:
    return Segment.model_validate(
        {
            **{"database": "db", "dataset": "challenge_2011", "signal": {"leads": leads}},
            **{"rate_hz": 250, "cut": {"name": "windows", "window_s": 5.0}, "label": label},
        }
    )


# --- challenge-2011: real recordings


def test_the_grades_at_hand_are_counted(phones: Path) -> None:
    names = challenge_2011.listed(phones)
    grades = _challenge_2011.grades(phones)
    counts = Counter(grades[challenge_2011.subject(phones, name)] for name in names)
    assert counts == {"acceptable": 168, "unacceptable": 34}
    assert not {"1054357", "1262439"} & set(grades)


def test_a_real_recording_is_in_millivolts(phones: Path) -> None:
    record = challenge_2011.read(phones, "set-a/1071514")
    assert (record.leads, record.rate_hz, record.signal_CT.shape) == (LEADS, 500, (12, 5000))
    rows = [r.split(",") for r in (phones / "set-a/1071514.txt").read_text().splitlines()]
    np.testing.assert_array_equal(
        record.signal_CT, (np.array(rows, dtype=float)[:, 1:].T / 200).astype(np.float32)
    )
    # lead II is I + III, to the rounding of each
    assert np.abs(record.signal_CT[0] + record.signal_CT[2] - record.signal_CT[1]).max() < 0.011
    assert graded.label(record).whole == "acceptable"


def test_recordings_without_a_signal_are_three_contents_and_refused(phones: Path) -> None:
    contents: dict[str, list[str]] = {}
    for name in challenge_2011.listed(phones):
        if not np.ptp(_challenge_2011.text(phones / f"{name}.txt"), axis=1).any():
            with pytest.raises(UnfitError, match=r"^no signal: no lead ever changes$"):
                challenge_2011.read(phones, name)
            content = (phones / f"{name}.txt").read_bytes()
            contents.setdefault(hashlib.sha256(content).hexdigest(), []).append(name)
    assert sorted(map(len, contents.values())) == [2, 2, 4]
    grades = _challenge_2011.grades(phones)
    refused = [name for group in contents.values() for name in group]
    assert {grades[name.removeprefix("set-a/")] for name in refused} == {"unacceptable"}


def test_a_good_lead_of_a_bad_recording_is_not_called_bad(phones: Path) -> None:
    # of 1050325 V6 goes to the rail
    record = challenge_2011.read(phones, "set-a/1050325")
    labels = {}
    for option in ("as_graded", "left_out", "judged"):
        label = {"name": "challenge_2011", "leads": option}
        for lead in ("V6", "II"):
            try:
                labels[option, lead] = prepare(record, entry([lead], label)).labels.whole
            except UnusableError as error:
                labels[option, lead] = str(error)
    left_out = "unacceptable recording, but clean in the leads that are cut"
    assert labels["as_graded", "V6"] == labels["as_graded", "II"] == "unacceptable"
    assert labels["judged", "V6"] == labels["left_out", "V6"] == "unacceptable"
    assert (labels["left_out", "II"], labels["judged", "II"]) == (left_out, "acceptable")


# --- challenge-2011: simulation


@pytest.mark.parametrize("form", ["text", "wfdb"])
def test_both_forms_hold_the_same_samples(form: str, tmp_path: Path) -> None:
    names = challenge_2011.names()[:12]
    for made in ("text", form):
        challenge_2011.simulate(tmp_path / made, names, 5, duration_s=3.0, form=made)
    ends = {path.suffix for path in (tmp_path / form / "set-a").iterdir()} - {""}
    assert ends == ({".txt"} if form == "text" else {".hea", ".dat"})
    read = 0
    for name in names:
        if _challenge_2011._kind(name, even=False) == "constant":
            with pytest.raises(UnfitError, match="no lead ever changes"):
                challenge_2011.read(tmp_path / form, name)
            continue
        one, other = (challenge_2011.read(tmp_path / f, name) for f in ("text", form))
        np.testing.assert_array_equal(one.signal_CT, other.signal_CT)
        assert graded.label(one).whole == graded.label(other).whole
        assert one.leads == other.leads == LEADS
        read += 1
    assert read >= 10


def test_grades_of_twins_have_the_published_shares(tmp_path: Path) -> None:
    names = challenge_2011.names()
    counts = Counter(_challenge_2011.simulated_grade(name, even=False) for name in names)
    assert sum(_challenge_2011.COUNTS.values()) == len(names) == 1000
    assert abs(counts["acceptable"] - 773) <= 2
    assert abs(counts["unacceptable"] - 225) <= 2
    even = Counter(_challenge_2011.simulated_grade(name, even=True) for name in names)
    assert abs(even["acceptable"] - even["unacceptable"]) <= 2
    ungraded = next(n for n in names if _challenge_2011._kind(n, even=False) == "neither")
    challenge_2011.simulate(tmp_path, (ungraded,), 0, duration_s=1.0)
    assert graded.label(challenge_2011.read(tmp_path, ungraded)).unusable is not None


def test_a_grade_of_a_twin_shows_in_its_leads(tmp_path: Path) -> None:
    names = challenge_2011.names()[:12]
    challenge_2011.simulate(tmp_path, names, 1, even=True)
    shares: dict[str, list[float]] = {"acceptable": [], "unacceptable": []}
    for name in names:
        record = challenge_2011.read(tmp_path, name)
        clean_C = plausible(quality_indices(record.signal_CT, 500.0), 10.0)
        shares[graded.label(record).whole].append(clean_C.mean())
        assert graded._clean(record) == clean_C.all()
    assert np.mean(shares["acceptable"]) > 0.9
    assert max(shares["unacceptable"]) < 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: [*rows[:5], "5,1,2\n", *rows[6:]], "unreadable"),
        (lambda rows: [*rows[:5], rows[5].replace(",", ",x"), *rows[6:]], "unreadable"),
        (lambda rows: [*rows[:5], *rows[6:]], "rows missing"),
        (lambda rows: [row.rpartition(",")[0] + "\n" for row in rows], "has 12 columns, not 13"),
        (lambda rows: [], "is empty"),  # and without a warning of numpy's
    ],
)
def test_an_odd_text_is_refused_in_one_line(change: object, says: str, tmp_path: Path) -> None:
    name = challenge_2011.names()[0]
    challenge_2011.simulate(tmp_path, (name,), 0, duration_s=2.0)
    path = tmp_path / f"{name}.txt"
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))
    with pytest.raises(UnfitError, match=says) as raised:
        challenge_2011.read(tmp_path, name)
    assert "\n" not in str(raised.value)


def test_a_recording_that_both_lists_name_is_refused(tmp_path: Path) -> None:
    name = next(n for n in challenge_2011.names() if _challenge_2011.simulated_grade(n, even=True))
    challenge_2011.simulate(tmp_path, (name,), 0, duration_s=2.0, even=True)
    assert challenge_2011.read(tmp_path, name).comments[-1].startswith("quality: ")
    for grade in _challenge_2011.GRADES:
        (tmp_path / f"set-a/RECORDS-{grade}").write_text(name.rpartition("/")[2] + "\n")
    with pytest.raises(UnfitError, match="its grade is acceptable and unacceptable: both lists"):
        challenge_2011.read(tmp_path, name)


@pytest.mark.parametrize("cut", [True, False])
def test_the_form_that_a_mirror_has_is_fetched(cut: bool) -> None:
    whole, text = challenge_2011.forms("set-a/1")
    requests = []

    def fetcher(there: set[str]) -> SimpleNamespace:
        def exists(name: str) -> bool:
            requests.append(name)
            return name in there

        sums = {} if cut else dict.fromkeys(there, "0")
        return SimpleNamespace(sums=sums, transport=SimpleNamespace(cut=cut), exists=exists)

    assert _form(fetcher({*whole, *text}), challenge_2011.forms("set-a/1")) == whole
    assert _form(fetcher(set(text)), challenge_2011.forms("set-a/1")) == text
    assert bool(requests) == cut  # a list of hashes answers without asking


def test_labels_that_look_at_leads_get_those_that_are_cut(tmp_path: Path) -> None:
    name = challenge_2011.names()[0]
    challenge_2011.simulate(tmp_path, (name,), 0, duration_s=6.0)
    seen = []

    def label(record: object, **options: object) -> object:
        seen.append((record.leads, record.signal_CT.shape))
        return graded.Labels(whole="acceptable")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plugins.load("labels", "challenge_2011"), "label", label)
        prepare(challenge_2011.read(tmp_path, name), entry(["V2", "II"], "challenge_2011"))
    assert seen == [(("V2", "II"), (2, 3000))]


# --- butqdb


def test_people_of_butqdb_are_fifteen() -> None:
    people = Counter(butqdb.subject(Path(), name) for name in butqdb.names())
    assert (len(butqdb.names()), len(people)) == (18, 15)
    assert {who for who, count in people.items() if count > 1} == {"100", "103"}


ROWS = "1,3000,2,1,7000,1,1,3000,1,1,3000,1\n3001,7000,3,,,,3001,6000,3,3001,6000,3\n"


def written(root: Path, rows: str) -> None:
    (root / "100001_ANN.csv").write_text(rows)


def test_grades_are_read_expert_by_expert(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    marks = _butqdb.grades(tmp_path / "100001_ANN.csv", 9000)
    by = {n: marks.taken(marks.number_A == n) for n in (1, 2, 3, 4)}
    assert by[1].sample_A.tolist() == [0, 3000, 7000]
    assert by[1].aux_A.tolist() == ["2", "3", ""]
    assert by[2].sample_A.tolist() == [0, 7000]
    assert by[4].aux_A.tolist() == ["1", "3", ""]
    gap = "2001,3000,1,,,,,,,2001,3000,1\n4001,5000,2,,,,,,,4001,5000,2\n"
    written(tmp_path, gap)
    marks = _butqdb.grades(tmp_path / "100001_ANN.csv", 4500)
    one = marks.taken(marks.number_A == 4)
    assert list(zip(one.sample_A, one.aux_A, strict=True)) == [
        *((0, ""), (2000, "1"), (3000, ""), (4000, "2"))
    ]


def test_titles_and_ends_that_touch_are_read(tmp_path: Path) -> None:
    path = tmp_path / "100001_ANN.csv"
    written(tmp_path, ROWS)
    plain = _butqdb.grades(path, 9000)
    for rows in ("A1 start,A1 end,A1 class,,,,,,,,,\n" + ROWS, ROWS.replace("3001,", "3000,")):
        written(tmp_path, rows)
        marks = _butqdb.grades(path, 9000)
        for name, values in vars(plain).items():
            assert np.array_equal(getattr(marks, name), values), name


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        *((one, 1) for one in ("1,9,x", "1,9,4", "9,1,1", "1.5,9,1", "1,9", "NaN,NaN,NaN")),
        *((one, 2) for one in ("1,5,1\n3,9,1", "1,5,1\n5,5,1", "from,to,class\n1,9,x")),
        ("1,5,1\n\n6,9,NaN", 3),
        ("0,9,1", 1),
    ],
)
def test_odd_grades_are_refused_in_one_line(rows: str, number: int, tmp_path: Path) -> None:
    written(tmp_path, rows)
    with pytest.raises(UnfitError, match=rf"100001_ANN\.csv, row {number}: ") as raised:
        _butqdb.grades(tmp_path / "100001_ANN.csv", 100)
    assert "\n" not in str(raised.value)


def test_a_twin_of_butqdb_has_grades_and_acceleration(tmp_path: Path) -> None:
    name = butqdb.names()[1]
    butqdb.simulate(tmp_path, (name,), 0, duration_s=90.0)
    assert all((tmp_path / file).is_file() for file in butqdb.files(tmp_path, name))
    record = butqdb.read(tmp_path, name)
    assert (record.leads, record.units, record.rate_hz) == (("ECG",), ("uV",), 1000)
    (beside,) = record.beside
    assert (beside.leads, beside.rate_hz) == (("ACCx", "ACCy", "ACCz"), 100)
    np.testing.assert_array_equal(beside.annotations.sample_A, record.annotations.sample_A // 10)
    (tmp_path / f"{name.removesuffix('_ECG')}_ANN.csv").unlink()
    with pytest.raises(FileNotFoundError, match="ANN"):
        butqdb.read(tmp_path, name)


def test_stretches_of_butqdb_become_classes(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    marks = _butqdb.grades(tmp_path / "100001_ANN.csv", 9000)
    record = SimpleNamespace(annotations=marks)
    start_N = np.array([0, 2500, 3500, 5500, 7500])
    seen = {}
    for options in ({}, {"classes": "qrs"}, {"by": "one", "classes": "waves"}):
        labels = butqdb_quality.label(record, **options)
        prepared = SimpleNamespace(labels=labels, sample_A=marks.sample_A)
        seen[tuple(options.values())] = spans(prepared, start_N, start_N + 1000).tolist()
    assert seen[()] == ["1", None, "3", None, None]
    assert seen["qrs",] == ["high", None, "low", None, None]
    assert seen["one", "waves"] == ["low", "low", "low", "low", None]
    nothing = SimpleNamespace(annotations=marks.taken(marks.number_A == 9))
    assert butqdb_quality.label(nothing).unusable == "no grades of its quality"


# --- one pair of names


def test_labels_of_quality_agree_on_names() -> None:
    for label, quality in (("~", "low"), ("A", "high"), ("N", "high")):
        record = SimpleNamespace(comments=(f"label v3: {label}",))
        assert challenge_2017.label(record, classes="quality").whole == quality
        assert challenge_2017.label(record).whole == label
    for grade, quality in (("acceptable", "high"), ("unacceptable", "low")):
        record = SimpleNamespace(comments=(f"quality: {grade}",))
        assert graded.label(record, classes="quality").whole == quality
