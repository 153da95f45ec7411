"""The seven collections that the Challenge of 2021 trains on: folders, names, rates, lengths.

Source: https://physionet.org/content/challenge-2021/1.0.3/, doi:10.13026/34va-7q14; Reyna et al.,
Comput Cardiol 2021, doi:10.23919/CinC53138.2021.9662687, table 1.
"""

from typing import NamedTuple

from cardiograft.datasets import _shaoxing

IN_A_FOLDER = 1000
# Records of one signal under two names.
SAME_SIGNAL = {"E07510": "E07509"}


class Collection(NamedTuple):
    """Records numbered 1 to ``last`` less ``lacking`` of them, and what each is like."""

    prefix: str
    digits: int
    last: int
    lacking: int
    rate_hz: int
    seconds: float
    units: str = "mV"
    mains_hz: int = 50


COLLECTIONS = {
    "cpsc_2018": Collection("A", 4, 6877, 0, 500, 15.0),
    "cpsc_2018_extra": Collection("Q", 4, 3581, 128, 500, 15.0),
    "st_petersburg_incart": Collection("I", 4, 75, 1, 257, 1800.0),
    "ptb": Collection("S", 4, 549, 33, 1000, 110.0),
    "ptb-xl": Collection("HR", 5, 21_837, 0, 500, 10.0, "mv"),
    "georgia": Collection("E", 5, 10_344, 0, 500, 10.0, "mV", 60),
    "chapman_shaoxing": Collection("JS", 5, 10_646, 399, 500, 10.0),
    "ningbo": Collection("JS", 5, 45_551, 10_646, 500, 10.0),
}


def collection(record: str) -> str:
    """Return the collection that a record is of, by its folder.

    Raises
    ------
    ValueError
        It is in no folder of the seven's.
    """
    for part in record.split("/")[:-1]:
        if part in COLLECTIONS:
            return part
    raise ValueError(f"{record}: in no folder of {', '.join(COLLECTIONS)}")


def names_of(folder: str) -> tuple[str, ...]:
    """Return a collection's records (``training/georgia/g8/E07500``), a thousand a folder.

    ASSUME numbers that a collection lacks are spread evenly: which they are is not published as a
    list.
    """
    its = COLLECTIONS[folder]
    if its.prefix == "JS":
        numbers = _shaoxing.numbers(folder)
    else:
        lacking = {(k + 1) * its.last // (its.lacking + 1) for k in range(its.lacking)}
        numbers = tuple(n for n in range(1, its.last + 1) if n not in lacking)
    return tuple(
        f"training/{folder}/g{place // IN_A_FOLDER + 1}/{its.prefix}{number:0{its.digits}d}"
        for place, number in enumerate(numbers, start=1)
    )
