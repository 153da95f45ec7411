"""Models made of other models: their option ``members`` names these, or gives options too.

A member is a model's name, or a mapping with ``name`` and its options, as everywhere in
config. Its file counts as code of the job that trains the whole.
"""

from collections.abc import Iterable, Iterator
from functools import cache

from pydantic import TypeAdapter

from cardiograft.specs.entry import Model, Plugin

Given = str | dict[str, object]


def members(given: Iterable[Given]) -> tuple[Plugin, ...]:
    """Return each member with all its options.

    Raises
    ------
    ValueError
        There is no such model, or it has no such option.
    """
    return tuple(_check().validate_python(one) for one in given)


def files(plugins: Iterable[Plugin]) -> Iterator[str]:
    """Yield the sources of plug-ins and of what they are made of, relative to the repository."""
    for plugin in plugins:
        yield plugin.file
        yield from files(members(plugin.options.get("members", ())))


@cache
def _check() -> TypeAdapter[Plugin]:
    return TypeAdapter(Model)
