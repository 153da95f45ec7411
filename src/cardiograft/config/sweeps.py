"""Short config made long: entries made into rows, and what one takes from another filled in.

`rows` says what one entry stands for. Here the rows of all sections are put together: a training's
``evaluate`` becomes an evaluation of its own, the folds of a split become splits.
"""

from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from cardiograft import plugins
from cardiograft.config import shipped_sources
from cardiograft.config.rows import PLACEHOLDER, EntryRow, Raw, mapping, rows
from cardiograft.specs.prune import Prune

SECTIONS = (
    "databases", "segments", "quality_gates", "splits", "pretrain", "prune", "transfer",
    "baselines", "evaluations", "export", "apply", "tables",
)  # fmt: skip
NETWORKS = ("pretrain", "prune", "transfer")
TRAININGS = (*NETWORKS, "baselines")
TAGGED = (*TRAININGS, "evaluations")
FOLD = "{fold}"  # in a split's `name`: the name of the fold


def expanded(config: Raw) -> Raw:
    """Return a config of single entries, without those that are null (removed by a file on top).

    Of `tables` only those of the config's `studies` are kept, in their order; all, if it names
    none.

    Raises
    ------
    ValueError
        One line: a place of config, and what does not fit there.
    """
    return traced(config)[0]


def traced(config: Raw) -> tuple[Raw, dict[str, dict[str, Raw]]]:
    """Return a config of single entries, and by section and entry where its values stand."""
    result = {k: v for k, v in config.items() if k not in ("presets", "studies", "size")}
    presets = mapping("presets", _or(config.get("presets"), {}))
    folds: dict[str, dict[str, str]] = {}
    origins: dict[str, dict[str, Raw]] = {section: {} for section in SECTIONS}
    result |= {section: {} for section in SECTIONS}
    for section in SECTIONS:
        written: dict[str, str] = {}
        for name, entry in mapping(section, _or(config.get(section), {})).items():
            if entry is None:
                continue
            entry = mapping(f"{section}.{name}", entry)
            for row in rows(section, name, entry, presets, folds):
                singles = _folds(row, folds) if section == "splits" else [row]
                for one in singles:
                    _check_split(section, one, folds)
                    _check_new(section, one.name, name, written)
                    _put(result, origins, section, one)
    names = config.get("studies")
    if names is not None:
        result["tables"] = {name: _of_study(name, result["tables"]) for name in names}
    return result, origins


def _or(value: Any, nothing: Any) -> Any:
    """Return a value, or what stands for it where it is null: 0 and "" are not nothing."""
    return nothing if value is None else value


def _check_split(section: str, row: EntryRow, folds: dict[str, dict[str, str]]) -> None:
    split = row.content.get("split")
    if section in TAGGED and isinstance(split, str) and split in folds:
        raise ValueError(
            f"{section}.{row.name}.split: {split!r} has folds: name one of them"
            f" ({', '.join(folds[split].values())}), or all:"
            f" splits: {{folds: {{split: {split}}}}}"
        )


def _check_new(section: str, row: str, name: str, written: dict[str, str]) -> None:
    """Note as what a row is written; raise a `ValueError` if another entry has made one so named.

    The usual way there is a file on top that names one row of several as if it stood by itself.
    """
    if row in written:
        hint = f", two rows of {name!r}"
        if written[row] != name:
            hint = f", {written[row]!r} and {name!r}"
            if PLACEHOLDER.search(written[row]):
                hint += f": change this one of {written[row]!r} below its variants or splits"
        raise ValueError(f"{section}.{row}: two entries expand to this name{hint}")
    written[row] = name


def _put(result: Raw, origins: dict[str, dict[str, Raw]], section: str, row: EntryRow) -> None:
    """Put a row into its section, and the evaluation that it asks for into that of evaluations."""
    content, origin = dict(row.content), dict(row.origin)
    if row.name in result[section]:
        raise ValueError(f"{section}.{row.name}: two entries expand to this name")
    if section in TAGGED and "tags" in content:
        tags = mapping(f"{section}.{row.name}.tags", content["tags"])
        for tag, value in tags.items():
            if isinstance(value, bool) or not isinstance(value, str | int | float | None):
                where = f"{section}.{row.name}.tags.{tag}"
                raise ValueError(f"{where}: {value!r}: expected text: write it in quotes")
        content["tags"] = {
            k: v if v is None else str(v)
            for k, v in tags.items()
            if v is not None or section == "evaluations"
        }
    if section in TRAININGS and content.get("evaluate") is not None:
        evaluation = mapping(f"{section}.{row.name}.evaluate", content.pop("evaluate"))
        evaluation = {"model": row.name, **evaluation}
        _put(
            result,
            origins,
            "evaluations",
            EntryRow(row.name, evaluation, origin.pop("evaluate"), row.run),
        )
    content.pop("evaluate", None)
    origin.pop("evaluate", None)
    if section == "evaluations" and row.run is not None:
        content.setdefault("pool", row.run)
    result[section][row.name], origins[section][row.name] = content, origin


def _folds(row: EntryRow, folds: dict[str, dict[str, str]]) -> list[EntryRow]:
    """Return a split by itself, or a split for each of the folds that it names."""
    names = row.content.get("fold")
    if isinstance(names, list):
        names = {str(number): number for number in names}
    if not isinstance(names, dict):
        return [row]
    pattern = row.content.get("name", f"{row.name}-{FOLD}")
    if not isinstance(pattern, str) or PLACEHOLDER.findall(pattern) != ["fold"]:
        raise ValueError(
            f"splits.{row.name}.name: {pattern!r} has no {FOLD}, which stands for the fold's name"
        )
    split_by_fold = {
        fold: pattern.replace(FOLD, fold) for fold, n in names.items() if n is not None
    }
    folds[row.name] = split_by_fold
    content = {k: v for k, v in row.content.items() if k != "name"}
    places = row.origin["fold"]
    return [
        EntryRow(
            name=split,
            content={**content, "fold": names[fold]},
            origin={**row.origin, "fold": places[fold] if isinstance(places, dict) else places},
        )
        for fold, split in split_by_fold.items()
    ]


def _of_study(name: str, tables: Raw) -> Raw:
    if name not in tables:
        raise ValueError(f"tables: no entry for the study {name!r}.{plugins.hint(name, tables)}")
    table: Raw = tables[name]
    return table


def completed(config: Raw) -> Raw:
    """Return a config in which entries hold what they take from those they refer to.

    A database's reader, a folder's name, a prune's and a transfer's model, an evaluation's split,
    a study's evaluations and the networks to export by pattern.
    """
    for name, database in config["databases"].items():
        database.setdefault("dataset", name)
        if isinstance(database.get("folder"), dict):
            database["folder"].setdefault("name", name)
    for entry in config["segments"].values():
        _take_reader(config, entry)
        if isinstance(entry.get("noise"), dict):
            _take_reader(config, entry["noise"])
    for name, gate in config["quality_gates"].items():
        shipped_sources.gate_named(f"quality_gates.{name}", gate)
    for section in ("prune", "transfer"):
        for name, entry in config[section].items():
            _take_from_source(config, f"{section}.{name}", entry)
    for name, entry in config["evaluations"].items():
        entry.setdefault("model", name)
        if model := _training(config, entry["model"]):
            entry.setdefault("split", model.get("split"))
        elif "split" not in entry:
            model, hint = entry["model"], plugins.hint(str(entry["model"]), _all_trainings(config))
            raise ValueError(f"evaluations.{name}.model: no entry named {model!r}.{hint}")
    for name, study in config["tables"].items():
        if "evaluations" in study:
            study["evaluations"] = _matching(
                f"tables.{name}.evaluations", study["evaluations"], config["evaluations"]
            )
    networks = [n for section in NETWORKS for n in config[section]]
    config["exports"] = _matching("exports", _or(config.get("exports"), []), networks)
    return config


def _take_reader(config: Raw, entry: Raw) -> None:
    database = entry.get("database")
    known = isinstance(database, str)  # or it is refused, in one line, later
    reader = config["databases"].get(database, {}).get("dataset", "") if known else ""
    entry.setdefault("dataset", reader)


def _take_from_source(config: Raw, place: str, entry: Raw) -> None:
    transfers = place.startswith("transfer.")
    if transfers and "source" in entry:
        source = entry.pop("source")
        if "sources" in entry:
            raise ValueError(f"{place}: 'source' and 'sources' contradict: give one of them")
        mapped = {"map": entry.pop("map")} if "map" in entry else {}
        outside = isinstance(source, dict)  # a file that others have published
        one = {**source, **mapped} if outside else {"entry": source, **mapped}
        entry["sources"] = [] if source is None else [one]
    shipped = shipped_sources.named(place, entry) if transfers else None
    first = _first(place, entry.get("sources", ())) if transfers else entry.get("source")
    source = _training(config, first) or shipped
    if source is None and (first is not None or not transfers):
        known = plugins.hint(str(first), _all_trainings(config))
        raise ValueError(f"{place}.source: no entry named {first!r}.{known}")
    keys: tuple[str, ...] = ("model", "view") if transfers else ("model", "view", "task", "split")
    if "model" in entry:  # another model may take no pictures
        keys = tuple(key for key in keys if key != "view")
    for key in keys:
        if source and key in source:
            pruned = key == "model" and first in config["prune"]
            entry.setdefault(key, _result(source) if pruned else source[key])


def _first(place: str, sources: Any) -> Any:
    """Return the entry of the first source, if there is one."""
    if not isinstance(sources, list | tuple) or not all(isinstance(s, dict) for s in sources):
        raise ValueError(f"{place}.sources: expected a list of {{entry, map}}, not {sources!r}")
    return next((s.get("entry") for s in sources), None)


def _result(source: Raw) -> Any:
    """Return the model that a pruning leaves; as it is asked where it can't be read yet."""
    try:
        run = Prune.model_validate({k: v for k, v in source.items() if k in Prune.model_fields})
    except ValidationError:
        return source["model"]  # the entry itself is refused, in one line, later
    return {"name": run.result.name, **run.result.options}


def _training(config: Raw, name: Any) -> Raw | None:
    for section in TRAININGS:
        if isinstance(name, str) and name in config[section]:
            training: Raw = config[section][name]
            return training
    return None


def _all_trainings(config: Raw) -> list[str]:
    return [name for section in TRAININGS for name in config.get(section) or {}]


def _matching(place: str, patterns: Any, known: Any) -> list[str]:
    patterns = [patterns] if isinstance(patterns, str) else patterns
    if not isinstance(patterns, list):
        raise ValueError(f"{place}: expected names or patterns of names, not {patterns!r}")
    matches: list[str] = []
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise ValueError(f"{place}: {pattern!r}: expected text: write it in quotes")
        hits = [name for name in known if fnmatchcase(name, pattern)]
        if not hits:
            raise ValueError(f"{place}: nothing matches {pattern!r}.{plugins.hint(pattern, known)}")
        matches += [h for h in hits if h not in matches]
    return matches
