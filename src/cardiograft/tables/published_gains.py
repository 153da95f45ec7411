"""Relative gains that papers print, and which of a study's runs they are gains over."""

from collections.abc import Mapping
from dataclasses import dataclass

from cardiograft.tables.published import Published


@dataclass(frozen=True, kw_only=True)
class Gains:
    """What a run gains over those it is measured from, relative to their values.

    Attributes
    ----------
    tag
        The tag that tells the runs apart: ``init``.
    bases
        The runs that gains are measured from: a name, and the tags of such a run,
        ``{"init": "scratch"}``. Every other tag is the same in both. The first is the paper's.
    values
        The paper's: their metric is the one whose gain it is, a share.
    """

    tag: str
    bases: Mapping[str, Mapping[str, str]]
    values: tuple[Published, ...]

    def paper(self, tags: Mapping[str, str], metric: str, base: str) -> float:
        """Return the paper's gain of a run with these tags; NaN where it gives none."""
        for value in self.values if base == next(iter(self.bases)) else ():
            if value.metric == metric and _has(tags, value.tags):
                return value.value
        return float("nan")

    def from_base(self, base: str, of: Mapping[str, str], to: Mapping[str, str]) -> bool:
        """Whether a run with tags `of` gains something over a base, one with tags `to`."""
        base_tags = self.bases[base]
        if not _has(to, base_tags) or of.get(self.tag) in (base_tags[self.tag], "none", None):
            return False
        others = [{k: v for k, v in tags.items() if k not in base_tags} for tags in (of, to)]
        return others[0] == others[1]


def _has(tags: Mapping[str, str], requested: Mapping[str, str]) -> bool:
    return all(tags.get(tag) == value for tag, value in requested.items())
