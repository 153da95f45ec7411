"""Recordings of one's own: no paper, no published values; runs carry the tag ``model``.

Source: docs/own-recordings.md.
"""

import pandas as pd

from cardiograft.tables.own_table import OwnTable
from cardiograft.tables.published import Published

TITLE = "Own recordings"
CITATION = "No paper: recordings of one’s own (docs/own-recordings.md)."
SUMMARY = "Networks that were trained and tested on folders which config names."
WRONG: tuple[str, ...] = ()
ASSUMED: tuple[str, ...] = ()
USUAL: dict[str, str] = {}
CAPTIONS: dict[str, str] = {}
PUBLISHED: tuple[Published, ...] = ()


def tables(scores: pd.DataFrame, costs: pd.DataFrame) -> dict[str, OwnTable]:
    """Return no table of its own."""
    return {}
