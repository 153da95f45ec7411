"""Generated pictures of fractals: 70 classes of 500, each class an iterated function system.

Nobody recorded them: they are made from a formula, whatever the mirror, to pretrain networks of
pictures where ImageNet can't be had (formula-driven supervised learning). Whatever shows them is
marked ``generated``. A picture is one file, grey, 8 bits a value (Netpbm's P5): ``c03/i017.pgm`` is
picture 17 of class 3. Each is a subject of its own. `records` of config takes the first so many:
one picture of each class, then a second of each, and so on.

Source: Kataoka et al., Pre-training without natural images, ACCV 2020,
doi:10.1007/978-3-030-69544-6_35; IJCV 2022;130:990-1007, doi:10.1007/s11263-021-01555-8. Ours are
the brightness by how often points fall on a place, and a weight that is any number within its range
where theirs is one of a few.
"""

from functools import cache
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le, Lt

from cardiograft.datasets import _fractals, _pictures, _simulated
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.records import Record

SLUG, VERSION = "fractals", "1.0.0"
MAINS_HZ = 50  # there are none
WANTED = ()
UNITS = {"*": "NU"}
ANNOTATORS = ()
EXTRAS = ()
GENERATED = True

CLASSES, INSTANCES = 70, 500


def names() -> tuple[str, ...]:
    """Return the 35,000 pictures' names, those of all classes in turn."""
    return tuple(f"c{c:02d}/i{i:03d}" for i in range(INSTANCES) for c in range(CLASSES))


def files(root: Path, record: str) -> tuple[str, ...]:
    """Return the file below `root` that a picture is."""
    return (f"{record}.pgm",)


def subject(root: Path, record: str) -> str:
    """Return the picture's own name: no two have anything in common but the formula."""
    return record


def read(root: Path, record: str) -> Record:
    """Read one picture: float32, shape (1, height x width), 0 to 1, labelled with its class.

    Raises
    ------
    FileNotFoundError
        The file is not below `root`.
    ValueError
        It is no grey picture of 8 bits.
    """
    picture_HW = _pictures.from_graymap((root / f"{record}.pgm").read_bytes())
    label = record.partition("/")[0]
    return _pictures.recording(SLUG, record, subject(root, record), picture_HW[None], label)


def simulate(
    root: Path,
    records: tuple[str, ...],
    seed: int,
    *,
    size: Annotated[int, Ge(8), Le(290)] = 64,
    points: Annotated[int, Ge(256), Le(1_000_000)] = 10_000,
    fill: Annotated[float, Ge(0), Le(0.5)] = 0.2,
    spread: Annotated[float, Ge(0), Lt(1)] = 0.2,
) -> None:
    """Write pictures: of each class one system, drawn by the seed and the class's name alone.

    Parameters
    ----------
    size
        Height and width, in which they are kept: a view makes what a network takes of them.
    points
        That a picture is made of.
    fill
        Share of a picture of 64 by 64 and 4,096 points that a class must fill to be one.
    spread
        By which share one of a system's six parameters differs at most between its pictures.

    Raises
    ------
    ValueError
        There is no picture of such a name.
    """

    @cache
    def system(label: str) -> _fractals.System:
        return _fractals.drawn(generator(seed, SLUG, label), size=64, points=4096, fill=fill)

    for record in _simulated.check_names(SLUG, records, names()):
        picture_HH = _fractals.instance(
            system(record.partition("/")[0]),
            generator(seed, SLUG, record),
            size=size,
            points=points,
            spread=spread,
        )
        place = root / f"{record}.pgm"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(_pictures.graymap(picture_HH))  # one of thousands: not synchronised
    _simulated.write_listing(root, records, [])
