"""Recordings' files with bytes changed, cut, doubled: read, or refused with a reason; never a hang.

Readers may return, or raise what the manifest takes for a reason to quarantine a recording. The
changes are made in a process with bounded memory and time: ending it is a failure.
"""

import multiprocessing
import os
import random
import resource
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb
from faults.counting import Count
from faults.stages import processes
from scipy.io import loadmat, savemat

from cardiograft.datasets import _scg_vhd, mitdb, scg_vhd
from cardiograft.physionet.headers import UnfitError, read_header

MEMORY = 3 << 30  # bytes of address space above what the process has
SLOW_S = 10.0
REFUSED = (ValueError, UnfitError, FileNotFoundError)
NUMBERS = (
    b"0",
    b"-1",
    b"1e-300",
    b"1e300",
    b"nan",
    b"inf",
    b"999999999999",
    b"2147483648",
    b"~",
    b"",
)


@dataclass(frozen=True)
class Subject:
    """A file to mutate, and how it is read."""

    name: str
    make: Callable[[Path], Path]
    read: Callable[[Path], object]
    text: bool


def _mitdb(root: Path) -> None:
    rng = np.random.default_rng(0)
    root.mkdir(parents=True, exist_ok=True)
    common = {"fmt": ["212", "212"], "adc_gain": [200.0, 200.0], "baseline": [1024, 1024]}
    signal = rng.uniform(-1, 1, (3600, 2))
    wfdb.wrsamp(
        "100",
        fs=360,
        units=["mV", "mV"],
        sig_name=["MLII", "V5"],
        p_signal=signal,
        comments=["69 M 1085 1629 x1", "Aldomet, Inderal"],
        write_dir=str(root),
        **common,
    )
    marks = np.arange(100, 3500, 90)
    symbols = [("N", "V", "A", "+")[k % 4] for k in range(len(marks))]
    notes = ["(AFIB" if s == "+" else "" for s in symbols]
    wfdb.wrann("100", "atr", marks, symbol=symbols, aux_note=notes, write_dir=str(root))


def _header(root: Path) -> Path:
    _mitdb(root)
    return root / "100.hea"


def _annotations(root: Path) -> Path:
    _mitdb(root)
    return root / "100.atr"


def _segmented(root: Path) -> Path:
    _mitdb(root)
    text = "many/3 2 360 10800\n100 3600\n~ 3600\n100 3600\n"
    (root / "many.hea").write_text(text)
    return root / "many.hea"


def _matlab(root: Path) -> Path:
    record = "CP-43"
    filed_CT, clock_T = _scg_vhd.columns(record, 0, 5.0, 50)
    names = list(scg_vhd.COLUMNS)
    file = root / scg_vhd.files(root, record)[0]
    _scg_vhd.write(file, record, names, filed_CT, clock_T)
    return file


def _matlab_plain(root: Path) -> Path:
    """Write the same uncompressed, or no change would get past the compression's checksum."""
    file = _matlab(root)
    content = {k: v for k, v in loadmat(file).items() if not k.startswith("__")}
    savemat(file, content, do_compression=False)
    return file


def _vector(root: Path) -> object:
    return scg_vhd.read(root, "CP-43")


SUBJECTS = (
    Subject("header", _header, lambda root: read_header(root, "100"), True),
    Subject("header of segments", _segmented, lambda root: read_header(root, "many"), True),
    Subject("header, read by its data set", _header, lambda root: mitdb.read(root, "100"), True),
    Subject("annotations", _annotations, lambda root: mitdb.read(root, "100"), False),
    Subject("MATLAB file", _matlab, _vector, False),
    Subject("MATLAB file, not compressed", _matlab_plain, _vector, False),
)


def counts(folder: Path, numbers: dict[str, int], *, seed: int = 0) -> list[Count]:
    """Mutate each kind of file so many times."""
    return [
        _counted(subject, folder / subject.name.replace(" ", "-"), numbers[subject.name], seed)
        for subject in SUBJECTS
        if numbers.get(subject.name)
    ]


def _counted(subject: Subject, folder: Path, number: int, seed: int) -> Count:
    count = Count(f"{subject.name} mutated")
    folder.mkdir(parents=True)
    outcomes = folder / "outcomes.txt"
    first = 0
    while first < number:
        outcomes.write_text("")
        process = processes().Process(
            target=_try_all, args=(subject.name, folder / "root", first, number, seed, outcomes)
        )
        process.start()
        hung = _watched(process, outcomes)
        lines = outcomes.read_text("utf-8").splitlines()
        for line in lines:
            end, _, failure = line.partition("\t")
            count.add(end, failure or None)
        first += len(lines)
        if first < number:
            how = "a hang" if hung else f"the process ended with {process.exitcode}"
            count.add("", f"mutation {first}: {how}")
            first += 1
    return count


def _watched(process: multiprocessing.process.BaseProcess, outcomes: Path) -> bool:
    """Wait for a process; kill it, and return True, where it makes no progress."""
    size, spent_s = -1, 0.0
    while process.is_alive():
        process.join(0.1)
        now = outcomes.stat().st_size
        if now != size:
            size, spent_s = now, _spent_s(process)
        # Of its own processor time: a busy or a suspended machine is no hang.
        if _spent_s(process) - spent_s > 3 * SLOW_S:
            process.kill()
            process.join()
            return True
    return False


def _spent_s(process: multiprocessing.process.BaseProcess) -> float:
    try:
        words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _try_all(name: str, root: Path, first: int, number: int, seed: int, outcomes: Path) -> None:
    subject = next(s for s in SUBJECTS if s.name == name)
    file = subject.make(root)
    whole = file.read_bytes()
    subject.read(root)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    warnings.simplefilter("ignore")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # libraries chat about what they meet
    os.dup2(null, 1)
    with outcomes.open("a", encoding="utf-8") as log:
        for turn in range(first, number):
            rng = random.Random(f"{seed} {name} {turn}")
            file.write_bytes(mutated(whole, rng, text=subject.text))
            log.write(_outcome(subject, root, turn) + "\n")
            log.flush()


def _outcome(subject: Subject, root: Path, turn: int) -> str:
    began = time.process_time()
    try:
        subject.read(root)
        end = "read"
    except REFUSED as error:
        end = "refused"
        if not str(error).strip():
            return f"\tmutation {turn}: refused without a reason"
    except MemoryError:
        return f"\tmutation {turn}: out of memory"
    except Exception as error:
        return f"\tmutation {turn}: {type(error).__name__}: {' '.join(str(error).split())[:150]}"
    took = time.process_time() - began
    return f"\tmutation {turn}: {end} after {took:.0f} s" if took > SLOW_S else f"{end}\t"


def mutated(whole: bytes, rng: random.Random, *, text: bool) -> bytes:
    """Return a file with one to three changes."""
    for _ in range(rng.randint(1, 3)):
        changes = [_flip, _cut, _doubled, _zeroed, _inserted]
        changes += [_token, _token, _token, _line] if text else [_word, _value, _tag]
        whole = rng.choice(changes)(whole, rng)
    return whole


def _flip(whole: bytes, rng: random.Random) -> bytes:
    if not whole:
        return whole
    changed, at = bytearray(whole), rng.randrange(len(whole))
    changed[at] = rng.randrange(256)
    return bytes(changed)


def _cut(whole: bytes, rng: random.Random) -> bytes:
    return whole[: rng.randint(0, len(whole))]


def _span(whole: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randint(0, len(whole))
    return start, min(len(whole), start + rng.randint(0, 64))


def _doubled(whole: bytes, rng: random.Random) -> bytes:
    start, stop = _span(whole, rng)
    return whole[:stop] + whole[start:stop] + whole[stop:]


def _zeroed(whole: bytes, rng: random.Random) -> bytes:
    start, stop = _span(whole, rng)
    return whole[:start] + rng.choice([b"\0", b"\xff"]) * (stop - start) + whole[stop:]


def _inserted(whole: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(whole))
    return whole[:at] + rng.randbytes(rng.randint(1, 16)) + whole[at:]


def _word(whole: bytes, rng: random.Random) -> bytes:
    """Set a word of four bytes, such as a length, to an extreme."""
    at = 4 * rng.randint(0, max(len(whole) // 4 - 1, 0))
    value = rng.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1, rng.randrange(2**32)])
    return whole[:at] + value.to_bytes(4, "little") + whole[at + 4 :]


def _value(whole: bytes, rng: random.Random) -> bytes:
    """Set eight bytes to an odd number, as values of a column are stored."""
    at = 8 * rng.randint(0, max(len(whole) // 8 - 1, 0))
    value = rng.choice([np.nan, np.inf, -np.inf, -1.0, 0.0, 1e-300, 1e300, 2.0**63])
    return whole[:at] + np.float64(value).tobytes() + whole[at + 8 :]


def _tag(whole: bytes, rng: random.Random) -> bytes:
    """Change one of the small numbers that say what follows: a type, a class, a size."""
    small = [
        at for at in range(0, min(len(whole), 1 << 16), 4) if whole[at + 1 : at + 4] == bytes(3)
    ]
    if not small:
        return whole
    at = rng.choice(small)
    return whole[:at] + bytes([rng.randrange(32)]) + whole[at + 1 :]


def _token(whole: bytes, rng: random.Random) -> bytes:
    """Put an odd number, or another of the file's words, in a word's place."""
    lines = whole.split(b"\n")
    at = rng.randrange(len(lines))
    words = lines[at].split(b" ")
    others = [w for line in lines for w in line.split(b" ")]
    odd = rng.choice(NUMBERS)
    words[rng.randrange(len(words))] = rng.choice([odd, rng.choice(others), odd + b"/" + odd])
    lines[at] = b" ".join(words)
    return b"\n".join(lines)


def _line(whole: bytes, rng: random.Random) -> bytes:
    """Remove a line, or repeat one elsewhere."""
    lines = whole.split(b"\n")
    line = lines.pop(rng.randrange(len(lines)))
    if rng.random() < 0.5:
        lines.insert(rng.randint(0, len(lines)), line)
        lines.insert(rng.randint(0, len(lines)), line)
    return b"\n".join(lines)
