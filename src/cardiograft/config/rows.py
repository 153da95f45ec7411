"""One entry of config made into the rows that it stands for, and where each value came from.

An entry whose name has placeholders stands for several::

    transfer:
      "beats-{init}-{split}":
        splits: {random: {split: beats-random}, folds: {split: beats-thirds}}
        training: {preset: usual, epochs: 6}
        variants:
          init:
            scratch: {}
            pretext: {source: pretext}

``sweep`` gives a variable plain values; ``variants`` gives each value of a variable what it
changes in the entry; ``splits`` does so for each split, and its label ``folds`` stands for every
fold of one. Changes are laid over the entry in that order, mappings key by key, so a variant may
change what is laid on later. Then ``preset`` puts a named set of options below what stands beside
it, and placeholders take their values.
"""

import copy
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cardiograft import plugins

PLACEHOLDER = re.compile(r"\{(\w+)\}")
FOLDS = "folds"  # the label of `splits` that stands for each fold of its split
Raw = dict[str, Any]
Folds = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class EntryRow:
    """One entry as it is read, before its types are checked.

    Attributes
    ----------
    name
        Of the entry, its placeholders filled.
    content
        What it says.
    origin
        The same mapping with each value's place in config, such as
        ``("presets", "usual", "epochs")``.
    run
        The name without the fold, if the row is one fold of several.
    """

    name: str
    content: Raw
    origin: Raw
    run: str | None = None


@dataclass
class _Draft:
    """An entry on its way to a row."""

    content: Raw
    origin: Raw
    variables: Raw = field(default_factory=dict)
    fold: bool = False

    def with_(self, variables: Raw, change: Raw | None = None, places: Any = None) -> "_Draft":
        """Return a draft with variables set and a change laid over it."""
        new = _Draft(
            copy.deepcopy(self.content),
            copy.deepcopy(self.origin),
            {**self.variables, **variables},
            self.fold,
        )
        lay(new.content, new.origin, change or {}, places or {})
        return new


def rows(section: str, name: str, entry: Raw, presets: Raw, folds: Folds) -> Iterator[EntryRow]:
    """Yield every row that an entry stands for.

    Parameters
    ----------
    section, name, entry
        Where it stands, and what it says.
    presets
        Named sets of options.
    folds
        Split with folds to the names of the folds and their splits.

    Raises
    ------
    ValueError
        One line: its place, and what does not fit.
    """
    place = (section, name)
    first = _Draft(copy.deepcopy(entry), _places(entry, place))
    axes = [key for one in ("sweep", "variants") for key in _axes(place, one, entry)]
    named = {*axes, *(["split"] if entry.get("splits") else [])}
    if (placeholders := set(PLACEHOLDER.findall(name))) != named:
        rest = "" if named else ": no file below has an entry of this name to change"
        raise ValueError(
            f"{'.'.join(place)}: the placeholders of its name {sorted(placeholders)} are not the"
            f" variables of its sweep, variants and splits {sorted(named)}{rest}"
        )
    for draft in _placed(place, _varied(place, _swept(place, first)), folds):
        content, origin = _Presets(presets, draft.variables).below(
            place, draft.content, draft.origin
        )
        yield EntryRow(
            name=filled(name, draft.variables),
            content=filled(content, draft.variables),
            origin=filled_keys(origin, draft.variables),
            run=_run(name, draft.variables) if draft.fold else None,
        )


def mapping(place: str, given: Any) -> Raw:
    """Return a mapping, or raise a `ValueError` that names its place."""
    if not isinstance(given, dict):
        raise ValueError(f"{place}: expected a mapping, not {given!r}")
    return given


def lay(content: Raw, origin: Raw, change: Raw, places: Raw) -> None:
    """Lay a change over a mapping, key by key; `places` says where each of its values stands."""
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(content.get(key), dict):
            lay(content[key], origin[key], value, places[key])
        else:
            content[key], origin[key] = copy.deepcopy(value), copy.deepcopy(places[key])


def filled(value: Any, variables: Raw) -> Any:
    """Return a value with its placeholders filled; one that is nothing else takes the type too."""
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        if whole and whole[1] in variables:
            return variables[whole[1]]
        return PLACEHOLDER.sub(lambda m: str(variables.get(m[1], m[0])), value)
    if isinstance(value, list):
        return [filled(v, variables) for v in value]
    if isinstance(value, dict):
        return {str(filled(k, variables)): filled(v, variables) for k, v in value.items()}
    return value


def filled_keys(value: Any, variables: Raw) -> Any:
    """Return a mapping with the placeholders of its keys alone filled."""
    if isinstance(value, dict):
        return {str(filled(k, variables)): filled_keys(v, variables) for k, v in value.items()}
    return value


def _axes(place: tuple[str, ...], key: str, entry: Raw) -> list[str]:
    return list(mapping(".".join((*place, key)), entry.get(key, {})))


def _swept(place: tuple[str, ...], draft: _Draft) -> Iterator[_Draft]:
    sweep = draft.content.pop("sweep", {})
    for key, values in sweep.items():
        if not isinstance(values, list) or not values:
            where = ".".join((*place, "sweep", key))
            raise ValueError(f"{where}: expected a list, not {values!r}")
    for values in itertools.product(*sweep.values()):
        yield draft.with_(dict(zip(sweep, values, strict=True)))


def _varied(place: tuple[str, ...], drafts: Iterator[_Draft]) -> Iterator[_Draft]:
    """Yield drafts with each variable of `variants` laid on in turn."""
    for draft in drafts:
        variants = draft.content.get("variants")
        if not variants:
            draft.content.pop("variants", None)
            yield draft
            continue
        key = next(iter(variants))
        here = (*place, "variants", key)
        values = mapping(".".join(here), variants.pop(key))
        origins = draft.origin["variants"].pop(key)
        for label, change in values.items():
            if change is not None:  # removed by a file on top
                change = mapping(".".join((*here, label)), change)
                one = draft.with_({key: _typed(label)}, change, origins[label])
                yield from _varied(place, iter([one]))


def _placed(place: tuple[str, ...], drafts: Iterator[_Draft], folds: Folds) -> Iterator[_Draft]:
    """Yield drafts on each of their splits, and on each fold of a split that has some."""
    for draft in drafts:
        labels = mapping(".".join((*place, "splits")), draft.content.pop("splits", None) or {})
        origins = draft.origin.pop("splits", {})
        if not labels:
            yield draft
        for label, change in labels.items():
            if change is None:
                continue
            change = mapping(".".join((*place, "splits", label)), change)
            one = draft.with_({"split": _typed(label)}, change, origins[label])
            if label == FOLDS:
                yield from _each_fold(place, one, folds)
            else:
                yield one


def _each_fold(place: tuple[str, ...], draft: _Draft, folds: Folds) -> Iterator[_Draft]:
    family = filled(draft.content.get("split"), draft.variables)
    if not isinstance(family, str) or family not in folds:
        where = ".".join((*place, "splits", FOLDS, "split"))
        known = plugins.hint(str(family), folds)
        raise ValueError(f"{where}: no split with named folds is {family!r}.{known}")
    for fold, split in folds[family].items():
        one = draft.with_({"split": _typed(fold)})
        one.content["split"] = split
        one.fold = True
        yield one


def _run(name: str, variables: Raw) -> str:
    """Return an entry's name without its fold and the dash before it."""
    return str(filled(re.sub(r"-?\{split\}", "", name), variables))


def _typed(label: str) -> Any:
    """Return a key as the number that it is, or as the text."""
    try:
        value = json.loads(label)
    except ValueError:
        return label
    return value if isinstance(value, int | float) and not isinstance(value, bool) else label


@dataclass(frozen=True)
class _Presets:
    """Named sets of options, as one row sees them."""

    presets: Raw
    variables: Raw
    above: tuple[str, ...] = ()  # those that name the one being read

    def below(self, place: tuple[str, ...], content: Raw, origin: Raw) -> tuple[Raw, Raw]:
        """Return a mapping with the presets that it and those within it name laid below it."""
        own, whence = {}, {}
        for key, value in content.items():
            if isinstance(value, dict):
                own[key], whence[key] = self.below((*place, key), value, origin[key])
            elif key != "preset":
                own[key], whence[key] = value, origin[key]
        if content.get("preset") is None:
            return own, whence
        base, source = self._named(".".join((*place, "preset")), content["preset"])
        lay(base, source, own, whence)
        return base, source

    def _named(self, where: str, given: Any) -> tuple[Raw, Raw]:
        name = filled(given, self.variables)
        if not isinstance(name, str) or self.presets.get(name) is None:
            hint = plugins.hint(str(name), self.presets)
            raise ValueError(f"{where}: no preset named {name!r}.{hint}")
        if name in self.above:
            raise ValueError(f"{where}: {name!r} names itself")
        known = mapping(f"presets.{name}", self.presets[name])
        place = ("presets", name)
        deeper = _Presets(self.presets, self.variables, (*self.above, name))
        return deeper.below(place, known, _places(known, place))


def _places(value: Any, place: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _places(one, (*place, key)) for key, one in value.items()}
    return place
