"""What every entry of the config has in common: strict keys, plug-ins by name, with options."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Literal, Self, TypeVar

from annotated_types import Ge, Le, MinLen
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PositiveFloat,
    Strict,
    ValidationError,
    model_validator,
)

from cardiograft import plugins
from cardiograft.specs.errors import one_line

Protocol = Literal["paper", "honest", "personal", "dose"]
T = TypeVar("T")
# YAML has lists: they alone become another type, tuples. Text is no number, 1 is no yes.
Several = Annotated[tuple[T, ...], Strict(False), AfterValidator(plugins.once)]
Some = Annotated[tuple[T, ...], Strict(False), MinLen(1), AfterValidator(plugins.once)]
Word = Annotated[str, MinLen(1)]
Count = Annotated[int, Ge(1), Le(10**9)]
Seed = Annotated[int, Ge(0), Le(2**31 - 1)]  # what every library takes


class Entry(BaseModel):
    """Unknown keys are errors that say what is known; defaults are written out.

    A value is of its field's type, or an error: nothing is turned into another type but a whole
    number where any number will do, and a list. No number is infinite or NaN.
    """

    # Deferred: planning imports every spec, and a job checks one.
    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, strict=True, allow_inf_nan=False
    )

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
        return f"src/cardiograft/{plugins.PLACES[self.kind]}/{self.name}.py"


class MetricSpec(Plugin):
    """A metric, its options, and the subjects that it leaves out, to see what one of them does.

    Attributes
    ----------
    without
        As in the predictions, ``<dataset>/<subject>``.
    at
        Of two classes the more probable one is predicted (``half``), or the second wherever its
        probability is above the threshold of highest balanced accuracy in the ``validation`` part,
        which must be predicted too.
    """

    without: Several[str] = ()
    at: Literal["half", "validation"] = "half"


class Adapting(Plugin):
    """An adaptation loss, the domain whose codes it compares, and how much it counts.

    Attributes
    ----------
    domain
        Entry of `splits`.
    part
        Of that split: ``train``, or ``test``, which only a paper's protocol may read.
    weight
        Factor on the adaptation loss.
    supervised
        Whether the domain's targets are used too: the task's loss of its segments is added.
        Otherwise they are not even read.
    """

    domain: str
    part: Literal["train", "test"] = "train"
    weight: PositiveFloat = 1.0
    supervised: bool = False

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.supervised and self.part == "test":
            raise ValueError("supervised adaptation trains on the domain: part 'train', not 'test'")
        return self


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


def _chosen(kind: str, beside: Iterable[str] = ()) -> Callable[[Any], Any]:
    def choose(given: Any) -> Any:
        if isinstance(given, Plugin):
            return given
        if isinstance(given, str):
            given = {"name": given}
        if not isinstance(given, dict) or "name" not in given:
            raise ValueError(f"expected the name of one of {kind}, or a mapping with 'name'")
        if not isinstance(given["name"], str):
            raise ValueError(f"name: {given['name']!r}: expected the name of one of {kind}")
        if set(given) == {"kind", "name", "options"}:
            given = {"name": given["name"], **given["options"]}
        options = {k: v for k, v in given.items() if k != "name"}
        allowed = plugins.options(kind, given["name"])
        for key in options:
            if key not in allowed.model_fields:
                known = plugins.hint(key, {*allowed.model_fields, *beside})
                raise ValueError(f"{given['name']} has no option {key!r}.{known}")
        try:
            whole = allowed.model_validate(options).model_dump(mode="json")
        except ValidationError as error:
            raise ValueError(f"{given['name']}: {one_line(error)}") from None
        return Plugin(kind=kind, name=given["name"], options=whole)

    return choose


def _or_none(kind: str) -> Callable[[Any], Any]:
    choose = _chosen(kind)
    return lambda given: None if given is None else choose(given)


def _with_more(kind: str, model: type[Plugin]) -> Callable[[Any], Any]:
    """Choose where `model` has fields beside a plug-in's, written among its options."""
    more = model.model_fields.keys() - Plugin.model_fields.keys()

    def choose(given: Any) -> Any:
        if isinstance(given, model):
            return given
        added = {}
        if isinstance(given, dict):
            added = {k: v for k, v in given.items() if k in more}
            given = {k: v for k, v in given.items() if k not in more}
        return {**dict(_chosen(kind, more)(given)), **added}

    return choose


def _adapting(given: Any) -> Any:
    if given is None or isinstance(given, Adapting):
        return given
    chosen = _with_more("adaptations", Adapting)(given)
    # Without a loss and without targets, a domain changes nothing.
    silent = chosen["name"] == "none" and not chosen.get("supervised")
    return None if silent else chosen


Dataset = Annotated[Plugin, BeforeValidator(_chosen("datasets"))]
Cut = Annotated[Plugin, BeforeValidator(_chosen("cuts"))]
Label = Annotated[Plugin, BeforeValidator(_chosen("labels"))]
Model = Annotated[Plugin, BeforeValidator(_chosen("models"))]
Reader = Annotated[Plugin, BeforeValidator(_chosen("readers"))]
MaybeReader = Annotated[Plugin | None, BeforeValidator(_or_none("readers"))]
View = Annotated[Plugin | None, BeforeValidator(_or_none("views"))]
Task = Annotated[Plugin, BeforeValidator(_chosen("tasks"))]
Adaptation = Annotated[Adapting | None, BeforeValidator(_adapting)]
Metric = Annotated[MetricSpec, BeforeValidator(_with_more("metrics", MetricSpec))]
Baseline = Annotated[Plugin, BeforeValidator(_chosen("baselines"))]
StudyName = Annotated[Plugin, BeforeValidator(_chosen("studies"))]
