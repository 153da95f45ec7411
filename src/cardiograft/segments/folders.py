"""Folders of shards: a digest of their content, and the metadata that several share."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from cardiograft.files import file_digest
from cardiograft.segments import shards


def data_digest(directories: Sequence[Path]) -> dict[str, str]:
    """Return a SHA-256 over the shards of each folder, by the folder's name."""
    return {
        folder.name: hashlib.sha256(
            "".join(f"{p.name} {file_digest(p)}\n" for p in sorted(folder.glob("part-*"))).encode()
        ).hexdigest()
        for folder in directories
    }


def pooled(directories: Sequence[Path], *, targets: bool = True) -> shards.Meta:
    """Return the metadata that the folders have in common, with the names of the first's channels.

    Parameters
    ----------
    targets
        Whether their targets must be alike too.

    Raises
    ------
    ValueError
        They differ in rate, shape or features.
    """
    first, *others = [shards.meta(d) for d in directories]
    sizes = ("samples", *(["target_samples"] if targets else []))
    leads = ("channels", *(["target_channels"] if targets else []))
    for folder, other in zip(directories[1:], others, strict=True):
        for fact in ("rate_hz", *sizes, "features"):
            if getattr(first, fact) != getattr(other, fact):
                raise ValueError(
                    f"{folder}: {fact} {getattr(other, fact)}, but {directories[0]} has"
                    f" {getattr(first, fact)}"
                )
        for fact in leads:
            if len(getattr(first, fact)) != len(getattr(other, fact)):
                raise ValueError(
                    f"{folder}: {fact} {getattr(other, fact)}, but {directories[0]} has"
                    f" {getattr(first, fact)}"
                )
    return first
