"""Values of the studies' pages that no study's table publishes, and where each is taken from.

``0.803<!--counted: threshold of repeat 0-->`` is the value of that name of
``docs/results/counted/values.csv``. ``sources.yaml`` beside it says for each page, by name, which
numbers of which files it is made of::

    ecg_quality:
      threshold of repeat 0:
        take: [{file: quality/scores/quality-scratch/0.parquet, where: {part: test, metric: mse}}]

`file` lies below the folder of results, or in the repository where it begins with ``docs/``. Of a
table `where` chooses rows and `column` (``value``) the number; of a JSON file `at` is the way to
it, in units of `unit`. `{number: 0.85}` is one that a page names. `how` makes one of several:
``difference`` of two, ``sum``, ``least`` or ``most``. A value whose files are not here keeps what
was written before. What was counted once, and no file here holds, is marked ``<!--once-->``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cardiograft.files import read_json

COLUMNS = ("study", "name", "value", "source", "command")
COMMAND = "python workflow/scripts/counted.py --results <folder>"
MARK = re.compile(r"(?P<text>[+−]?[\d.,]*\d(?:e-\d+)?)(?: %)?<!--counted: (?P<name>[^<>]+)-->")
HOW: dict[str, Callable[[list[float]], float]] = {
    "only": lambda numbers: numbers[0],
    "difference": lambda numbers: numbers[0] - numbers[1],
    "sum": sum,
    "least": min,
    "most": max,
}
SIZES = {"difference": 2, "only": 1}


def values(
    sources: Mapping[str, Mapping[str, Any]], results: Path, root: Path, before: pd.DataFrame
) -> pd.DataFrame:
    """Return every counted value: taken anew, or as it was where its files are not here.

    Parameters
    ----------
    sources
        By study and name, as in ``sources.yaml``.
    results, root
        The folder of results, and the repository's.
    before
        What was written last, of `COLUMNS`.

    Raises
    ------
    ValueError
        A file has not the number, or has several where one is meant.
    """
    old = {(row["study"], row["name"]): row for row in before.to_dict("records")}
    rows = []
    for study, by_name in sources.items():
        for name, source in by_name.items():
            files = [
                _place(pick["file"], results, root) for pick in source["take"] if "file" in pick
            ]
            if all(file.exists() for file in files):
                named = ", ".join(pick["file"] for pick in source["take"] if "file" in pick)
                value = f"{_value(f'{study}: {name}', source, results, root):.6g}"
                rows.append(dict(zip(COLUMNS, (study, name, value, named, COMMAND), strict=True)))
            elif (study, name) in old:
                rows.append(old[study, name])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _place(file: str, results: Path, root: Path) -> Path:
    return root / file if file.startswith("docs/") else results / file


def _value(name: str, source: Mapping[str, Any], results: Path, root: Path) -> float:
    how = source.get("how", "only")
    numbers = [n for pick in source["take"] for n in _numbers(pick, results, root)]
    if not numbers or len(numbers) != SIZES.get(how, len(numbers)):
        raise ValueError(f"{name}: {len(numbers)} numbers, of which `{how}` can't be taken")
    return float(HOW[how](numbers))


def _numbers(pick: Mapping[str, Any], results: Path, root: Path) -> list[float]:
    if "number" in pick:
        return [float(pick["number"])]
    file = _place(pick["file"], results, root)
    if file.suffix == ".json":
        content: Any = read_json(file)
        for key in pick["at"]:
            content = content[key]
        return [float(content) / float(pick.get("unit", 1))]
    table = pd.read_parquet(file) if file.suffix == ".parquet" else _csv(file)
    for column, wanted in pick.get("where", {}).items():
        several = wanted if isinstance(wanted, list) else [wanted]
        table = table[table[column].astype(str).isin(several)]
    return [float(value) for value in table[pick.get("column", "value")]]


def _csv(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def read(file: Path) -> pd.DataFrame:
    """Return what was written last; nothing where there is no file."""
    return _csv(file) if file.exists() else pd.DataFrame(columns=list(COLUMNS))


def untrue(text: str, study: str, table: pd.DataFrame) -> list[str]:
    """Return the counted values on a page that are not, as they are printed, those of the table."""
    known = dict(table[table["study"] == study][["name", "value"]].to_numpy().tolist())
    return [
        f"{match['text']} ({match['name']}: {known.get(match['name'], 'not counted')})"
        for match in MARK.finditer(text)
        if not _prints(match, known)
    ]


def _prints(match: re.Match[str], known: Mapping[str, str]) -> bool:
    text = match["text"].replace("−", "-").replace(",", "")
    digits = len(text.partition(".")[2]) if "e" not in text else 0
    value = float(known.get(match["name"], "nan")) * (100 if " %<" in match[0] else 1)
    if "e" in text:
        return f"{value:.0e}" == f"{float(text):.0e}"
    return round(value, digits) == float(text)


def unnamed(text: str) -> Sequence[str]:
    """Return what a page calls counted and does not name."""
    return re.findall(r"\S+<!--counted-->", text)
