"""Which file of a config a mistake stands in."""

import re
from collections.abc import Sequence
from typing import Any

from cardiograft.config.plain import plain
from cardiograft.config.sweeps import traced

Layer = tuple[str, Any]  # a file's name, and what it holds
UNKNOWN = re.compile(r"unknown key '(\w+)'")


def file_of(message: str, config: dict[str, Any], layers: Sequence[Layer]) -> str | None:
    """Return the name of the file with the last word on what a message is about.

    Parameters
    ----------
    message
        Begins with the place in config, its parts joined by dots, and a colon.
    config
        All layers together, as read.
    layers
        From the lowest to the one on top.
    """
    place = message.partition(": ")[0]
    if key := UNKNOWN.search(message):
        place = f"{place}.{key[1]}" if place and not place.startswith("unknown key") else key[1]
    try:
        origins: Any = traced(plain(config))[1]
    except (ValueError, TypeError, AttributeError):  # what can't be expanded has no origins
        origins = {}
    written = _values_along(place, origins)
    raw = written[-1] if written and isinstance(written[-1], tuple) else None
    depths = [
        (_depth(raw, content) if raw else len(_values_along(place, content)), number, name)
        for number, (name, content) in enumerate(layers)
    ]
    depth, _, name = max(depths, default=(0, 0, ""))
    return name if depth else None


def _values_along(place: str, tree: Any) -> list[Any]:
    """Return what stands at each step of a place in a tree, as far as it is there."""
    if not isinstance(tree, dict) or not place:
        return []
    ways = []
    for key, value in tree.items():
        name = str(key)
        if place == name or place.startswith(f"{name}."):
            ways.append([value, *_values_along(place[len(name) + 1 :], value)])
    return max(ways, key=len, default=[])


def _depth(raw: tuple[str, ...], tree: Any) -> int:
    """Return how many keys of a place are in a tree, one after another."""
    for depth, name in enumerate(raw):
        tree = {str(k): v for k, v in tree.items()} if isinstance(tree, dict) else {}
        if name not in tree:
            return depth
        tree = tree[name]
    return len(raw)
