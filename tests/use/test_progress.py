"""A bar on a terminal, lines elsewhere, nothing in stdout; and a clean end however it ends."""

import contextlib
import re
import signal
import sys
import types
from fractions import Fraction
from pathlib import Path
from typing import Any

import in_use
import numpy as np
import own_folder
import pytest
from in_use import Trained
from screens import Terminal, drawn, screen

from cardiograft.datasets._stream import Group, Stream
from cardiograft.specs.own_folder import OwnFolder
from cardiograft.specs.segment import Segment
from cardiograft.use import command, progress
from cardiograft.use.pieces import pieces
from cardiograft.use.progress import Progress

DAY_S = 86_400
LONG = "ward/P01: refused: " + "/".join(["a-folder-of-a-long-name"] * 8)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return in_use.trained("windows", tmp_path_factory.mktemp("windows"))


def shares(written: str) -> list[str]:
    """Return the hours that a bar showed, each once, in order."""
    return list(dict.fromkeys(re.findall(r"[\d.]+ of [\d.]+ h", drawn(written))))


def test_each_recording_has_a_bar_from_its_start_to_its_end(terminal: Terminal) -> None:
    terminal.attach()
    with Progress(2) as shown:
        for name, duration_s in (("one[red]", 600.0), ("a-day", float(DAY_S))):
            with shown.recording(name, duration_s):
                task = shown._bar.tasks[0]
                assert not task.finished
                assert task.elapsed is not None
                assert task.elapsed < 5  # as long as this recording takes, not those before
                shown.reached(duration_s / 4)
                assert task.percentage == pytest.approx(25)
                shown._bar.refresh()
                shown.reached(duration_s)
                assert task.finished
                shown._bar.refresh()
    written = terminal.written()
    assert "one[red] (1 of 2)" in drawn(written)
    assert {"6.0 of 24.0 h", "24.0 of 24.0 h"} <= set(shares(written))
    assert screen(written) == []
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # the cursor is back


def test_a_line_beside_the_bar_is_whole_and_stays(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.attach()
    with Progress(1) as shown, shown.recording("one", 60.0):
        sys.stdout.write("a result\n")  # while the bar is there
        shown.say(LONG)
        shown.reached(30.0)
    assert screen(terminal.written()) == [LONG]
    assert capsys.readouterr().out == "a result\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_bar_is_gone_however_it_ends(terminal: Terminal, error: type[BaseException]) -> None:
    terminal.attach()
    with contextlib.suppress(error), Progress(1) as shown, shown.recording("one", 60.0):
        shown.reached(30.0)
        raise error
    written = terminal.written()
    assert screen(written) == []
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


def test_without_a_terminal_there_are_lines_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now_s = [0.0]
    monkeypatch.setattr(progress, "time", types.SimpleNamespace(monotonic=lambda: now_s[0]))
    with Progress(1) as shown, shown.recording("a-day", float(DAY_S)):
        for hour in range(1, 25):
            now_s[0] += 3.0
            shown.reached(3600.0 * hour)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines == [f"a-day (1 of 1): {h}.0 of 24.0 h" for h in (4, 8, 12, 16, 20, 24)]
    assert "\x1b" not in err
    assert "\r" not in err


@pytest.mark.parametrize("rate_hz", [125, 128, 360, Fraction(1000, 3)])
def test_pieces_of_a_day_end_with_the_day(rate_hz: Any) -> None:
    """What is told after the last piece is the whole; before it, ever more."""
    spec = Segment.model_validate(
        {
            "database": "own",
            "dataset": "wfdb_folder",
            "rate_hz": 125,
            "signal": {"leads": ["II"]},
            "cut": {"name": "windows", "window_s": 10},
        }
    )
    frames = round(DAY_S * rate_hz)
    group = Group(leads=("II",), units=("mV",), per_frame=1)
    stream = Stream(
        frame_hz=Fraction(rate_hz), frames=frames, groups=(group,), read=lambda first, count: []
    )
    folder = OwnFolder.model_validate({"path": ".", "subject": "record", "mains_hz": 50})
    told = [float(p.keep_to / stream.frame_hz) for p in pieces(stream, spec, folder, piece_s=3600)]
    assert 23 <= len(told) <= 26
    assert told == sorted(set(told))
    assert told[-1] == stream.duration_s == pytest.approx(DAY_S)


def applied(case: Trained, monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    line = ["cardiograft", "apply", str(case.model), *map(str, words)]
    monkeypatch.setattr(sys, "argv", line)
    try:
        command.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_apply_on_a_terminal(
    case: Trained,
    terminal: Terminal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal.attach()
    bad = tmp_path / "bad.hea"
    bad.write_text("bad 1 360 100\nbad.dat 16 200 0 0 0 0 0 II\n")
    records = (case.root / "106", case.root / "119", bad)
    out = tmp_path / "out"
    assert applied(case, monkeypatch, *records, "--out", out, "--piece-s", "60") == 1
    written = terminal.written()
    left = screen(written)
    assert "119 (2 of 3)" in drawn(written)
    assert [line.partition(":")[0] for line in left if line.startswith(("106", "119", "bad"))] == [
        "106",
        "119",
        "bad",
    ]
    assert left[-1].startswith("2 of 3 recordings: 0.07 h in ")
    assert not any("━" in line for line in left)
    assert capsys.readouterr().out == ""


def test_apply_where_stderr_is_no_terminal(
    case: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert applied(case, monkeypatch, case.root / "106", "--out", tmp_path) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert not set("\x1b\r━") & set(err)


def test_apply_that_is_interrupted_ends_in_a_line(
    case: Trained,
    terminal: Terminal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal.attach()
    records = [case.root / "106", case.root / "119"]
    assert applied(case, monkeypatch, *records[:1], "--out", tmp_path / "out") == 0
    reached = Progress.reached

    def ended(self: Progress, second: float) -> None:
        reached(self, second)
        if self._number == 2 and second:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Progress, "reached", ended)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's "&" ignores it
    try:
        assert applied(case, monkeypatch, *records, "--out", tmp_path / "out") == 130
    finally:
        signal.signal(signal.SIGINT, before)
    written = terminal.written()
    line = "cardiograft apply: interrupted; nothing unfinished was published"
    assert screen(written)[-1] == line
    assert "Traceback" not in written
    # what was complete is there; half a recording is not, nor what an earlier run summed up
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "106.csv",
        "106.parquet",
        "106.pred",
    ]
    assert capsys.readouterr().out == ""


def test_an_error_beside_a_bar_ends_in_a_line(
    case: Trained, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.attach()

    def full(self: Progress, second: float) -> None:
        raise OSError(28, "No space left on device", "somewhere/106.parquet")

    monkeypatch.setattr(Progress, "reached", full)
    assert applied(case, monkeypatch, case.root / "106", "--out", tmp_path) == 1
    written = terminal.written()
    assert screen(written)[-1] == (
        "cardiograft apply: No space left on device: somewhere/106.parquet;"
        " nothing unfinished was published"
    )
    assert "Traceback" not in written


def test_a_command_that_is_interrupted_while_libraries_load_ends_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "thinks_better.py").write_text("raise KeyboardInterrupt\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(command.SUBCOMMANDS, "apply", "thinks_better")
    with pytest.raises(SystemExit) as end:
        command.main(["apply", "beats", "P01"])
    assert end.value.code == 130
    assert capsys.readouterr().err == (
        "cardiograft apply: interrupted; nothing unfinished was published\n"
    )


def begun(monkeypatch: pytest.MonkeyPatch, folder: Path, records: Path) -> None:
    line = ["cardiograft", "init", str(folder), "--records", str(records), "--mains-hz", "50"]
    monkeypatch.setattr(sys, "argv", line)
    command.main()


def test_init_shows_which_recording_it_reads(
    terminal: Terminal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal.attach()
    root = own_folder.write(tmp_path / "clinic")
    begun(monkeypatch, tmp_path / "study", root)
    written = terminal.written()
    assert re.search(r"\(\d+ of \d+\)", drawn(written))
    assert screen(written) == []
    out = capsys.readouterr().out
    assert out.startswith("recordings  ")
    assert not set("\x1b\r━") & set(out)


def test_init_tells_how_much_of_a_recording_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[str, float, float]] = []
    monkeypatch.setattr(
        Progress, "reached", lambda self, s: told.append((self._name, s, self._duration_s))
    )
    root = tmp_path / "long"
    root.mkdir()
    samples = np.zeros((1, 50 * 1500)) + (np.arange(50 * 1500) % 40) / 10
    in_use.write_wfdb(root, "P1", samples, leads=("II",), rate_hz=50)
    begun(monkeypatch, tmp_path / "study", root)
    assert told == [("P1", s, 1500.0) for s in (0.0, 600.0, 1200.0, 1500.0)]
    assert capsys.readouterr().err == ""
