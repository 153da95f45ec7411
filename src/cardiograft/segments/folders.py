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
        They differ in rate, shape or features, or a channel stands for other leads in one.
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
            if not _alike(getattr(first, fact), getattr(other, fact)):
                raise ValueError(
                    f"{folder}: {fact} {getattr(other, fact)}, but {directories[0]} has"
                    f" {getattr(first, fact)}"
                )
    return first


def _alike(channels: Sequence[str], others: Sequence[str]) -> bool:
    """Tell whether channels stand for the same leads in order, or have no name in common.

    ``MLII|V5`` and ``MLII`` are the same. Where no name is in common they are taken in order, if
    there are as many: an ECG beside a seismocardiogram.
    """
    if len(channels) != len(others):
        return False
    one_C, other_C = _parted(channels), _parted(others)
    known = {name for names, _ in one_C for name in names}
    if not known & {name for names, _ in other_C for name in names}:
        return [added for _, added in one_C] == [added for _, added in other_C]
    return all(
        names & theirs and added == its
        for (names, added), (theirs, its) in zip(one_C, other_C, strict=True)
    )


def _parted(channels: Sequence[str]) -> list[tuple[set[str], str]]:
    """Return each channel's leads, and what of them a cut has added: ``MLII|V5 median beat``."""
    parted: list[tuple[set[str], str]] = []
    whole: list[str] = []
    for channel in channels:
        base = next((lead for lead in whole if channel.startswith(f"{lead} ")), channel)
        whole.append(base)
        parted.append((set(base.split("|")), channel.removeprefix(base)))
    return parted
