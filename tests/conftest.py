"""What tests share: where the real recordings are."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest_plugins = ["browser", "cohort", "device_files", "lockless", "screens"]

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def physionet() -> Path:
    """A directory in PhysioNet's layout with real recordings."""
    default = ROOT.parent / "shared" / "physionet"
    place = Path(os.environ.get("CARDIOGRAFT_PHYSIONET", default))
    if not place.is_dir():
        pytest.skip(f"no real recordings at {place}: set CARDIOGRAFT_PHYSIONET to a mirror of them")
    return place


@pytest.fixture(autouse=True)
def ordinary_floats() -> Iterator[None]:
    """Training flushes denormal numbers to zero in its whole process; other tests want them."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
