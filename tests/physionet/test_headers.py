"""A header says which files a record needs and how long they are, as wfdb writes them."""

from pathlib import Path

import numpy as np
import pytest
import wfdb

from cardiograft.physionet.headers import Header, UnfitError, read_header


def _header(folder: Path, text: str, name: str = "r") -> Header:
    path = folder / f"{name}.hea"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
    return read_header(folder, name)


@pytest.mark.parametrize("format_", ["80", "212", "16", "24", "32"])
@pytest.mark.parametrize("samples", [1000, 1001])
@pytest.mark.parametrize("signals", [1, 2, 3])
def test_a_file_that_wfdb_writes_is_just_long_enough(
    tmp_path: Path, format_: str, samples: int, signals: int
) -> None:
    wfdb.wrsamp(
        "r",
        fs=250,
        units=["mV"] * signals,
        sig_name=[f"lead {n}" for n in range(signals)],
        d_signal=np.random.default_rng(0).integers(-100, 100, (samples, signals)),
        fmt=[format_] * signals,
        adc_gain=[200] * signals,
        baseline=[0] * signals,
        write_dir=str(tmp_path),
    )
    size = (tmp_path / "r.dat").stat().st_size
    assert read_header(tmp_path, "r").least_bytes("r.dat") == size


@pytest.mark.parametrize("format_", ["310", "311"])
def test_three_samples_in_four_bytes_are_enough_for_wfdb(tmp_path: Path, format_: str) -> None:
    header = _header(tmp_path, f"r 1 250 999\nr.dat {format_} 200 10 0 0 0 0 I\n")
    for less in (0, 4):
        (tmp_path / "r.dat").write_bytes(bytes(header.least_bytes("r.dat") - less))
        if less:
            with pytest.raises(ValueError, match=r"reshape|broadcast"):
                wfdb.rdrecord(str(tmp_path / "r"))
        else:
            assert wfdb.rdrecord(str(tmp_path / "r")).sig_len == 999


@pytest.mark.parametrize("name", ["data/r.x", "./r", "../old/r", "r", "a/b/c1"])
def test_a_path_before_the_records_name_says_nothing(tmp_path: Path, name: str) -> None:
    header = _header(tmp_path, f"{name} 1 250 999\nr.dat 16 200 10 0 0 0 0 I\n")
    assert (header.samples, header.parts, len(header.lines)) == (999, (), 1)


def test_several_files_frames_and_offsets(tmp_path: Path) -> None:
    text = (
        "r 4 500/1000(5) 100 12:00:00 01/01/2000 \r\n"
        "# a comment\r\n"
        "r.mat 16x1+24 1000/mV 16 0 1 2 0 I\r\n"
        "\r\n"
        "r.mat 16x2:3+24 1000/mV 16 0 1 2 0 II\r\n"
        "r.xyz 212 200\r\n"
        "~ 0 200 12 0 0 0 0 none\r\n"
    )
    header = _header(tmp_path, text, "sub/r")
    assert (header.rate_hz, header.samples) == (500, 100)
    assert header.files == ("sub/r.mat", "sub/r.xyz")
    assert header.least_bytes("sub/r.mat") == 24 + 2 * 300
    assert header.least_bytes("sub/r.xyz") == 150


def test_what_a_header_leaves_open(tmp_path: Path) -> None:
    bare = _header(tmp_path, "r 1\nr.dat 16\n")
    assert (bare.rate_hz, bare.samples, bare.least_bytes("r.dat")) == (250, None, 0)
    packed = _header(tmp_path, "r 1 500 1000\nr.dat 516\n")
    assert packed.least_bytes("r.dat") == 0


def test_segments(tmp_path: Path) -> None:
    header = _header(tmp_path, "r/3 2 250 1200\na 400\n~ 400\nb 400\n", "sub/r")
    assert header.segments == ("sub/a", "sub/b")
    with pytest.raises(UnfitError, match="1 signals or segments, it states 2"):
        _header(tmp_path, "r/2 2 250 1200\na 400\n")


@pytest.mark.parametrize("rate", ["0", "-1", "100001", "inf", "nan"])
def test_an_absurd_rate(tmp_path: Path, rate: str) -> None:
    with pytest.raises(UnfitError, match=f"absurd sampling rate: {rate} Hz"):
        _header(tmp_path, f"r 1 {rate} 100\nr.dat 16\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("# only a comment\n", "it is empty"),
        ("r\n", "is no record line"),
        ("r two 360\n", "is no record line"),
        ("r 1 fast 100\nr.dat 16\n", "'fast' is no sampling rate"),
        ("r 0 360 100\n", "0 signals"),
        ("r 1 360 100\nr.dat\n", "is no signal line"),
        ("r 1 360 100\nr.dat 17\n", "format 17 is not known"),
        ("r 1 360 100\nr.dat 16+x\n", "is no signal line"),
        ("r/2a 1 360 100\na 100\n", "format 100 is not known"),  # a path, and no segments
    ],
)
def test_what_is_no_header(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UnfitError, match=f"unreadable header: .*{reason}"):
        _header(tmp_path, text)


@pytest.mark.parametrize("name", ["../r.dat", "/r.dat", "a/../../r.dat", "a\\r.dat", "C:r.dat"])
def test_a_name_that_leads_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnfitError, match="unsafe name"):
        _header(tmp_path, f"r 1 360 100\n{name} 16\n")
    with pytest.raises(UnfitError, match="unsafe name"):
        _header(tmp_path, f"r/1 1 360 100\n{name} 100\n")


@pytest.mark.recordings
@pytest.mark.parametrize("slug", ["mitdb", "ecgiddb", "ptbdb", "nstdb"])
def test_real_files_are_exactly_as_long_as_their_headers_say(physionet: Path, slug: str) -> None:
    root = physionet / slug / "1.0.0"
    for record in (root / "RECORDS").read_text().split():
        header = read_header(root, record)
        for file in header.files:
            assert header.least_bytes(file) == (root / file).stat().st_size, file
