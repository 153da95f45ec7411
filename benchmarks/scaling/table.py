"""Costs by size as a table: exponents, and what they come to at a stated size."""

import math
from collections.abc import Sequence

from scaling.processes import Axis, Cost

LEAST = {"s": 0.3, "MB": 10.0}  # a difference below it is noise


def exponent(amounts: Sequence[float], values: Sequence[float]) -> float:
    """Return by what power of the amount a value grows between the two largest."""
    return math.log(values[-1] / values[-2]) / math.log(amounts[-1] / amounts[-2])


def growth(amounts: Sequence[float], values: Sequence[float], *, least: float) -> float | None:
    """Return the exponent of what grows, without the start that is the same at every size.

    Of ``a + b n^p`` at sizes in equal ratios ``r`` two differences have the ratio ``r^p``. None
    where there are fewer than three sizes, their ratios differ or a difference is noise.
    """
    if len(values) < 3:
        return None
    ratios = [after / before for before, after in zip(amounts[-3:], amounts[-2:], strict=False)]
    before, after = values[-2] - values[-3], values[-1] - values[-2]
    if not math.isclose(*ratios) or min(before, after) < least:
        return None
    return math.log(after / before) / math.log(ratios[-1])


def extrapolated(amounts: Sequence[float], values: Sequence[float], target: float) -> float:
    """Return the value at a target: on along the line through the two largest sizes."""
    slope = (values[-1] - values[-2]) / (amounts[-1] - amounts[-2])
    return values[-1] + max(slope, 0.0) * (target - amounts[-1])


def show(
    times: Sequence[int], smallest: int, costs_by_row: dict[str, tuple[Axis, list[Cost]]]
) -> None:
    """Print a row a stage.

    Parameters
    ----------
    times, smallest
        The sizes as multiples of the smallest, in segments.
    costs_by_row
        By row: what its cost is laid over, and its cost at each size.
    """
    heads = [f"{many} x: s, MB" for many in times]
    print("| stage | 1 x is |", " | ".join(heads), "| exponents of s, MB | extrapolated |")
    print("|---|---|" + "---|" * (len(times) + 2))
    for row, (axis, costs) in costs_by_row.items():
        cells = [f"{c.cpu_s:.1f}, {c.peak_mb:.0f}" for c in costs]
        first = smallest // axis.segments
        amounts = [float(first * many) for many in times]
        taken, peak = [c.cpu_s for c in costs], [c.peak_mb for c in costs]
        powers = f"{_powers(amounts, taken, 's')}; {_powers(amounts, peak, 'MB')}"
        ends = [extrapolated(amounts, values, axis.target) for values in (taken, peak)]
        means = f" ({axis.means})" if axis.means else ""
        at = f"{axis.target:,}{means}: {_time(ends[0])}, {_memory(ends[1])}"
        cells = [row, f"{first:,} {axis.unit}", *cells, powers, at]
        print("| " + " | ".join(cells) + " |")


def _powers(amounts: Sequence[float], values: Sequence[float], unit: str) -> str:
    grown = growth(amounts, values, least=LEAST[unit])
    shown = "" if grown is None else f" ({grown:.2f})"
    return f"{exponent(amounts, values):.2f}{shown}"


def _time(seconds: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def _memory(megabytes: float) -> str:
    return f"{megabytes / 1e3:.2g} GB"
