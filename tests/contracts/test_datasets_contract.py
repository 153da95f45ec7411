"""What every data set keeps to, run over all that `plugins.names` finds."""

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cardiograft import plugins
from cardiograft.segments import choice
from cardiograft.signals import leads, units

SECONDS = 12.0


def some(module: object) -> tuple[str, ...]:
    """Return the first, the last, and those of the person with the most recordings."""
    names = module.names()
    by_subject: dict[str, list[str]] = {}
    for name in names:
        by_subject.setdefault(module.subject(Path(), name), []).append(name)
    shared = max(by_subject.values(), key=len)[:2]
    return tuple(dict.fromkeys((names[0], *shared, names[-1])))


def listed(root: Path, folder: str = "") -> list[str]:
    """Return the records that RECORDS lists, those of the folders that it lists among them."""
    names = []
    for line in (root / folder / "RECORDS").read_text().split():
        names += listed(root, f"{folder}{line}") if line.endswith("/") else [f"{folder}{line}"]
    return names


def digests(root: Path) -> dict[str, str]:
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file()
    }


OWN = [n for n in plugins.names("datasets") if plugins.constants("datasets", n).get("OWN")]
PUBLISHED = [name for name in plugins.names("datasets") if name not in OWN]


@pytest.fixture(params=PUBLISHED)
def dataset(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def simulated(dataset: str, tmp_path: Path) -> tuple[object, Path, tuple[str, ...]]:
    module = plugins.load("datasets", dataset)
    if "duration_s" not in plugins.options("datasets", dataset).model_fields:
        pytest.skip(f"{dataset} has no simulation whose length can be set")
    module.simulate(tmp_path / "one", some(module), 7, duration_s=SECONDS)
    return module, tmp_path / "one", some(module)


@pytest.mark.parametrize("dataset", plugins.names("datasets"))
def test_its_constants_are_literals(dataset: str) -> None:
    constants = plugins.constants("datasets", dataset)
    named = {"SLUG", "VERSION", "MAINS_HZ", "WANTED", "UNITS", "ANNOTATORS", "EXTRAS"}
    assert named <= set(constants)
    assert constants["MAINS_HZ"] in (50, 60)
    assert all(leads.canonical(lead) == lead for lead in constants["WANTED"])
    assert all(units.find(unit).name == unit for unit in constants["UNITS"].values())


def test_its_names_are_distinct_and_stay_below_their_folder(dataset: str) -> None:
    names = plugins.load("datasets", dataset).names()
    assert len(set(names)) == len(names) > 0
    assert not any(n.startswith("/") or ".." in n or "\\" in n or " " in n for n in names)


def test_what_it_writes_it_reads(simulated: tuple[object, Path, tuple[str, ...]]) -> None:
    module, root, names = simulated
    assert listed(root) == list(names)
    for name in names:
        record = module.read(root, name)
        channels, samples = record.signal_CT.shape
        assert (record.id, record.dataset) == (name, module.__name__.rpartition(".")[2])
        assert record.subject == module.subject(root, name)
        assert record.signal_CT.dtype == np.float32
        finite = np.isfinite(record.signal_CT)
        assert finite.all() or (getattr(module, "GAPS", False) and finite.mean() > 0.6)
        assert channels == len(record.leads) == len(record.units) == len(set(record.leads))
        stated = [choice.stated(lead, module.UNITS) for lead in record.leads]
        assert all(units.factor(u, s) for u, s in zip(record.units, stated, strict=True))
        assert isinstance(record.rate_hz, Fraction)
        assert samples == pytest.approx(SECONDS * float(record.rate_hz), abs=1)
        assert all(leads.canonical(lead) == lead for lead in record.leads)
        assert not module.WANTED or leads.index(record.leads, module.WANTED) is not None
        assert record.mains_hz == getattr(module, "mains_hz", lambda _: module.MAINS_HZ)(name)
        at = record.annotations.sample_A
        assert len(at) == len(record.annotations.symbol_A) == len(record.annotations.aux_A)
        assert np.all(np.diff(at) >= 0)
        assert not len(at) or (at[0] >= 0 and at[-1] < samples)
        assert len(at) or not module.ANNOTATORS
        spread_C = np.nanmax(record.signal_CT, axis=1) - np.nanmin(record.signal_CT, axis=1)
        assert spread_C.min() > 0.02


def test_sums_cover_every_file_and_hold(simulated: tuple[object, Path, tuple[str, ...]]) -> None:
    _, root, _ = simulated
    listed = {
        name: digest
        for digest, name in (
            line.split(maxsplit=1) for line in (root / "SHA256SUMS.txt").read_text().splitlines()
        )
    }
    actual = digests(root)
    del actual["SHA256SUMS.txt"]
    assert listed == actual


def test_a_seed_gives_the_same_bytes_and_another_seed_others(
    simulated: tuple[object, Path, tuple[str, ...]], tmp_path: Path
) -> None:
    module, root, names = simulated
    module.simulate(tmp_path / "again", names, 7, duration_s=SECONDS)
    assert digests(tmp_path / "again") == digests(root)
    module.simulate(tmp_path / "other", names, 8, duration_s=SECONDS)
    first, other = digests(root), digests(tmp_path / "other")
    changed = {name for name in first if first[name] != other[name]}
    assert changed >= {
        name for name in first if Path(name).suffix in (".dat", ".xyz", ".hea", ".mat")
    }


def test_a_record_alone_is_the_record_among_others(
    simulated: tuple[object, Path, tuple[str, ...]], tmp_path: Path
) -> None:
    module, root, names = simulated
    module.simulate(tmp_path / "alone", names[-1:], 7, duration_s=SECONDS)
    alone, among = digests(tmp_path / "alone"), digests(root)
    own = [name for name in alone if names[-1] in name]
    assert own
    assert all(alone[name] == among[name] for name in own)


@pytest.mark.parametrize(
    ("name", "record", "formats", "rate_hz", "end"),
    [
        ("mitdb", "100", {"212"}, 360, b"\r\n"),
        ("nstdb", "118e_6", {"16"}, 360, b"\r\n"),
        ("nstdb", "118e24", {"212"}, 360, b"\r\n"),
        ("ptbdb", "patient001/s0010_re", {"16"}, 1000, b"\n"),
        ("ecgiddb", "Person_13/rec_2", {"16"}, 500, b"\n"),
        ("ephnogram", "WFDB/ECGPCG0003", {"16"}, 8000, b"\n"),
        ("cebsdb", "b001", {"16"}, 5000, b"\n"),
        ("incartdb", "I75", {"16"}, 257, b"\n"),
        ("challenge_2017", "training/A00/A00001", {"16+24"}, 300, b"\r\n"),
        ("challenge_2021", "training/ningbo/g10/JS20000", {"16x1+24"}, 500, b"\n"),
        ("ecg_arrhythmia", "WFDBRecords/01/010/JS00001", {"16+24"}, 500, b"\n"),
        ("icentia11k", "p00/p00000/p00000_s00", {"16"}, 250, b"\n"),
        ("scg_rhc", "processed_data/TRM107-RHC1", {"16"}, 500, b"\n"),
    ],
)
def test_files_have_the_format_that_the_docstring_states(
    name: str, record: str, formats: set[str], rate_hz: int, end: bytes, tmp_path: Path
) -> None:
    module = plugins.load("datasets", name)
    module.simulate(tmp_path, (record,), 0, duration_s=SECONDS)
    content = (tmp_path / f"{record}.hea").read_bytes()
    lines = content.decode().splitlines()
    signals = int(lines[0].split()[1])
    assert {line.split()[1] for line in lines[1 : signals + 1]} == formats
    assert int(lines[0].split()[2]) == rate_hz
    assert content.count(b"\r\n" if end == b"\r\n" else b"\n") == content.count(b"\n")
    assert (b"\r" in content) == (end == b"\r\n")
    stated = " ".join(module.__doc__.split())
    assert all(f"format {form}" in stated or f" {form}" in stated for form in formats)
    assert f"{rate_hz} Hz" in stated
