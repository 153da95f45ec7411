"""Times and kinds of a heart's beats: sinus variability, ectopy, blocks, fibrillation.

A clinical picture (how many beats of each kind, which rhythms for how long) is laid out as an
order of beats, then set in time. The sinus rate wanders as McSharry et al. have it: a low-frequency
(Mayer) wave, respiratory sinus arrhythmia, and a slow drift.

Legend: N beats, K points of the 4 Hz grid that autonomic tone is drawn on.

Source: McSharry et al., IEEE Trans Biomed Eng 2003;50(3):289-294, doi:10.1109/TBME.2003.808805;
couplings and pauses as in any textbook of electrocardiography (marked ASSUME where a number is
this file's own).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cardiograft.datasets.simulation.order import PACED, SINUS, Case, order
from cardiograft.records import Float64

GRID_HZ = 4.0
IRREGULAR = ("AFIB",)
FLUTTER_WAVE_S = 0.305


@dataclass(frozen=True, kw_only=True)
class Tone:
    """Breathing and autonomic tone on a 4 Hz grid.

    Attributes
    ----------
    breath_K : in -1 ... 1
    rate_K : what the local R-R interval is multiplied with, around 1
    """

    breath_K: Float64
    rate_K: Float64

    def at(self, values_K: Float64, time_s: Float64) -> Float64:
        """Return one of the two at any time."""
        return np.interp(time_s * GRID_HZ, np.arange(len(values_K)), values_K)


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """Beats in time: seconds (ascending), annotation symbol, rhythm, and the tone behind them."""

    time_N: Float64
    symbol_N: npt.NDArray[np.str_]
    rhythm_N: npt.NDArray[np.str_]
    tone: Tone
    period_s: float


def tone(seconds: float, rng: np.random.Generator) -> Tone:
    """Draw breathing and the wandering of the sinus rate for one recording."""
    points = int(seconds * GRID_HZ) + 8
    breaths_hz = rng.uniform(0.2, 0.32) * (1 + 0.12 * wander(points, rng, slowest_hz=0.01))
    breath_K = np.sin(2 * np.pi * np.cumsum(breaths_hz) / GRID_HZ)
    mayer_hz = rng.uniform(0.08, 0.12) * (1 + 0.15 * wander(points, rng, slowest_hz=0.01))
    mayer_K = np.sin(2 * np.pi * np.cumsum(mayer_hz) / GRID_HZ)
    # ASSUME shares of the R-R interval, by which half an hour of the patients comes to the
    # SDNN and RMSSD that docs/simulation.md lays beside the real ones.
    breathing, mayer, drift = rng.lognormal(np.log([0.024, 0.020, 0.058]), [0.6, 0.5, 0.5])
    swell_K = 1 + 0.4 * wander(points, rng, slowest_hz=0.01)
    rate_K = 1 + breathing * swell_K * breath_K + mayer * swell_K[::-1] * mayer_K
    return Tone(breath_K=breath_K, rate_K=rate_K + drift * wander(points, rng, slowest_hz=1 / 600))


def wander(
    points: int, rng: np.random.Generator, *, slowest_hz: float, rate_hz: float = GRID_HZ
) -> Float64:
    """Return 1/f noise of unit variance whose power levels off below `slowest_hz`."""
    frequency = np.fft.rfftfreq(points, 1 / rate_hz)
    shape = 1 / np.hypot(frequency, slowest_hz)
    shape[0] = 0
    phase = rng.uniform(0, 2 * np.pi, len(frequency))
    drawn = np.fft.irfft(shape * np.exp(1j * phase), points)
    return np.asarray(drawn / (drawn.std() + 1e-12))


def beats(case: Case, seconds: float, rng: np.random.Generator) -> Rhythm:
    """Lay out `seconds` of a clinical picture.

    The first beat comes within a second.
    """
    drawn = tone(seconds, rng)
    elements = order(case, seconds, rng)
    symbol_N = np.array([element.symbol for element in elements])
    rhythm_N = np.array([element.rhythm for element in elements])
    share_N = intervals(symbol_N, rhythm_N, rng)
    first_s = rng.uniform(0.2, 0.7)
    time_N, period_s = _in_time(share_N, symbol_N, seconds - first_s, drawn)
    inside_N = first_s + time_N < seconds - 0.05
    return Rhythm(
        time_N=first_s + time_N[inside_N],
        symbol_N=symbol_N[inside_N],
        rhythm_N=rhythm_N[inside_N],
        tone=drawn,
        period_s=period_s,
    )


def intervals(
    symbol_N: npt.NDArray[np.str_], rhythm_N: npt.NDArray[np.str_], rng: np.random.Generator
) -> Float64:
    """Return the interval before each beat as a share of the local sinus period."""
    coupling = {"V": rng.uniform(0.54, 0.88), "A": rng.uniform(0.62, 0.88)}
    # ASSUME how steady: a fixed coupling varies by 2-8 % of the period.
    spread = rng.uniform(0.02, 0.08)
    share_N = 1 + rng.lognormal(np.log(0.019), 0.6) * rng.standard_normal(len(symbol_N))
    jitter_N = rng.standard_normal(len(symbol_N))
    irregular_N = rng.gamma(1 / 0.23**2, 0.23**2, len(symbol_N))
    for at, (symbol, rhythm) in enumerate(zip(symbol_N, rhythm_N, strict=True)):
        before, label = (symbol_N[at - 1], rhythm_N[at - 1]) if at else (symbol, rhythm)
        mean = _interval(symbol, rhythm, before, coupling)
        if symbol in SINUS and before == "V" and label not in ("VT", "IVR"):
            share_N[at] = 2 - share_N[at - 1]  # the sinus node was not reset
        elif mean is not None:
            share_N[at] = mean + spread * jitter_N[at]
        if rhythm in IRREGULAR and symbol in SINUS:
            share_N[at] = irregular_N[at] * (1.15 if before == "V" else 1)
        if symbol in PACED and before in PACED:
            share_N[at] = 1 + 0.0015 * jitter_N[at]
    return np.clip(share_N, 0.36, 2.6)


def _interval(symbol: str, rhythm: str, before: str, coupling: dict[str, float]) -> float | None:
    """Return the mean interval before a beat, None where the sinus node sets it."""
    again = before == symbol
    table = {
        "V": {"IVR": 1.25}.get(rhythm, 0.55 if again else coupling["V"]),
        "A": {"SVTA": 0.6}.get(rhythm, 0.95 if again else coupling["A"]),
        "a": coupling["A"] - 0.04,
        "S": coupling["A"],
        "J": {"SVTA": 0.68}.get(rhythm, 0.95 if again else coupling["A"]),
        "j": 1.12 if again else 1.35,
        "e": 1.3,
        "E": 1.35 if again else 1.5,
        "F": 0.93,
        "Q": 0.9,
        "x": 0.85,
    }
    if symbol in table:
        return table[symbol]
    if symbol in SINUS:
        return {"A": 1.06, "a": 1.08, "S": 1.06, "J": 1.06, "j": 0.86, "e": 0.9, "F": 1.07}.get(
            before
        )
    return None


def _in_time(
    share_N: Float64, symbol_N: npt.NDArray[np.str_], seconds: float, drawn: Tone
) -> tuple[Float64, float]:
    """Scale the shares so that they fill `seconds`, each with the sinus rate of its own time."""
    flutter_N = symbol_N == "!"
    left_s = max(seconds - FLUTTER_WAVE_S * flutter_N.sum(), 0.1 * seconds)
    paced_N = np.isin(symbol_N, list(PACED))
    time_N = np.linspace(0, seconds, len(share_N))
    for _ in range(4):  # the rate depends on the time and the time on the rate
        rate_N = np.where(paced_N, 1.0, drawn.at(drawn.rate_K, time_N))
        step_N = share_N * rate_N
        step_N[0] = 0
        period_s = left_s / step_N[~flutter_N].sum() if (~flutter_N).sum() > 1 else 0.8
        # ASSUME no ventricle follows within 0.24 s of its last beat.
        step_N = np.maximum(step_N * period_s, 0.24)
        step_N[flutter_N] = FLUTTER_WAVE_S * share_N[flutter_N]
        step_N[0] = 0
        time_N = np.cumsum(step_N)
    return time_N, float(period_s)
