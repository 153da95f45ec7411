"""Prefixes of tensors' names, in whole words between dots; ``""`` matches every name."""

from collections.abc import Iterable

from torch import nn

from cardiograft import plugins


def below(name: str, prefix: str) -> bool:
    """Whether a tensor's name is, or lies below, a prefix: ``encoder.first`` in ``encoder``."""
    return not prefix or name == prefix or name.startswith(f"{prefix}.")


def longest(name: str, prefixes: Iterable[str]) -> str | None:
    """Return the longest prefix that fits, or None."""
    return max((p for p in prefixes if below(name, p)), key=len, default=None)


def require_matches(model: nn.Module, prefixes: Iterable[str], *, what: str) -> None:
    """Raise unless every prefix matches a tensor of the network.

    Raises
    ------
    ValueError
        One matches none.
    """
    names = list(model.state_dict())
    known = {".".join(n.split(".")[:depth]) for n in names for depth in (1, 2)}
    for prefix in prefixes:
        if not any(below(name, prefix) for name in names):
            raise ValueError(f"{what}: no tensor below {prefix!r}.{plugins.hint(prefix, known)}")
