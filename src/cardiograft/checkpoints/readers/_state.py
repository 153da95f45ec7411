"""Tensors by name from a file that torch has written, without executing anything in it."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


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
        It is none of torch's, holds more than tensors and plain values, no tensors there, or two
        by one name.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle's version: what can't be read is refused
            content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch lets through whatever its parser trips over
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(f"{path}: no file of torch's with nothing but weights ({why})") from None
    for word in filter(None, key.split(".")):
        if not isinstance(content, Mapping) or word not in content:
            known = ", ".join(map(str, content)) if isinstance(content, Mapping) else "no names"
            raise ValueError(f"{path}: nothing named {word!r} in it: it has {known[:200]}")
        content = content[word]
    tensors = content.items() if isinstance(content, Mapping) else ()
    named: dict[str, Tensor] = {}
    for name, tensor in tensors:
        if isinstance(tensor, Tensor):
            if str(name) in named:  # 1 beside "1"
                raise ValueError(f"{path}: two tensors are named {str(name)!r} in it")
            named[str(name)] = tensor
    if not named:
        inside = ", ".join(map(str, content)) if isinstance(content, Mapping) else "no names"
        raise ValueError(f"{path}: no tensors by name in it: it has {inside[:200]}")
    return named


def renamed(
    path: Path, tensors: Mapping[str, Tensor], prefixes: Mapping[str, str]
) -> dict[str, Tensor]:
    """Return a file's tensors below other names; those that no prefix fits are left out.

    Raises
    ------
    ValueError
        None is left, two come to one name, or one is no weight: see `_check`.
    """
    new_tensors: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        fits = [p for p in prefixes if not p or name == p or name.startswith(f"{p}.")]
        if fits:
            longest = max(fits, key=len)
            rest = name[len(longest) :].lstrip(".")
            own = ".".join(part for part in (prefixes[longest], rest) if part)
            if own in new_tensors:
                raise ValueError(f"{path}: two of its tensors come to the name {own!r}")
            _check(path, name, tensor)
            new_tensors[own] = tensor
    if not new_tensors:
        raise ValueError(f"{path}: no tensor of the file is below {', '.join(map(repr, prefixes))}")
    return new_tensors


def _check(path: Path, name: str, tensor: Tensor) -> None:
    """Refuse a tensor that no network here can begin with.

    Raises
    ------
    ValueError
        It is nested, quantised, sparse or without values (on torch's device ``meta``), or a value
        is not finite.
    """
    kinds = {
        "nested": tensor.is_nested,
        "quantised": tensor.is_quantized,
        "sparse": tensor.layout is not torch.strided,
        "without values": tensor.is_meta,
    }
    for kind, is_so in kinds.items():
        if is_so:
            raise ValueError(f"{path}: its tensor {name!r} is {kind}: only plain ones can be taken")
    whole = tensor.double() if tensor.is_floating_point() else tensor
    lost = int((~torch.isfinite(whole)).sum())
    if lost:
        raise ValueError(
            f"{path}: {lost} of {tensor.numel()} values of its tensor {name!r} are not finite"
        )
