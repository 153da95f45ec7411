"""The words every entry of config.yaml is made of."""

import json
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from cardiograft import plugins


class Entry(BaseModel):
    """Unknown keys are errors that say what is known; defaults are written out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        if isinstance(given, dict):
            for key in given:
                if key not in cls.model_fields:
                    known = plugins.hint(str(key), cls.model_fields)
                    raise ValueError(f"unknown key {key!r}.{known}")
        return given

    def canonical(self, exclude: set[str] | None = None) -> str:
        """Return this entry as JSON with sorted keys: equal meaning, equal text."""
        return json.dumps(self.model_dump(mode="json", exclude=exclude), sort_keys=True)

    def plugins(self) -> Iterator["Plugin"]:
        """Yield every plug-in that the entry names."""
        yield from _plugins_in(list(dict(self).values()))


class Plugin(Entry):
    """A plug-in by name, with all its options."""

    kind: str
    name: str
    options: dict[str, Any]

    @property
    def file(self) -> str:
        """Its source, relative to the repository."""
        return f"src/cardiograft/{self.kind}/{self.name}.py"


class Figure(Plugin):
    """A metric, and the subjects that it leaves out: what one of them does to it is seen.

    Attributes
    ----------
    without
        As in the predictions, ``<dataset>/<subject>``.
    """

    without: tuple[str, ...] = ()


def _plugins_in(values: list[Any]) -> Iterator[Plugin]:
    for value in values:
        if isinstance(value, Plugin):
            yield value
        elif isinstance(value, Entry):
            yield from value.plugins()
        elif isinstance(value, list | tuple):
            yield from _plugins_in(list(value))
        elif isinstance(value, dict):
            yield from _plugins_in(list(value.values()))


def _chosen(kind: str) -> Callable[[Any], Any]:
    def choose(given: Any) -> Any:
        if isinstance(given, Plugin):
            return given
        if isinstance(given, str):
            given = {"name": given}
        if not isinstance(given, dict) or "name" not in given:
            raise ValueError(f"expected the name of one of {kind}, or a mapping with 'name'")
        if set(given) == {"kind", "name", "options"}:
            given = {"name": given["name"], **given["options"]}
        asked = {k: v for k, v in given.items() if k != "name"}
        allowed = plugins.options(kind, given["name"])
        for key in asked:
            if key not in allowed.model_fields:
                known = plugins.hint(key, allowed.model_fields)
                raise ValueError(f"{given['name']} has no option {key!r}.{known}")
        options = allowed.model_validate(asked).model_dump(mode="json")
        return Plugin(kind=kind, name=given["name"], options=options)

    return choose


def _figure(given: Any) -> Any:
    if isinstance(given, Figure):
        return given
    without: Any = ()
    if isinstance(given, dict) and "without" in given:
        without = given["without"]
        given = {k: v for k, v in given.items() if k != "without"}
    chosen = _chosen("metrics")(given)
    return {"kind": chosen.kind, "name": chosen.name, "options": chosen.options, "without": without}


Dataset = Annotated[Plugin, BeforeValidator(_chosen("datasets"))]
Cut = Annotated[Plugin, BeforeValidator(_chosen("cuts"))]
Label = Annotated[Plugin, BeforeValidator(_chosen("labels"))]
Model = Annotated[Plugin, BeforeValidator(_chosen("models"))]
Task = Annotated[Plugin, BeforeValidator(_chosen("tasks"))]
Metric = Annotated[Figure, BeforeValidator(_figure)]
Baseline = Annotated[Plugin, BeforeValidator(_chosen("baselines"))]
StudyName = Annotated[Plugin, BeforeValidator(_chosen("studies"))]
