"""What every reader of published weights must do, whoever has published them."""

import pickle
from pathlib import Path

import pytest
import torch

from cardiograft import plugins

NAMES = plugins.names("readers")


class Trap:
    """What executes a command where a file is unpickled without care."""

    def __init__(self, touched: Path) -> None:
        self.touched = touched

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (self.touched,))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_is_said(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        plugins.load("readers", name).read(tmp_path / "none")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "content", [b"", b"weights", b"\x80\x02]q\x00.", b"PK\x03\x04" + bytes(99)]
)
def test_what_is_of_another_kind_is_refused_in_a_line(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "weights").write_bytes(content)
    with pytest.raises(ValueError, match="weights") as refused:
        plugins.load("readers", name).read(tmp_path / "weights")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_a_file_is_executed(name: str, tmp_path: Path) -> None:
    trap = {"state": Trap(tmp_path / "touched"), "weight": torch.zeros(2)}
    torch.save(trap, tmp_path / "zipped")
    (tmp_path / "plain").write_bytes(pickle.dumps(trap))
    for file in ("zipped", "plain"):
        with pytest.raises(ValueError, match=file):
            plugins.load("readers", name).read(tmp_path / file)
    assert not (tmp_path / "touched").exists()
