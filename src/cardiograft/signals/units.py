"""Units as quantities: ``µV``, ``uV`` and ``mv`` are voltages, and one converts into the other.

Spellings differ between files, in case too: an ECG in ``MV`` is in millivolts, as nobody's heart
makes megavolts. So case decides only where two units that are known differ by nothing else
(``mPa``, ``MPa``). What no table knows is refused: never guessed, least of all from a name that
has lost a byte (``?V`` may have been micro-, milli- or any other volt).

Source: Thompson & Taylor, Guide for the Use of the International System of Units, NIST Special
Publication 811, 2008, doi:10.6028/NIST.SP.811e2008 (prefixes; standard gravity; conventional
millimetre of mercury); https://physionet.org/physiotools/wag/header-5.htm (units of signals).
"""

import math
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

ARBITRARY = "arbitrary"

GRAVITY = Fraction("9.80665")
MERCURY = Fraction("133.322387415")
DEGREE = Fraction(math.pi) / 180


@dataclass(frozen=True)
class Unit:
    """A unit: 1 `name` is `size` of the coherent unit of its `quantity`."""

    name: str
    quantity: str
    size: Fraction
    spellings: tuple[str, ...] = ()


MILLI, MICRO, NANO = Fraction(1, 10**3), Fraction(1, 10**6), Fraction(1, 10**9)
# ``millivol`` and ``microvol`` are what an EDF file has room for.
UNITS = (
    Unit("V", "voltage", Fraction(1), ("volt", "volts")),
    Unit(
        "mV", "voltage", MILLI, ("millivolt", "millivolts", "millivol", "mVolt", "mVolts", "milliV")
    ),
    Unit(
        "uV",
        "voltage",
        MICRO,
        ("microvolt", "microvolts", "microvol", "mcV", "uVolt", "uVolts", "microV"),
    ),
    Unit("nV", "voltage", NANO, ("nanovolt", "nanovolts")),
    Unit("m/s2", "acceleration", Fraction(1), ("m/s/s", "m/sec2", "ms-2", "m*s-2", "m.s-2")),
    Unit("cm/s2", "acceleration", Fraction(1, 100), ("cm/s/s", "cm*s-2", "cm.s-2")),
    Unit("mm/s2", "acceleration", MILLI, ("mm/s/s", "mm*s-2", "mm.s-2")),
    Unit("g", "acceleration", GRAVITY, ("gn", "g0")),
    Unit("mg", "acceleration", GRAVITY * MILLI, ("milli-g", "milli g", "millig")),
    Unit("ug", "acceleration", GRAVITY * MICRO, ("micro-g", "micro g", "microg")),
    Unit(
        "rad/s",
        "angular rate",
        Fraction(1),
        ("rad/sec", "rad*s-1", "rad.s-1", "radians/s", "radian/s"),
    ),
    Unit("mrad/s", "angular rate", MILLI, ("mrad/sec",)),
    Unit(
        "deg/s",
        "angular rate",
        DEGREE,
        ("°/s", "°/sec", "deg/sec", "dps", "degrees/s", "degree/s", "deg*s-1", "deg.s-1"),
    ),
    Unit("mdeg/s", "angular rate", DEGREE * MILLI, ("m°/s", "mdeg/sec", "mdps")),
    Unit("Pa", "pressure", Fraction(1), ("pascal",)),
    Unit("uPa", "pressure", MICRO),
    Unit("mPa", "pressure", MILLI),
    Unit("hPa", "pressure", Fraction(100), ("mbar",)),
    Unit("kPa", "pressure", Fraction(1000)),
    Unit("MPa", "pressure", Fraction(10**6)),
    Unit("mmHg", "pressure", MERCURY, ("mm Hg", "torr")),
    Unit("cmH2O", "pressure", GRAVITY * 10, ("cm H2O",)),
    Unit("Ohm", "resistance", Fraction(1), ("Ω", "ohms")),
    Unit("mOhm", "resistance", MILLI, ("mΩ",)),
    Unit("kOhm", "resistance", Fraction(1000), ("kΩ",)),
    Unit("MOhm", "resistance", Fraction(10**6), ("MΩ",)),
    Unit("NU", ARBITRARY, Fraction(1), ("adu", "a.u.", "au", "a.u", "arb. unit", "n/u", "counts")),
)

# Where one reading alone is possible: UTF-8's two bytes shown as Latin-1's letters, and signs that
# look like a degree.
READ_AS = {"Âµ": "µ", "Î¼": "µ", "Â²": "²", "Â°": "°", "Âº": "°", "º": "°", "˚": "°"}
# After Unicode's own normalisation (NFKC), which makes ``m/s²`` ``m/s2``.
WRITTEN_AS = {"\u03bc": "u", "\u2212": "-", "·": "*", "⋅": "*", "**": "", "^": ""}


def find(text: str) -> Unit:
    """Return the unit that a header's text names.

    Raises
    ------
    ValueError
        No table knows it.

    Examples
    --------
    >>> [find(text).name for text in ("µV", "MV", "m/s²", "m/s**2", "°/s", "adu")]
    ['uV', 'mV', 'm/s2', 'm/s2', 'deg/s', 'NU']
    """
    exact, folded = _tables()
    spelling = _plain(text)
    unit = exact.get(spelling) or folded.get(spelling.casefold())
    if unit is None:
        raise ValueError(f"unknown unit {text!r}")
    return unit


def factor(text: str, wanted: str) -> float:
    """Return what to multiply values in one unit by for values in another.

    Raises
    ------
    ValueError
        One of the units is unknown, or they measure different quantities.

    Examples
    --------
    >>> factor("µV", "mV"), factor("mv", "mV"), factor("g", "m/s2")
    (0.001, 1.0, 9.80665)
    """
    have, want = find(text), find(wanted)
    if have.quantity != want.quantity:
        raise ValueError(f"unit {text!r} can't become {want.name}")
    return float(have.size / want.size)


@cache
def _tables() -> tuple[dict[str, Unit], dict[str, Unit]]:
    """Return units by spelling, and those that a spelling names whatever its case."""
    exact = {_plain(text): unit for unit in UNITS for text in (unit.name, *unit.spellings)}
    by_case: dict[str, set[str]] = {}
    for text, unit in exact.items():
        by_case.setdefault(text.casefold(), set()).add(unit.name)
    folded = {t.casefold(): unit for t, unit in exact.items() if len(by_case[t.casefold()]) == 1}
    return exact, folded


def _plain(text: str) -> str:
    """Return a spelling without what writers differ in: signs, blanks, carets."""
    for seen, meant in READ_AS.items():
        text = text.replace(seen, meant)
    text = unicodedata.normalize("NFKC", text)
    for seen, meant in WRITTEN_AS.items():
        text = text.replace(seen, meant)
    return "".join(text.split())
