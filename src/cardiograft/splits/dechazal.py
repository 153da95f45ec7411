"""The inter-patient split of MIT-BIH: DS1 is trained on, DS2 tested on.

Source: de Chazal et al. 2004, doi:10.1109/TBME.2004.827359.
"""

from math import ceil

from cardiograft.specs.split import Split
from cardiograft.splits.places import place

# fmt: off
DS1 = tuple(map(str, (
    101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122,
    124, 201, 203, 205, 207, 208, 209, 215, 220, 223, 230,
)))


DS2 = tuple(map(str, (
    100, 103, 105, 111, 113, 117, 121, 123, 200, 202, 210,
    212, 213, 214, 219, 221, 222, 228, 231, 232, 233, 234,
)))


# fmt: on
PACED = ("102", "104", "107", "217")


OF_SAME_PERSON = "201"  # in DS1, of the person of 202 in DS2


def dechazal_parts(spec: Split) -> dict[str, str]:
    """Return the part of each record of mitdb.

    Validation and `fraction` count the records of DS1, present or not. With folds the test
    part is one of DS1's, and DS2 is out: choices can be made without it.
    """
    strict = spec.scheme == "dechazal_strict"
    train = [record for record in DS1 if not (strict and record == OF_SAME_PERSON)]
    test = list(DS2)
    if spec.folds is not None:
        train.sort(key=lambda record: place(spec.seed, "fold", record))
        test = train[spec.fold :: spec.folds]
        train = [record for record in train if record not in test]
    train.sort(key=lambda record: place(spec.seed, "validation", record))
    validation = train[: round(spec.validation * len(train))]
    rest = [record for record in train if record not in validation]
    rest.sort(key=lambda record: place(spec.seed, "fraction", record))
    kept = rest[: ceil(spec.fraction * len(rest) - 1e-9)]
    return {
        **dict.fromkeys((*DS1, *DS2, *PACED), "out"),
        **dict.fromkeys(test, "test"),
        **dict.fromkeys(validation, "validation"),
        **dict.fromkeys(kept, "train"),
    }


def listed_part(name: str, parts: dict[str, str], spec: Split) -> str:
    """Return the part that a list of MIT-BIH records puts ``<dataset>/<record>`` in."""
    dataset, _, record = name.partition("/")
    if dataset != "mitdb" or record not in parts:
        raise ValueError(f"{name}: scheme {spec.scheme!r} knows the 48 records of mitdb alone")
    return parts[record]
