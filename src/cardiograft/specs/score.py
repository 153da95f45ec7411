"""What config may set for the stage `score`, and what its metrics are called in tables."""

from typing import Any, Literal

from cardiograft import plugins
from cardiograft.specs.entry import Entry, Metric, MetricSpec, Some

# What metrics count: segments, or recordings by the mean of their segments' probabilities.
Per = Literal["segment", "record"]


class Score(Entry):
    """Metrics of saved predictions.

    Attributes
    ----------
    per
        ``record`` counts recordings: the probabilities of one's segments are averaged.
    """

    metrics: Some[Metric]
    per: Per = "segment"


def named(metric: MetricSpec) -> str:
    """Return a metric's name in tables: with the options that differ from the defaults.

    ``jkappa(unscored=Q+F, without mitdb/232)``, ``accuracy(at validation)``.
    """
    defaults = plugins.options(metric.kind, metric.name)().model_dump(mode="json")
    chosen = [f"{k}={_plain(v)}" for k, v in metric.options.items() if v != defaults[k]]
    if metric.without:
        chosen.append(f"without {'+'.join(metric.without)}")
    if metric.at != "half":
        chosen.append(f"at {metric.at}")
    return f"{metric.name}({', '.join(chosen)})" if chosen else metric.name


def _plain(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
