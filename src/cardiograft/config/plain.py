"""What YAML gives, made into what config holds: text, numbers, yes or no, lists and mappings."""

import math
from typing import Any

QUOTES = "write it in quotes"


def plain(given: Any, place: tuple[str, ...] = ()) -> Any:
    """Return a value without what YAML makes of some texts unasked.

    Raises
    ------
    ValueError
        One line: a date, a number that is not finite, a key that is no text and no number; or two
        keys that are the same text.
    """
    if isinstance(given, dict):
        result: dict[str, Any] = {}
        for key, value in given.items():
            name = _key(key, place)
            if name in result:
                raise ValueError(
                    f"{_text(place)}{name!r} stands there twice, with quotes and without"
                )
            result[name] = plain(value, (*place, name))
        return result
    if isinstance(given, list | tuple):
        return [plain(one, (*place, str(number))) for number, one in enumerate(given)]
    if isinstance(given, float) and not math.isfinite(given):
        raise ValueError(f"{_text(place)}{given}: Input should be a finite number")
    if given is None or isinstance(given, str | bool | int | float):
        return given
    raise ValueError(
        f"{_text(place)}{given}: a {type(given).__name__}, where text is meant: {QUOTES}"
    )


def _key(key: Any, place: tuple[str, ...]) -> str:
    if isinstance(key, bool) or not isinstance(key, str | int | float):
        shown = "nothing" if key is None else repr(key) if isinstance(key, bool) else str(key)
        raise ValueError(f"{_text(place)}a key that YAML reads as {shown}: {QUOTES}")
    return str(key)


def _text(place: tuple[str, ...]) -> str:
    return f"{'.'.join(place)}: " if place else ""
