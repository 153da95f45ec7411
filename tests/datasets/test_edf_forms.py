"""EDF files as recorders write them: the samples that were stored, from headers in any form."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from cardiograft.datasets import edf_folder
from cardiograft.datasets._stream_edf import open_edf
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Record
from cardiograft.specs.own_folder import OwnFolder

pytest.importorskip("pyedflib", reason="pyedflib reads EDF files: extra `edf`")

RECORDS = 4
FOLDER = OwnFolder(path="x", name="clinic", subject="record", mains_hz=60)


class Channel(NamedTuple):
    label: str | bytes
    unit: str | bytes = "mV"
    low: object = -5
    high: object = 5
    samples: int = 100
    seed: int = 1

    def stored(self) -> np.ndarray:
        random = np.random.default_rng(self.seed)
        return random.integers(-2000, 2000, (RECORDS, self.samples))

    def values(self) -> np.ndarray:
        low, high = (float(str(v).replace(",", ".")) for v in (self.low, self.high))
        return (self.stored().ravel() + 2048) * (high - low) / 4095 + low


II, V1 = Channel("ECG II"), Channel("V1", seed=2)
RESP = Channel("Resp", "V", -1, 1, 25, 3)


def cell(value: object, width: int) -> bytes:
    raw = value if isinstance(value, bytes) else str(value).encode("latin-1")
    return raw[:width].ljust(width)


def edf(
    channels: Sequence[Channel],
    times: Sequence[str] | None = None,
    *,
    bdf: bool = False,
    **changed: Any,
) -> bytes:
    """Return a file by the specification, with some fields of its header as asked.

    `times` are what stands at the head of each data record's texts.
    """
    top = {"version": b"\xffBIOSEMI" if bdf else "0", "patient": "X X X X"}
    top |= {"recording": "Startdate 01-JAN-2000 X X X", "date": "01.01.00", "time": "00.00.00"}
    count = len(channels) + (times is not None)
    top |= {"bytes": 256 * (count + 1), "reserved": "", "records": RECORDS, "duration": 1}
    top |= {"signals": count} | changed
    widths = dict(zip(top, (8, 80, 80, 8, 8, 8, 44, 8, 8, 4), strict=True))
    rows = [
        (
            (c.label, 16),
            ("", 80),
            (c.unit, 8),
            (c.low, 8),
            (c.high, 8),
            (-2048, 8),
            (2047, 8),
            ("", 80),
            (c.samples, 8),
            ("", 32),
        )
        for c in channels
    ]
    if times is not None:
        texts = (("EDF Annotations", 16), ("", 80), ("", 8), (-1, 8), (1, 8), (-32768, 8))
        rows.append((*texts, (32767, 8), ("", 80), (20, 8), ("", 32)))
    head = b"".join(cell(top[name], widths[name]) for name in top)
    head += b"".join(cell(*value) for values in zip(*rows, strict=True) for value in values)
    body = b""
    for record in range(RECORDS):
        for one in channels:
            raw = one.stored()[record].astype("<i4").view(np.uint8).reshape(-1, 4)
            body += raw[:, : 3 if bdf else 2].tobytes()
        if times is not None:
            body += times[record].encode("latin-1").ljust(40, b"\0")
    return head + body


def read(folder: Path, content: bytes) -> Record:
    """Read a file at once, and see that its stretches are the same."""
    (folder / "a.edf").write_bytes(content)
    whole = edf_folder.read(folder, "a", folder=FOLDER)
    stream = open_edf(folder / "a.edf")
    assert [group.leads for group in stream.groups] == [one.leads for one in (whole, *whole.beside)]
    for first, count in ((0, RECORDS), (1, 2), (3, 1)):
        parts = stream.read(first, count)
        for group, part_CT, one in zip(stream.groups, parts, (whole, *whole.beside), strict=True):
            piece = slice(first * group.per_frame, (first + count) * group.per_frame)
            np.testing.assert_array_equal(part_CT, one.signal_CT[:, piece])
    return whole


def check(record: Record, *channels: Channel) -> None:
    found = {
        name: signal_T
        for one in (record, *record.beside)
        for name, signal_T in zip(one.leads, one.signal_CT, strict=True)
    }
    for channel in channels:
        name = str(channel.label).removeprefix("ECG ")
        np.testing.assert_allclose(found[name], channel.values(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"date": "xx.xx.xx"},
        {"date": "01/01/00"},
        {"date": "", "time": ""},
        {"time": "00:00:00"},
        {"patient": "M\u00fcller"},
        {"patient": "", "recording": b"\x00\x07\xff"},
        {"records": -1},
        {"records": "unknown"},
        {"reserved": "hello"},
        {"duration": "1,0"},
        {"reserved": "EDF+C", "patient": "Bob", "recording": "whatever"},
    ],
    ids=str,
)
def test_fields_that_nobody_uses_may_hold_anything(
    changed: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = read(tmp_path, edf([II, RESP, V1], **changed))
    check(found, II, RESP, V1)
    assert (found.rate_hz, found.beside[0].rate_hz, found.notes) == (100, 25, ())
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "odd",
    [
        V1._replace(label=b"D\xe9rivation"),
        V1._replace(label="D\u00e9rivation".encode()),
        V1._replace(label=b"V1\0\0\0garbage"),
        V1._replace(unit=b"\xb5V"),
        V1._replace(unit="\u00b5V".encode()),
        V1._replace(low="-5,0", high="5,0"),
    ],
    ids=lambda odd: repr(odd[:4]),
)
def test_another_channel_s_odd_letters_cost_nothing(odd: Channel, tmp_path: Path) -> None:
    found = read(tmp_path, edf([odd, II]))
    check(found, II)
    assert found.leads[0] in ("D\u00e9rivation", "V1")
    np.testing.assert_allclose(found.signal_CT[0], odd.values(), rtol=1e-5, atol=1e-5)
    assert found.units[0] in ("mV", "\u00b5V")


@pytest.mark.parametrize(
    ("dead", "reason"),
    [
        (V1._replace(low=0, high=0), "its lowest value is its highest"),
        (V1._replace(low="?", high=""), "its physical or digital limits are no numbers"),
    ],
)
def test_a_channel_without_a_scale_costs_itself_alone(
    dead: Channel, reason: str, tmp_path: Path
) -> None:
    found = read(tmp_path, edf([dead, II, RESP]))
    check(found, II, RESP)
    assert "V1" not in found.leads
    assert found.notes == (f"lead left out: V1, {reason}",)
    with pytest.raises(UnfitError, match="no signal can be used: lead left out: V1"):
        read(tmp_path, edf([dead]))


def test_two_channels_of_one_name_are_said(tmp_path: Path) -> None:
    found = read(tmp_path, edf([II._replace(low=0, high=0), II, V1._replace(label="II")]))
    assert found.leads == ("II", "II (2)")
    assert found.notes[1] == "two leads of one name: II is signal 1, signal 2 is 'II (2)'"
    np.testing.assert_allclose(found.signal_CT[0], II.values(), rtol=1e-5, atol=1e-5)


STEADY = [f"+{i}\x14\x14\0" for i in range(RECORDS)]


@pytest.mark.parametrize("kind", ["EDF+C", "EDF+D"])
@pytest.mark.parametrize(
    "times",
    [STEADY, [f"+{i}.5\x14\x14\0" for i in range(RECORDS)], [t + "x\xb5\x14\x03" for t in STEADY]],
    ids=["from 0", "from 0.5", "odd texts"],
)
def test_records_that_follow_one_another_are_read(
    kind: str, times: list[str], tmp_path: Path
) -> None:
    found = read(tmp_path, edf([II, RESP], times, reserved=kind))
    check(found, II, RESP)
    assert (found.leads, found.notes) == (("II",), ())


@pytest.mark.parametrize("kind", ["EDF+C", "EDF+D"])
def test_an_interruption_is_refused(kind: str, tmp_path: Path) -> None:
    times = [f"+{i}\x14\x14\0" for i in (0, 1, 7, 8)]
    with pytest.raises(UnfitError, match=r"interrupted a\.edf: data record 2 begins at 7 s, not 2"):
        read(tmp_path, edf([II], times, reserved=kind))


def test_an_interruption_that_is_nowhere_said_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnfitError, match=r"interrupted a\.edf: it is EDF\+D, and does not say"):
        read(tmp_path, edf([II], reserved="EDF+D"))
    check(read(tmp_path, edf([II], [""] * RECORDS, reserved="EDF+C")), II)


@pytest.mark.parametrize("changed", [{}, {"date": "odd"}, {"records": -1}], ids=str)
def test_bdf_of_24_bits(changed: dict[str, Any], tmp_path: Path) -> None:
    found = read(tmp_path, edf([II, RESP], bdf=True, **changed))
    check(found, II, RESP)


@pytest.mark.parametrize("duration", ["0", "-1", "nan", "", "1e9", "x"])
def test_a_record_of_no_duration_is_refused(duration: str, tmp_path: Path) -> None:
    with pytest.raises(UnfitError, match=r"no rate: a data record of a\.edf lasts"):
        read(tmp_path, edf([II], duration=duration))


def test_rates_are_exact(tmp_path: Path) -> None:
    assert read(tmp_path, edf([II], duration="1.024")).rate_hz == Fraction(100) / Fraction("1.024")


def test_more_and_fewer_data_records_than_stated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = read_records(tmp_path, edf([II], records=3))
    np.testing.assert_allclose(found.signal_CT[0], II.values()[:300], rtol=1e-5, atol=1e-5)
    assert found.notes == ("data records not stated: 3 of 4 are",)
    with pytest.raises(UnfitError, match=r"truncated a\.edf: 4 of 5 data records"):
        read_records(tmp_path, edf([II], records=5))
    with pytest.raises(UnfitError, match=r"truncated a\.edf: 3 of 4 data records"):
        read_records(tmp_path, edf([II])[:-10])
    assert capsys.readouterr().out == ""  # pyedflib prints sizes that it does not expect


def read_records(folder: Path, content: bytes) -> Record:
    (folder / "a.edf").write_bytes(content)
    return edf_folder.read(folder, "a", folder=FOLDER)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it has no header of EDF or BDF"),
        (b"hello " * 100, "it has no header of EDF or BDF"),
        (edf([II], signals=0), "it has no header of EDF or BDF"),
        (edf([II])[:300], "its header ends after 300 of 512 bytes"),
        (
            edf([II], bytes=1024),
            "its header contradicts itself: one of 1 signals has 512 bytes, it states '1024'",
        ),
        (
            edf([II], signals=2),
            "its header contradicts itself: one of 2 signals has 768 bytes, it states '512'",
        ),
    ],
)
def test_what_is_no_edf_file_is_refused(content: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(UnfitError) as caught:
        read_records(tmp_path, content)
    assert str(caught.value) == f"unreadable a.edf: {why}"
