"""What config may set for the stage `score`, and what its metrics are called in tables."""

from typing import Any

from cardiograft import plugins
from cardiograft.specs.entry import Entry, Metric, MetricSpec, Some


class Score(Entry):
    """Metrics of saved predictions."""

    metrics: Some[Metric]


def named(metric: MetricSpec) -> str:
    """Return a metric's name in tables: with the options that differ from the defaults.

    ``jkappa(unscored=Q+F, without mitdb/232)``.
    """
    defaults = plugins.options(metric.kind, metric.name)().model_dump(mode="json")
    chosen = [f"{k}={_plain(v)}" for k, v in metric.options.items() if v != defaults[k]]
    if metric.without:
        chosen.append(f"without {'+'.join(metric.without)}")
    return f"{metric.name}({', '.join(chosen)})" if chosen else metric.name


def _plain(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
