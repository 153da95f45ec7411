"""Where an entry's recordings come from: a data set's reader, with what config says of a folder."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cardiograft import plugins
from cardiograft.records import Record
from cardiograft.segments.shard_format import Meta
from cardiograft.specs.own_folder import OwnFolder


class Source(NamedTuple):
    """A reader of recordings, and the unit of each lead in shards, by a pattern of its name."""

    read: Callable[[Path, str], Record]
    units: Mapping[str, str]


def source_of(dataset: str, manifest: Mapping[str, Any]) -> Source:
    """Return the source of a manifest's recordings, by the name of their reader."""
    read = plugins.load("datasets", dataset).read
    units = plugins.constants("datasets", dataset)["UNITS"]
    if manifest.get("folder") is None:
        return Source(read, units)
    folder = OwnFolder.model_validate(manifest["folder"])
    return Source(functools.partial(read, folder=folder), {**folder.units, **units})


def is_generated(meta: Meta) -> bool:
    """Tell whether shards hold what a formula made, and nobody recorded."""
    dataset = meta.spec.get("dataset")
    known = dataset in plugins.names("datasets")
    return known and bool(plugins.constants("datasets", str(dataset)).get("GENERATED"))


def called(manifest: Mapping[str, Any]) -> str:
    """Return what the names of a manifest's recordings begin with in shards."""
    own = manifest.get("folder")
    return str(manifest["dataset"] if own is None else own["name"])
