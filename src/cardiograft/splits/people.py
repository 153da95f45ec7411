"""One name for each person, whatever data set the recording is from.

`ALIASES` lists names of one person in several data sets of PhysioNet: nstdb's mixtures are mitdb's
118 and 119 with noise (Moody, Muldrow & Mark 1984); 201 and 202 of mitdb are one person's (Moody &
Mark 2001); the training sets of the Challenges of 2020 and 2021 repeat the Shaoxing-Ningbo database
(ecg-arrhythmia) and CPSC 2018 under their own record names, and each other's. What they renamed
without a list (incartdb as I0001..., ptbdb as S0001...; nothing says that the order was kept) no
name tells: there the recordings' rhythm does (`recordings`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import pyarrow as pa

Group = Sequence[str]
ANY = ""
MOST_NAMES = 1000  # of one person: patterns of a config may lead from name to name for ever
# Patterns of <dataset>/<subject> of one person; what `*` stands for is the same in a whole group,
# `**/` is any folders. The first is the name that counts.
ALIASES: tuple[tuple[str, ...], ...] = (
    ("mitdb/118", "nstdb/118", "nstdb/118e*"),
    ("mitdb/119", "nstdb/119", "nstdb/119e*"),
    ("mitdb/201", "mitdb/202"),
    *(
        tuple(f"{data}/**/{kind}*" for data in others)
        for kind, others in {
            "JS": ("challenge_2021", "ecg_arrhythmia", "chapman_shaoxing", "ningbo"),
            "A": ("challenge_2021", "challenge_2020", "cpsc_2018"),
            "Q": ("challenge_2021", "challenge_2020", "cpsc_2018_extra"),
            "I": ("challenge_2021", "challenge_2020", "st_petersburg_incart"),
            "S": ("challenge_2021", "challenge_2020", "ptb"),
            "E": ("challenge_2021", "challenge_2020", "georgia"),
        }.items()
    ),
    # PTB-XL names a recording by its number and its rate, the challenges number it alike
    *(
        ("challenge_2021/**/HR*", "challenge_2020/**/HR*", *(f"{own}/**/{name}" for name in names))
        for own, names in {"ptb_xl": ("HR*", "*_hr", "*_lr"), "ptbxl": ("*_hr", "*_lr")}.items()
    ),
    ("challenge_2021/E07509", "challenge_2021/E07510"),  # one signal
)


def person(subject: str, people: Iterable[Group] = ()) -> str:
    """Return the one name of ``<dataset>/<subject>``; its own where no group holds it.

    Parameters
    ----------
    people
        Groups beside `ALIASES`, of own data: they count first.

    Examples
    --------
    >>> person("nstdb/118"), person("mine/p07", [("mitdb/118", "mine/p07")])
    ('mitdb/118', 'mitdb/118')
    """
    return _person(subject, (*map(tuple, people), *ALIASES))


@lru_cache(maxsize=1 << 18)  # a table of ECGs has tens of thousands of names
def _person(subject: str, groups: tuple[tuple[str, ...], ...]) -> str:
    names, counting, new = {subject}, dict[int, set[str]](), [subject]
    while new and len(names) <= MOST_NAMES:  # all names of one person lead to the same names
        name = new.pop()
        for place, own in _alike(name, groups):
            counting.setdefault(place, set()).add(own[0])
            new += [one for one in own if one not in names]
            names.update(own)
    return min(counting[min(counting)]) if counting else subject


def persons(subjects: pa.ChunkedArray, people: Iterable[Group] = ()) -> pa.ChunkedArray:
    """Return the person of each row."""
    coded = subjects.dictionary_encode().combine_chunks()
    groups = tuple(people)
    names = pa.array([person(name, groups) for name in coded.dictionary.to_pylist()], pa.string())
    return pa.chunked_array([names.take(coded.indices)])


def _alike(name: str, groups: tuple[tuple[str, ...], ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield each group with a pattern that a name matches: its place, and the person's names in it.

    The one that counts first.
    """
    spelled, known = _spelled(name), _by_dataset(groups)
    dataset = spelled.partition("/")[0]
    seen = -1
    for place, pattern in known.get(dataset, known[ANY]):
        match = pattern.fullmatch(spelled) if place != seen else None
        if match:
            seen, meant = place, "".join(match.groups())
            own = [_meant(one, meant) for one in groups[place] if meant or "*" not in _plain(one)]
            if own:
                yield place, own


@lru_cache(maxsize=32)
def _by_dataset(
    groups: tuple[tuple[str, ...], ...],
) -> dict[str, list[tuple[int, re.Pattern[str]]]]:
    """Return which patterns, with their groups' places, may match names of a data set.

    Those of other data sets are not tried on each of so many names. `ANY` holds the patterns that
    name no data set.
    """
    each = [
        (place, one, *_spelled(one).partition("/")[:2])
        for place, group in enumerate(groups)
        for one in group
    ]
    named = {first for _, _, first, slash in each if slash and "*" not in first}
    return {
        dataset: [
            (place, _compiled(one))
            for place, one, first, slash in each
            if first == dataset or not slash or "*" in first
        ]
        for dataset in (*named, ANY)
    }


def _plain(pattern: str) -> str:
    return pattern.replace("**/", "")


def _meant(pattern: str, meant: str) -> str:
    return _spelled(_plain(pattern).replace("*", meant))


def _spelled(name: str) -> str:
    dataset, slash, rest = name.partition("/")
    return dataset.replace("-", "_") + slash + rest


def _compiled(pattern: str) -> re.Pattern[str]:
    text = re.escape(_spelled(pattern)).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "([^/]*)")
    return re.compile(text)
