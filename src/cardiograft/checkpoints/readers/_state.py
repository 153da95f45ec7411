"""Tensors by name from a file that torch has written, without executing anything in it."""

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

# What torch raises of a file that is damaged, of another kind, or holds more than tensors.
UNREADABLE = (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, AttributeError, ValueError)


def state(path: Path, key: str = "") -> dict[str, Tensor]:
    """Return the tensors of a saved state.

    Parameters
    ----------
    path
        Written by ``torch.save``.
    key
        Where in the file they are, if not at its top: words between dots.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is none of torch's, holds more than tensors and plain values, or no tensors there.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle's version: what can't be read is refused
            found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(f"{path}: no file of torch's with nothing but weights ({why})") from None
    for word in filter(None, key.split(".")):
        if not isinstance(found, Mapping) or word not in found:
            known = ", ".join(map(str, found)) if isinstance(found, Mapping) else "no names"
            raise ValueError(f"{path}: nothing named {word!r} in it: it has {known[:200]}")
        found = found[word]
    tensors = found.items() if isinstance(found, Mapping) else ()
    named = {str(name): tensor for name, tensor in tensors if isinstance(tensor, Tensor)}
    if not named:
        inside = ", ".join(map(str, found)) if isinstance(found, Mapping) else "no names"
        raise ValueError(f"{path}: no tensors by name in it: it has {inside[:200]}")
    return named


def renamed(tensors: Mapping[str, Tensor], prefixes: Mapping[str, str]) -> dict[str, Tensor]:
    """Return tensors below other names; those that no prefix fits are left out.

    Raises
    ------
    ValueError
        None is left.
    """
    found = {}
    for name, tensor in tensors.items():
        fits = [p for p in prefixes if not p or name == p or name.startswith(f"{p}.")]
        if fits:
            longest = max(fits, key=len)
            rest = name[len(longest) :].lstrip(".")
            found[".".join(part for part in (prefixes[longest], rest) if part)] = tensor
    if not found:
        raise ValueError(f"no tensor of the file is below {', '.join(map(repr, prefixes))}")
    return found
