"""Networks that come along, as sources of transfers and as gates: from a name to a file.

A job's spec names a file with its hash and its reader, as of any weights from outside; the audit of
an evaluation lists the trainings that led to it, too.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cardiograft.config.entries import Model, TransferRun
from cardiograft.config.rows import Raw
from cardiograft.shipped import catalogue
from cardiograft.shipped.catalogue import Shipped
from cardiograft.specs.audit import Ancestor

KEY = "shipped"
BESIDE = (
    "file",
    "package",
    "sha256",
    "reader",
    "entry",
)  # what the name stands for, or contradicts


def named(place: str, transfer: Raw) -> Raw | None:
    """Put the files of shipped networks in place of their names; return what the first one has.

    Returns
    -------
    dict or None
        ``model``, and ``view`` where it has one, as an entry of config names them; None where the
        first source is no shipped network.

    Raises
    ------
    ValueError
        There is no such network, or the source names something else as well.
    """
    sources = transfer.get("sources")
    if not isinstance(sources, list | tuple):
        return None  # it is refused, in one line, later
    first: Raw | None = None
    filled = []
    for number, source in enumerate(sources):
        if not isinstance(source, dict) or KEY not in source:
            filled.append(source)
            continue
        name, rest = source[KEY], {k: v for k, v in source.items() if k != KEY}
        for other in BESIDE:
            if other in rest:
                raise ValueError(f"{place}.source: {KEY!r} and {other!r} contradict: give one")
        try:
            network = catalogue.find(str(name))
            filled.append({**catalogue.as_source(str(name)), **rest})
        except (FileNotFoundError, ValueError) as error:
            raise ValueError(f"{place}.source.{KEY}: {error}") from None
        if number == 0:
            first = {
                key: _as_entry(network.card[key]) for key in ("model", "view") if network.card[key]
            }
    transfer["sources"] = filled
    return first


def gate_named(place: str, gate: Raw) -> None:
    """Put the file of a shipped network, and whom it was trained on, in place of a gate's name.

    Raises
    ------
    ValueError
        There is no such network, or the gate names something else as well.
    """
    if KEY not in gate:
        return
    for other in ("file", "sha256", "model", "trained_on"):
        if gate.get(other) is not None:
            raise ValueError(f"{place}: {KEY!r} and {other!r} contradict: give one")
    try:
        network = catalogue.find(str(gate.pop(KEY)))
        trained_on = [_from_here(path) for path in network.splits]
    except (FileNotFoundError, ValueError) as error:
        raise ValueError(f"{place}.{KEY}: {error}") from None
    gate.update(file=_from_here(network.weights), sha256=network.sha256, trained_on=trained_on)


def _from_here(path: Path) -> str:
    """Return a path as a checkout writes it: the same words on every machine."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _as_entry(plugin: dict[str, Any]) -> Raw:
    return {"name": plugin["name"], **plugin["options"]}


def behind(run: Model) -> Iterator[Shipped]:
    """Yield the shipped networks that a training starts from."""
    for source in run.sources if isinstance(run, TransferRun) else ():
        outside = source.outside
        if outside is not None and (network := catalogue.known(_path(outside), outside.sha256)):
            yield network


def _path(outside: Any) -> Path:
    try:
        path: Path = outside.path
    except FileNotFoundError:  # reported before any job, by the plan
        path = Path(outside.file)
    return path


def ancestors(run: Model) -> list[Ancestor]:
    """Return the trainings behind a shipped network, for the audit of what starts from it."""
    return [one for network in behind(run) for one in trainings(network)]


def trainings(network: Shipped, suffix: str = "") -> Iterator[Ancestor]:
    """Yield the trainings behind a shipped network, and what each used, by its card."""
    for one in network.card["lineage"]:
        yield Ancestor(
            stage=one["stage"],
            entry=f"{one['entry']} ({network.name} {network.sha256[:12]}){suffix}",
            split=one["split"],
            uses=tuple(one["uses"]),
        )
