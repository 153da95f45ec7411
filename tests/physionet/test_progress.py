"""What a download shows: a bar of files on a terminal, and nothing that stays or goes to stdout."""

import sys

import pytest
from screens import Terminal, drawn, screen

from cardiograft.physionet.progress import Progress


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, ValueError])
def test_files_are_counted_and_the_bar_goes(
    terminal: Terminal, capsys: pytest.CaptureFixture[str], error: type[BaseException] | None
) -> None:
    terminal.attach()
    progress = Progress("own[b]")
    try:
        with progress.files(3):
            sys.stdout.write("a result\n")
            for _ in range(3):
                progress.add(1_500_000)
                progress.done()
            if error:
                raise error
    except (KeyboardInterrupt, ValueError):
        pass
    progress.note("3 records")
    written = terminal.written()
    assert "own[b]" in drawn(written)
    assert "3/3" in drawn(written)
    assert "4.5 MB" in drawn(written)
    assert screen(written) == ["own[b]: 3 records"]
    assert capsys.readouterr().out == "a result\n"


def test_without_a_terminal_no_bar_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("own")
    with progress.files(1):
        progress.done()
    progress.note("1 record")
    assert capsys.readouterr() == ("", "own: 1 record\n")
