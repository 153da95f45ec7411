"""Cardio-mechanical signals of valvular heart disease: paired ECG, SCG and GCG of 100 patients.

A Shimmer sensor on the sternum: accelerometer (SCG) and gyroscope (GCG), three axes each, and
the limb leads, 302 to 507 s a person, nominally 256 Hz (512 Hz from UP-22 on). CP and UP are
two hospitals' cohorts. One ``MAT_Files/<person>-Vectors.mat`` (MATLAB 5) a person, one column
a variable, with the time of each sample.

Legend: C channels, T samples as filed, G samples on the uniform grid, P pieces, K clock ticks.

Source: Yang et al., Front Physiol 2021;12:750221, doi:10.3389/fphys.2021.750221 (CC BY 4.0);
https://doi.org/10.5281/zenodo.5279448, whose own scripts state the 512 Hz.
"""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline
from scipy.io import loadmat

from cardiograft.datasets import _matlab, _scg_vhd, _simulated
from cardiograft.plugins import Duration
from cardiograft.records import Float32, Float64, Record

SLUG, VERSION = "scg-vhd", "5279448"
MAINS_HZ = 50  # the hum that CP recordings carry; in UP ones it is 60
WANTED = ("II",)  # UP-28's left-leg electrode was off: an SCG that is no pair
UNITS = {"SCG*": "m/s2", "GCG*": "deg/s", "*": "mV"}
ANNOTATORS = ()
EXTRAS = ()
GAPS = True  # what a file leaves out is NaN

# A column's name without its prefix (``Shimmer_D0CD_`` or ``ECG_``) and ``_CAL`` or ``_CAL1``.
COLUMNS = {
    **{f"Accel_LN_{axis.upper()}": (f"SCG {axis}", "m/s2") for axis in "xyz"},
    **{f"Gyro_{axis.upper()}": (f"GCG {axis}", "deg/s") for axis in "xyz"},
    "ECG_LARA_24BIT": ("I", "mV"),
    "ECG_LLRA_24BIT": ("II", "mV"),
    "ECG_LLLA_24BIT": ("III", "mV"),
    "ECG_VxRL_24BIT": ("Vx-RL", "mV"),
}
CLOCK = r"_(Timestamp|TimestampSync)_(Shimmer|Unix)_CAL1?$"
RATES_HZ = (256, 512)
CLOCKLESS_HZ = 512  # the one file whose clock stands still, UP-28, is of the second kind
LONGEST_STEP_S = 0.012  # up to two missing samples are interpolated, more are a gap
REVERSED_Y = 38  # the sensor's y axis pointed the other way for CP-01 to CP-38
# ASSUME beyond 300 mV, all the electrode offset that IEC 60601-2-47 and AAMI EC11 ask an
# amplifier to bear, the input is railed (at 302.5 or 605 mV, by gain) or on its way there.
RAILED_MV = 300.0
RECOVERY_S = 1.0


def names() -> tuple[str, ...]:
    """Return the 100 people's names: CP-01 to CP-70, UP-01 to UP-30."""
    counts = {"CP": 70, "UP": 30}
    return tuple(f"{c}-{n:02d}" for c, count in counts.items() for n in range(1, count + 1))


def files(root: Path, record: str) -> tuple[str, ...]:
    """Return the file below `root` that a record needs."""
    return (f"MAT_Files/{record}-Vectors.mat",)


def subject(root: Path, record: str) -> str:
    """Return whose recording it is: each person has one."""
    return record


def read(root: Path, record: str) -> Record:
    """Read one recording onto a uniform grid.

    Time goes by the file's clock. Between gaps (steps of over 12 ms), a cubic spline through
    the samples at their own times is read at multiples of 1/256 s from the first sample; as the
    samples come at that rate within a piece, nothing folds, and samples that lie on the grid
    keep their values. Nothing is interpolated across a gap.

    Returns
    -------
    Record
        ``signal_CT``: float32, shape (C, G), 256 or 512 Hz; ``SCG x`` to ``z`` in m/s2,
        gravity included, ``GCG x`` to ``z`` in deg/s, ``I``, ``II``, ``III``, ``Vx-RL`` in
        mV. NaN within gaps, and in a lead from 1 s before to 1 s after it is railed; a lead
        that is never anything else is left out.

    Raises
    ------
    FileNotFoundError
        The file is not below `root`.
    ValueError
        The file can't be read, lacks a column, or its clock runs backwards.
    """
    where = f"{SLUG}/{record}"
    column_CT, clock_T = _columns(where, root / files(root, record)[0])
    rate_hz, time_T = _times(where, clock_T)
    signal_CT = _regular(where, column_CT, time_T, rate_hz)
    signal_CT[_railed(column_CT, time_T, rate_hz, signal_CT.shape[1])] = np.nan
    if record[:2] == "CP" and int(record[3:]) <= REVERSED_Y:
        signal_CT[[1, 4]] *= -1  # ASSUME the axis is the sensor's: its gyroscope's y turns too
    kept = [i for i, lead_T in enumerate(signal_CT) if np.isfinite(lead_T).any()]
    leads = tuple(COLUMNS.values())
    return Record(
        dataset="scg_vhd",
        id=record,
        subject=subject(root, record),
        signal_CT=signal_CT[kept],
        rate_hz=Fraction(rate_hz),
        leads=tuple(leads[i][0] for i in kept),
        units=tuple(leads[i][1] for i in kept),
        mains_hz=mains_hz(record),
    )


def _columns(where: str, path: Path) -> tuple[Float64, Float64]:
    """Return the signals as filed, in the order of COLUMNS, and the clock in milliseconds."""
    if not path.is_file():
        raise FileNotFoundError(f"{where}: no file {path}")
    try:
        content = loadmat(path, variable_names=_matlab.arrays(path))
    except Exception as error:  # scipy lets whatever its parser trips over through
        raise ValueError(f"{where}: unreadable {path.name}: {error}") from error
    patterns = [*(rf"_{column}_CAL1?$" for column in COLUMNS), CLOCK]
    matching_keys = [[k for k in content if re.search(pattern, k)] for pattern in patterns]
    for pattern, keys in zip(patterns, matching_keys, strict=True):
        if len(keys) != 1:
            raise ValueError(f"{where}: {len(keys)} columns like {pattern} where there is one")
    columns = [np.asarray(content[key], dtype=np.float64).ravel() for (key,) in matching_keys]
    if len({len(column_T) for column_T in columns}) > 1 or len(columns[0]) < 2:
        raise ValueError(f"{where}: columns of {[len(c) for c in columns]} samples")
    return np.stack(columns[:-1]), columns[-1]


def _times(where: str, clock_T: Float64) -> tuple[int, Float64]:
    """Return the nominal rate, and when each sample was taken, seconds from the first.

    Some clocks tick more slowly than samples come (CP-19: each 100 ms): the samples of one
    tick are spread over it, or follow at the nominal rate if it is over 12 ms too long for them.
    """
    time_T = (clock_T - clock_T[0]) / 1e3
    if not (np.diff(time_T) >= 0).all():
        raise ValueError(f"{where}: its clock runs backwards, or is not a number")
    if time_T[-1] == 0:
        return CLOCKLESS_HZ, np.arange(len(time_T)) / CLOCKLESS_HZ
    mean_hz = (len(time_T) - 1) / time_T[-1]
    rate_hz = min(RATES_HZ, key=lambda hz: abs(hz - mean_hz))
    tick_K, first_K, count_K = np.unique(time_T, return_index=True, return_counts=True)
    step_K = np.append(np.diff(tick_K), np.inf) / count_K
    gap_K = count_K * (step_K - 1 / rate_hz) > LONGEST_STEP_S
    step_K = np.where(gap_K, 1 / rate_hz, step_K)
    within_T = np.arange(len(time_T)) - np.repeat(first_K, count_K)
    return rate_hz, time_T + within_T * np.repeat(step_K, count_K)


def _regular(where: str, column_CT: Float64, time_T: Float64, rate_hz: int) -> Float32:
    """Return the signals at multiples of 1/rate_hz s, shape (C, G), NaN where there is no piece."""
    samples = int(np.floor(time_T[-1] * rate_hz + 1e-3)) + 1
    if samples > 4 * len(time_T):
        raise ValueError(f"{where}: {len(time_T)} samples can't fill {time_T[-1]:.0f} s")
    signal_CG = np.full((len(column_CT), samples), np.nan, dtype=np.float32)
    edges_P = np.flatnonzero(np.diff(time_T) > LONGEST_STEP_S) + 1
    for start, stop in zip([0, *edges_P], [*edges_P, len(time_T)], strict=True):
        if stop - start < 4:  # too few for a cubic
            continue
        first = int(np.ceil(time_T[start] * rate_hz - 1e-3))
        last = min(int(np.floor(time_T[stop - 1] * rate_hz + 1e-3)), samples - 1)
        spline = CubicSpline(time_T[start:stop], column_CT[:, start:stop], axis=1)
        signal_CG[:, first : last + 1] = spline(np.arange(first, last + 1) / rate_hz)
    return signal_CG


def _railed(
    column_CT: Float64, time_T: Float64, rate_hz: int, samples: int
) -> npt.NDArray[np.bool_]:
    """Return where on the grid a lead of the ECG is within 1 s of its rail, shape (C, G).

    Lead III is II less I: what rails one of those corrupts it, though it is past no rail itself.
    """
    railed_CG = np.zeros((len(column_CT), samples), dtype=np.bool_)
    leads = [lead for lead, _ in COLUMNS.values()]
    over = {lead: np.abs(column_CT[leads.index(lead)]) > RAILED_MV for lead in ("I", "II", "Vx-RL")}
    over["III"] = over["I"] | over["II"]
    for lead, over_T in over.items():
        change_G = np.zeros(samples + 1, dtype=np.int64)
        at_A = time_T[over_T] * rate_hz
        reach = RECOVERY_S * rate_hz
        np.add.at(change_G, np.clip(np.ceil(at_A - reach), 0, samples).astype(np.int64), 1)
        np.add.at(change_G, np.clip(np.floor(at_A + reach) + 1, 0, samples).astype(np.int64), -1)
        railed_CG[leads.index(lead)] = np.cumsum(change_G)[:samples] > 0
    return railed_CG


def mains_hz(record: str) -> int:
    """Return the mains of a record's hospital."""
    return 60 if record.startswith("UP") else MAINS_HZ


def simulate(
    root: Path, records: tuple[str, ...], seed: int, *, duration_s: Duration = 400.0
) -> None:
    """Write simulated recordings: MATLAB 5 files, uneven clocks, gaps, two schemes of names.

    CP-19's clock ticks each 100 ms, UP-28's stands still and its lead II is railed, CP-01 to
    CP-38 have y reversed, ten of CP are railed for a while, UP-22 and on are of 512 Hz.

    Parameters
    ----------
    root : Path
        The folder that will hold RECORDS and ``MAT_Files``.
    records : tuple of str
        Of `names`.
    seed : int
        With a record's name, it alone decides on the record's bytes.
    duration_s : float
        Seconds a record.

    Raises
    ------
    ValueError
        The database has no such record.
    """
    root.mkdir(parents=True, exist_ok=True)
    for record in _simulated.check_names(SLUG, records, names()):
        filed_CT, clock_T = _scg_vhd.columns(record, seed, duration_s, mains_hz(record))
        path = root / files(root, record)[0]
        _scg_vhd.write(path, record, list(COLUMNS), filed_CT, clock_T)
    _simulated.write_listing(root, records, [])
