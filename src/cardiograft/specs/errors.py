"""One line for what pydantic finds wrong with an entry."""

from pydantic import ValidationError

# What pydantic says of a type, in the words of YAML.
WORDS = {
    "string_type": "expected text: write it in quotes",
    "tuple_type": "expected a list",
    "dict_type": "expected a mapping",
    "model_type": "expected a mapping",
}


def one_line(error: ValidationError) -> str:
    """Return the first fault as one line: its place, its value, and what is accepted."""
    place, value, message = parts(error)
    return f"{place}:{value} {message}".removeprefix(": ")


def parts(error: ValidationError) -> tuple[str, str, str]:
    """Return the first fault's place, its value with a blank before it, and what is accepted."""
    faults = error.errors()
    # Of a field of two types each says no: ours, of the type that was meant, says why.
    same = (f for f in faults if f["input"] is faults[0]["input"] and f["type"] == "value_error")
    first = next(same, faults[0])
    place = ".".join(str(p) for p in first["loc"] if not _internal(str(p)))
    message = WORDS.get(first["type"], first["msg"]).removeprefix("Value error, ")
    value = "" if isinstance(first["input"], dict) and first["type"] != "string_type" else first
    return place, f" {first['input']!r}:" if value else "", message


def _internal(part: str) -> bool:
    """Whether a part of a place is pydantic's name of a type, not one of config."""
    return "[" in part or part.startswith(("function-", "constrained-", "nullable"))
