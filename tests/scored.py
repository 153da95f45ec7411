"""Scores as a table that tests can index."""

from collections.abc import Sequence

import pandas as pd

from cardiograft.evaluation import scoring
from cardiograft.evaluation.predictions import Predictions
from cardiograft.specs.entry import MetricSpec


def scores_of(saved: Predictions, metrics: Sequence[MetricSpec]) -> pd.DataFrame:
    return scoring.score(saved, tuple(metrics)).to_pandas()
