"""A unit is a quantity: spellings of one unit are one, factors are those of the SI, others fail."""

import math
import re

import pytest

from cardiograft.signals import units

SPELLINGS = {
    "V": ("V", "v", "Volt", "volts"),
    "mV": ("mV", "mv", "MV", "Mv", "mV ", "millivolt", "㎷", "mVolts", "mVolt"),
    "uV": (
        "uV",
        "UV",
        "uv",
        "\u00b5V",
        "\u03bcV",
        "\u00b5v",
        "microvolts",
        "microvol",
        "microV",
        "\u00b5Volt",
    ),
    "nV": ("nV", "NV"),
    "m/s2": (
        "m/s2",
        "m/s²",
        "m/s^2",
        "m/s**2",
        "m/s/s",
        "m·s⁻²",
        "m s⁻²",
        "M/S2",
        "m.s-2",
        "m.s⁻²",
    ),
    "g": ("g", "G"),
    "mg": ("mg", "mG"),
    "ug": ("ug", "µg"),
    "deg/s": ("deg/s", "°/s", "º/s", "dps", "DPS", "°/sec", "degree/s", "deg.s-1"),
    "rad/s": ("rad/s", "rad·s⁻¹"),
    "Pa": ("Pa", "pa"),
    "mPa": ("mPa",),
    "MPa": ("MPa",),
    "mmHg": ("mmHg", "mmhg", "mm Hg"),
    "NU": ("NU", "nu", "adu", "a.u.", "A.U."),
}
TWO_BYTES_AS_TWO_LETTERS = {
    text.encode("utf-8").decode("latin-1"): unit
    for text, unit in (("\u00b5V", "uV"), ("\u03bcV", "uV"), ("°/s", "deg/s"), ("m/s²", "m/s2"))
}


@pytest.mark.parametrize(
    ("text", "unit"),
    [(t, u) for u, texts in SPELLINGS.items() for t in texts] + [*TWO_BYTES_AS_TWO_LETTERS.items()],
)
def test_a_spelling_names_its_unit(text: str, unit: str) -> None:
    assert units.find(text).name == unit
    assert units.factor(text, unit) == 1


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("µV", "mV", 1e-3),
        ("MOhm", "Ohm", 1e6),
        ("mOhm", "Ohm", 1e-3),
        ("kΩ", "Ohm", 1e3),
        ("mV", "uV", 1e3),
        ("V", "mV", 1e3),
        ("nV", "mV", 1e-6),
        ("g", "m/s2", 9.80665),
        ("mg", "m/s2", 9.80665e-3),
        ("m/s2", "mg", 1000 / 9.80665),
        ("mm/s2", "m/s2", 1e-3),
        ("rad/s", "deg/s", 180 / math.pi),
        ("deg/s", "rad/s", math.pi / 180),
        ("mmHg", "Pa", 133.322387415),
        ("kPa", "mmHg", 1000 / 133.322387415),
        ("MPa", "mPa", 1e9),
        ("adu", "NU", 1.0),
    ],
)
def test_factors_are_those_of_the_definitions(text: str, wanted: str, expected: float) -> None:
    assert units.factor(text, wanted) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["\ufffdV", "ï¿½V", "?V", "æV", "V/m", "furlong", "", "1", "mpa", "mohm"]
)
def test_an_unknown_unit_is_refused_by_name(text: str) -> None:
    """A byte that was lost may have been any prefix; ``mpa`` is milli- or megapascal."""
    with pytest.raises(ValueError, match=re.escape(f"unknown unit {text!r}")):
        units.factor(text, "mV")


@pytest.mark.parametrize(("text", "wanted"), [("adu", "mV"), ("mmHg", "mV"), ("mV", "m/s2")])
def test_another_quantity_is_no_unit_of_this_one(text: str, wanted: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"unit {text!r} can't become {wanted}")):
        units.factor(text, wanted)


def test_no_spelling_names_two_units() -> None:
    named: dict[str, set[str]] = {}
    for unit in units.UNITS:
        for text in (unit.name, *unit.spellings):
            named.setdefault(units._plain(text), set()).add(unit.name)
    assert all(len(names) == 1 for names in named.values())
