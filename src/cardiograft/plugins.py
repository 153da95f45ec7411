"""Find a plug-in (a data set, a model, a metric ...) by the name of its module.

Each kind has one function whose keyword-only arguments are what config may set. They are
read from the source without importing it, so that parsing a config never imports torch.
"""

import ast
import contextlib
import difflib
import importlib
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, MinLen, MultipleOf
from pydantic import AfterValidator, BaseModel, ConfigDict, Strict, create_model

PACKAGE = Path(__file__).parent
FUNCTIONS = {
    "datasets": "simulate",
    "cuts": "cut",
    "labels": "label",
    "models": "build",
    "views": "make",
    "readers": "read",
    "tasks": "make",
    "adaptations": "make",
    "metrics": "values",
    "baselines": "predict",
    "studies": "tables",
}
# Each kind's room below the package.
PLACES = {
    "datasets": "datasets",
    "cuts": "segments/cuts",
    "labels": "segments/labels",
    "models": "models",
    "views": "models/views",
    "readers": "checkpoints/readers",
    "tasks": "training/tasks",
    "adaptations": "training/adaptations",
    "metrics": "evaluation/metrics",
    "baselines": "evaluation/baselines",
    "studies": "studies",
}


def _odd(number: int) -> int:
    if number % 2 == 0:
        raise ValueError(f"{number} is even, an odd number is needed: it has a middle")
    return number


def once(given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a list of which each is another; one that stands there twice counts twice.

    Raises
    ------
    ValueError
        One is given twice: a record, a class, a lead.
    """
    written = [repr(one) for one in given]
    if len(set(written)) < len(written):
        twice = next(one for one in written if written.count(one) > 1)
        raise ValueError(f"{twice} is given twice")
    return given


Odd = Annotated[int, Ge(1), AfterValidator(_odd)]  # of a kernel
Seconds = Annotated[float, Ge(0), Le(86_400)]
Duration = Annotated[float, Gt(0), Le(86_400)]  # in seconds
Widths = Annotated[tuple[Annotated[int, Ge(1)], ...], MinLen(1)]
Eights = Annotated[tuple[Annotated[int, Ge(8), MultipleOf(8)], ...], MinLen(1)]
Names = Annotated[tuple[Annotated[str, MinLen(1)], ...], AfterValidator(once)]
Scales = Annotated[tuple[Annotated[float, Gt(0)], ...], MinLen(1)]
# The types that an option may be annotated with.
TYPES = {
    "Annotated": Annotated,
    "Literal": Literal,
    "Odd": Odd,
    "Widths": Widths,
    "Eights": Eights,
    "Scales": Scales,
    "Names": Names,
    "Seconds": Seconds,
    "Duration": Duration,
    **{t.__name__: t for t in (Ge, Gt, Le, Lt, MinLen)},
    **{t.__name__: t for t in (int, float, str, bool, tuple, dict, list)},
}

MOST_SHOWN, FEW_SHOWN = 40, 12  # names in a line that says what is known
# Values of options are taken as they are, or refused.
STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def names(kind: str) -> list[str]:
    """Return the names of all plug-ins of one kind, sorted."""
    return sorted(
        p.stem for p in (PACKAGE / PLACES[kind]).glob("*.py") if not p.stem.startswith("_")
    )


def hint(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'? Known: ..."`` for a name that is not among `known`.

    Of many known names, those that are most like it.
    """
    known = sorted(known)
    shown = known
    if len(known) > MOST_SHOWN:
        shown = sorted(difflib.get_close_matches(name, known, n=FEW_SHOWN, cutoff=0))
    more = f" and {len(known) - len(shown)} more" if len(shown) < len(known) else ""
    return f"{guess(name, known)} Known: {', '.join(shown) or 'none'}{more}."


def guess(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"``, or nothing where no known name is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def path(kind: str, name: str) -> Path:
    """Return a plug-in's file.

    Raises
    ------
    ValueError
        No plug-in of this kind has the name.
    """
    if name not in names(kind):
        raise ValueError(f"no {kind} named {name!r}.{hint(name, names(kind))}")
    return PACKAGE / PLACES[kind] / f"{name}.py"


def load(kind: str, name: str) -> ModuleType:
    """Import a plug-in.

    Raises
    ------
    ValueError
        No plug-in of this kind has the name.
    """
    full = f"cardiograft.{PLACES[kind].replace('/', '.')}.{name}"
    if full not in sys.modules:
        path(kind, name)
    return importlib.import_module(full)


@cache
def options(kind: str, name: str) -> type[BaseModel]:
    """Return the model of a plug-in's options, read from its source.

    Data sets of one's own simulate nothing, and have none.

    Raises
    ------
    ValueError
        No plug-in of this kind has the name.
    TypeError
        The plug-in lacks its function, or an option of it lacks a type.
    """
    wanted = FUNCTIONS[kind]
    tree = _tree(kind, name)
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == wanted]
    if not functions and constants(kind, name).get("OWN", False):
        return create_model(f"{kind}.{name}", __config__=STRICT)
    if not functions:
        raise TypeError(f"{kind}/{name}.py has no function {wanted!r} at its top level")
    arguments = functions[0].args
    fields: dict[str, Any] = {}
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if argument.annotation is None:
            raise TypeError(f"{kind}/{name}.py: option {argument.arg!r} has no type")
        value = ... if default is None else ast.literal_eval(default)
        fields[argument.arg] = (_type(ast.unparse(argument.annotation)), value)
    return create_model(f"{kind}.{name}", __config__=STRICT, **fields)


@cache
def _tree(kind: str, name: str) -> ast.Module:
    return ast.parse(path(kind, name).read_text(encoding="utf-8"))


def _type(annotation: str) -> Any:
    holder = type("holder", (), {"__annotations__": {"it": annotation}})
    return _listed(get_type_hints(holder, globalns=dict(TYPES), include_extras=True)["it"])


def _listed(kind: Any) -> Any:
    """Return a type whose tuples may be given as lists: YAML has no tuples."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return Annotated[(_listed(inner[0]), *inner[1:])]
    if origin is Literal or not inner:
        return kind
    parts = tuple(one if one is Ellipsis else _listed(one) for one in inner)
    if origin is tuple:
        return Annotated[tuple[parts], Strict(False)]  # type: ignore[valid-type]
    if origin in (Union, UnionType):
        return Union[parts]  # noqa: UP007  made of what is known at run time only
    return origin[parts]


@cache
def constants(kind: str, name: str) -> dict[str, Any]:
    """Return a plug-in's literal module constants (``SLUG``, ``VERSION``) without importing it."""
    literals: dict[str, Any] = {}
    for node in _tree(kind, name).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            for one, value in _pairs(node):
                with contextlib.suppress(ValueError):
                    literals[one] = ast.literal_eval(value)
    return literals


def _pairs(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.AnnAssign):
        if isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value
        return
    for target in node.targets:
        if isinstance(target, ast.Name):
            yield target.id, node.value
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for one, value in zip(target.elts, node.value.elts, strict=True):
                if isinstance(one, ast.Name):
                    yield one.id, value
