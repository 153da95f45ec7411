"""What config may ask of the stage `score`."""

from cardiograft.specs.entry import Entry, Metric


class Score(Entry):
    """Metrics of saved predictions."""

    metrics: tuple[Metric, ...]
