"""Where a sample stands: skewed signals, and segments whose signals have no or other names."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import wfdb

from cardiograft.datasets import _wfdb
from cardiograft.datasets._stream_wfdb import open_wfdb
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Record

FRAMES = 30


def read(folder: Path) -> Record:
    return _wfdb.read_record("x", folder, "r", subject="s", mains_hz=50)


def by_name(record: Record) -> dict[str, np.ndarray]:
    sources = (record, *record.beside)
    return {n: s for one in sources for n, s in zip(one.leads, one.signal_CT, strict=True)}


def store(path: Path, form: str, frame_FC: np.ndarray) -> None:
    """Write samples of a few bits, frame by frame, in a format of the definition."""
    flat = frame_FC.ravel()
    if form in ("16", "61"):
        path.write_bytes(flat.astype("<i2" if form == "16" else ">i2").tobytes())
    elif form == "80":
        path.write_bytes((flat + 128).astype(np.uint8).tobytes())
    elif form == "8":
        before_FC = np.vstack([np.zeros((1, frame_FC.shape[1]), dtype=int), frame_FC[:-1]])
        path.write_bytes((frame_FC - before_FC).astype(np.int8).tobytes())
    else:
        subtype = {"516": "PCM_16", "524": "PCM_24"}[form]
        shift = 16 if form == "516" else 8
        samples = (frame_FC << shift).astype(np.int32)
        soundfile.write(str(path), samples, 250, subtype=subtype, format="FLAC")


@pytest.mark.parametrize("extra", [0, 3], ids=["file ends with the record", "file goes on"])
@pytest.mark.parametrize("form", ["16", "61", "80", "8", "516", "524"])
def test_skews_that_differ_in_one_file(form: str, extra: int, tmp_path: Path) -> None:
    frame_FC = np.random.default_rng(4).integers(-50, 50, (FRAMES + extra, 3))
    skews = (2, 0, 3)
    store(tmp_path / "r.dat", form, frame_FC)
    lines = [f"r.dat {form}:{s} 10/mV 16 0 0 0 0 L{c}\n" for c, s in enumerate(skews)]
    (tmp_path / "r.hea").write_text(f"r 3 250 {FRAMES}\n" + "".join(lines))
    expected_CT = np.full((3, FRAMES), np.nan)
    for c, skew in enumerate(skews):
        there_T = frame_FC[skew : skew + FRAMES, c] / 10
        expected_CT[c, : len(there_T)] = there_T
    np.testing.assert_allclose(read(tmp_path).signal_CT, expected_CT, rtol=1e-6)
    stream = open_wfdb(tmp_path, "r")
    for first, count in ((0, 30), (5, 4), (26, 4), (29, 1)):
        part_CT = stream.read(first, count)[0]
        np.testing.assert_allclose(part_CT, expected_CT[:, first : first + count], rtol=1e-6)


def test_skew_is_counted_in_frames_and_its_end_is_missing(tmp_path: Path) -> None:
    stored_T = np.arange(1, 2 * FRAMES + 1)
    (tmp_path / "r.dat").write_bytes(stored_T.astype("<i2").tobytes())
    (tmp_path / "r.hea").write_text(f"r 1 250 {FRAMES}\nr.dat 16x2:3 100(-500)/mV 16 0 0 0 0 II\n")
    expected_T = np.full(2 * FRAMES, np.nan)
    expected_T[:-6] = (stored_T[6:] + 500) / 100  # never 5.00 mV, which a stored 0 would be
    np.testing.assert_allclose(read(tmp_path).signal_CT[0], expected_T, rtol=1e-6)


def test_a_skewed_file_beside_one_that_is_not(tmp_path: Path) -> None:
    for name, factor in (("a", 1), ("b", 2)):
        samples = factor * np.arange(1, 11)
        (tmp_path / f"{name}.dat").write_bytes(samples.astype("<i2").tobytes())
    text = "r 2 250 10\na.dat 16:4 1/mV 16 0 0 0 0 I\nb.dat 16 1/mV 16 0 0 0 0 II\n"
    (tmp_path / "r.hea").write_text(text)
    found = by_name(read(tmp_path))
    np.testing.assert_array_equal(found["I"], [5, 6, 7, 8, 9, 10, *[np.nan] * 4])
    np.testing.assert_array_equal(found["II"], 2 * np.arange(1, 11))


def segments(
    folder: Path, *segment_names: tuple[str, ...], units: str = "mV", layout: bool = False
) -> np.ndarray:
    """Write a recording of segments of ten frames, and return it: each signal in its place."""
    place_CT = []
    for i, names in enumerate(segment_names):
        stored_CT = np.random.default_rng(i).integers(-900, 900, (len(names), 10))
        (folder / f"s{i}.dat").write_bytes(stored_CT.T.astype("<i2").tobytes())
        unit = units if i else "mV"
        lines = [f"s{i}.dat 16 200/{unit} 16 0 0 0 0 {name}".rstrip() for name in names]
        (folder / f"s{i}.hea").write_text("\n".join([f"s{i} {len(names)} 250 10", *lines]) + "\n")
        place_CT.append(stored_CT / 200)
    parts = [f"s{i} 10" for i in range(len(segment_names))]
    if layout:
        lines = [f"~ 0 200/mV 16 0 0 0 0 {n}" for n in dict.fromkeys(sum(segment_names, ()))]
        (folder / "lay.hea").write_text("\n".join([f"lay {len(lines)} 250 0", *lines]) + "\n")
        parts.insert(0, "lay 0")
    head = f"r/{len(parts)} {len(segment_names[0])} 250 {10 * len(segment_names)}"
    (folder / "r.hea").write_text("\n".join([head, *parts]) + "\n")
    return np.concatenate(place_CT, axis=1)


def test_a_segment_beyond_those_announced_is_said(tmp_path: Path) -> None:
    expected_CT = segments(tmp_path, ("I", "II"), ("I", "II"))
    (tmp_path / "r.hea").write_text("r/1 2 250 10\ns0 10\ns1 10\n")
    found = read(tmp_path)
    np.testing.assert_allclose(found.signal_CT, expected_CT[:, :10], rtol=1e-6)
    assert found.notes == ("surplus lines: the header has 1 more than it announces",)


def test_segments_of_segments_are_refused_as_the_format_has_none(tmp_path: Path) -> None:
    segments(tmp_path, ("I", "II"), ("I", "II"))
    (tmp_path / "r.hea").rename(tmp_path / "inner.hea")
    (tmp_path / "r.hea").write_text("r/2 2 250 30\ninner 20\ns0 10\n")
    with pytest.raises(UnfitError, match="inner is made of segments itself, which WFDB does not"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([("I", "II"), ("", "")], ("I", "II")),
        ([("", ""), ("I", "II")], ("I", "II")),
        ([("I", "II"), ("ECG1", "ECG2")], ("I", "II")),
        ([("I", ""), ("", "II"), ("", "")], ("I", "II")),
        ([("", ""), ("", "")], ("signal 0", "signal 1")),
        (
            [tuple(f"record {r}, signal {i}" for i in (0, 1)) for r in "ab"],
            ("record a, signal 0", "record a, signal 1"),
        ),
    ],
)
def test_segments_of_one_layout_are_joined_by_place(
    names: list[tuple[str, ...]], expected: tuple[str, ...], tmp_path: Path
) -> None:
    place_CT = segments(tmp_path, *names)
    found = read(tmp_path)
    assert found.leads == expected
    np.testing.assert_allclose(found.signal_CT, place_CT, rtol=1e-6)
    theirs = wfdb.rdrecord(str(tmp_path / "r")).p_signal.T
    np.testing.assert_allclose(found.signal_CT, theirs, rtol=1e-6)
    np.testing.assert_allclose(open_wfdb(tmp_path, "r").read(8, 5)[0], place_CT[:, 8:13], rtol=1e-6)
    said = [note for note in found.notes if note.startswith("segments joined by place")]
    assert bool(said) == ("ECG1" in names[1])


def test_names_that_stand_elsewhere_win_over_places(tmp_path: Path) -> None:
    place_CT = segments(tmp_path, ("I", "II"), ("II", "I"))
    found = read(tmp_path)
    assert (found.leads, found.notes) == (("I", "II"), ())
    place_CT[:, 10:] = place_CT[::-1, 10:]
    np.testing.assert_allclose(found.signal_CT, place_CT, rtol=1e-6)


@pytest.mark.parametrize("options", [{"layout": True}, {"units": "mmHg"}], ids=str)
def test_signals_of_a_layout_or_of_another_quantity_are_not_joined(
    options: dict[str, object], tmp_path: Path
) -> None:
    place_CT = segments(tmp_path, ("I", "II"), ("ABP", "PAP"), **options)
    found = read(tmp_path)
    assert found.leads == ("I", "II", "ABP", "PAP")
    np.testing.assert_allclose(found.signal_CT[:2, :10], place_CT[:, :10], rtol=1e-6)
    np.testing.assert_allclose(found.signal_CT[2:, 10:], place_CT[:, 10:], rtol=1e-6)
    assert np.isnan(found.signal_CT[:2, 10:]).all()
    assert np.isnan(found.signal_CT[2:, :10]).all()
