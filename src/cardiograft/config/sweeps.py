"""Short config made long: sweeps expanded, and what an entry takes from another filled in.

A sweep is an entry whose name has placeholders::

    transfer:
      "{data}-{init}":
        sweep: {data: [mit, ptb], init: [scratch, pretext]}
        split: "{data}-strict"

It stands for one entry per combination. A string that is only a placeholder takes the
value with its type; the variables (but `entry` and `split`) become the entry's tags, unless
a tag of that name is null (of an evaluation, this drops its model's tag too). In a mapping
``switch`` picks by a variable: ``{switch: init, scratch: [], pretext: [...]}``.
"""

import itertools
import re
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from cardiograft import plugins
from cardiograft.specs.prune import Prune

SECTIONS = (
    "databases", "segments", "splits", "pretrain", "prune", "transfer", "baselines",
    "evaluations", "tables",
)  # fmt: skip
NETWORKS = ("pretrain", "prune", "transfer")
TRAININGS = (*NETWORKS, "baselines")
TAGGED = (*TRAININGS, "evaluations")
UNTAGGED = ("entry", "split")  # a table has columns of their own for these
PLACEHOLDER = re.compile(r"\{(\w+)\}")
Raw = dict[str, Any]


def expanded(config: Raw) -> Raw:
    """Return a config without sweeps and without entries that are null (removed by an overlay).

    Of `tables` only those of the config's `studies` are kept, in their order; all, if it names
    none.

    Raises
    ------
    ValueError
        A section, an entry, its sweep or its tags are no mapping, or a sweep and its name do not
        agree.
    """
    result = dict(config)
    for section in SECTIONS:
        entries = _mapping(section, config.get(section) or {})
        result[section] = {}
        for name, entry in entries.items():
            if entry is None:
                continue
            for full, one in _each(section, name, _mapping(f"{section}.{name}", entry), result):
                if full in result[section]:
                    raise ValueError(f"{section}.{full}: two entries expand to this name")
                result[section][full] = one
    names = result.pop("studies", None)
    result.pop("size", None)
    if names is not None:
        result["tables"] = {name: _of_study(name, result["tables"]) for name in names}
    return result


def _of_study(name: str, tables: Raw) -> Raw:
    if name not in tables:
        raise ValueError(f"tables: no entry for the study {name!r}.{plugins.hint(name, tables)}")
    found: Raw = tables[name]
    return found


def completed(config: Raw) -> Raw:
    """Return a config in which entries hold what they take from those they refer to.

    A database's reader, a prune's and a transfer's model, an evaluation's split, a study's
    evaluations and the networks to export by pattern.
    """
    for name, database in config["databases"].items():
        database.setdefault("dataset", name)
    for entry in config["segments"].values():
        database = entry.get("database")
        known = isinstance(database, str)  # or it is refused, in one line, later
        reader = config["databases"].get(database, {}).get("dataset", "") if known else ""
        entry.setdefault("dataset", reader)
    for section in ("prune", "transfer"):
        for name, entry in config[section].items():
            _take_from_source(config, f"{section}.{name}", entry)
    for name, entry in config["evaluations"].items():
        entry.setdefault("model", name)
        if model := _training(config, entry["model"]):
            entry.setdefault("split", model.get("split"))
    for name, study in config["tables"].items():
        if "evaluations" in study:
            study["evaluations"] = _matching(
                f"tables.{name}.evaluations", study["evaluations"], config["evaluations"]
            )
    networks = [n for section in NETWORKS for n in config[section]]
    config["exports"] = _matching("exports", config.get("exports") or [], networks)
    return config


def _each(section: str, name: str, entry: Raw, config: Raw) -> list[tuple[str, Raw]]:
    entry = dict(entry)
    sweep = _mapping(f"{section}.{name}.sweep", entry.pop("sweep", {}))
    names = PLACEHOLDER.findall(name)
    if set(names) != set(sweep):
        raise ValueError(
            f"{section}.{name}: the placeholders of its name {sorted(set(names))}"
            f" are not the variables of its sweep {sorted(sweep)}"
        )
    axes = [_values(section, name, key, sweep[key], config) for key in sweep]
    found = []
    for values in itertools.product(*axes):
        variables = dict(zip(sweep, values, strict=True))
        one = _filled(entry, variables, f"{section}.{name}")
        if section in TAGGED and sweep:
            given = {k: str(v) for k, v in variables.items() if k not in UNTAGGED}
            tags = {**given, **_mapping(f"{section}.{name}.tags", one.get("tags", {}))}
            # An evaluation's null is kept: it drops the tag of its model as well.
            kept = section == "evaluations"
            one["tags"] = {k: v for k, v in tags.items() if kept or v is not None}
        found.append((_filled(name, variables, section), one))
    return found


def _mapping(place: str, given: Any) -> Raw:
    if not isinstance(given, dict):
        raise ValueError(f"{place}: expected a mapping, not {given!r}")
    return given


def _values(section: str, name: str, key: str, values: Any, config: Raw) -> list[Any]:
    if isinstance(values, str):
        return _matching(f"{section}.{name}.sweep.{key}", [values], _all_trainings(config))
    if not isinstance(values, list) or not values:
        raise ValueError(f"{section}.{name}.sweep.{key}: expected a list, not {values!r}")
    return values


def _filled(value: Any, variables: Raw, place: str) -> Any:
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        if whole and whole[1] in variables:
            return variables[whole[1]]
        return PLACEHOLDER.sub(lambda m: str(variables.get(m[1], m[0])), value)
    if isinstance(value, list):
        return [_filled(v, variables, place) for v in value]
    if isinstance(value, dict):
        if "switch" in value:
            return _filled(_switched(value, variables, place), variables, place)
        return {
            _filled(k, variables, place): _filled(v, variables, place) for k, v in value.items()
        }
    return value


def _switched(value: Raw, variables: Raw, place: str) -> Any:
    key = value["switch"]
    if key not in variables:
        raise ValueError(f"{place}: switch {key!r} is no variable.{plugins.hint(key, variables)}")
    case = str(variables[key])
    cases = {str(k): v for k, v in value.items() if k != "switch"}
    if case not in cases and "else" not in cases:
        raise ValueError(
            f"{place}: switch {key!r} has no case {case!r}.{plugins.hint(case, cases)}"
        )
    return cases.get(case, cases.get("else"))


def _take_from_source(config: Raw, place: str, entry: Raw) -> None:
    transfers = place.startswith("transfer.")
    if transfers and "source" in entry:
        source = entry.pop("source")
        if "sources" in entry:
            raise ValueError(f"{place}: 'source' and 'sources' contradict: give one of them")
        mapped = {"map": entry.pop("map")} if "map" in entry else {}
        entry["sources"] = [] if source is None else [{"entry": source, **mapped}]
    first = entry.get("source") or _first(place, entry.get("sources", ()))
    source = _training(config, first)
    if first is not None and source is None:
        known = plugins.hint(str(first), _all_trainings(config))
        raise ValueError(f"{place}.source: no entry named {first!r}.{known}")
    for key in ("model",) if transfers else ("model", "task", "split"):
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
            found: Raw = config[section][name]
            return found
    return None


def _all_trainings(config: Raw) -> list[str]:
    return [name for section in TRAININGS for name in config.get(section) or {}]


def _matching(place: str, patterns: Any, known: Any) -> list[str]:
    patterns = [patterns] if isinstance(patterns, str) else patterns
    if not isinstance(patterns, list):
        raise ValueError(f"{place}: expected names or patterns of names, not {patterns!r}")
    found: list[str] = []
    for pattern in map(str, patterns):
        hits = [name for name in known if fnmatchcase(name, pattern)]
        if not hits:
            raise ValueError(f"{place}: nothing matches {pattern!r}.{plugins.hint(pattern, known)}")
        found += [h for h in hits if h not in found]
    return found
