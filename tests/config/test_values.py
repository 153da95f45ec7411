"""Whatever a field is given: it is taken as it is, or refused in one line that names the field."""

import copy
import datetime
import math
from pathlib import Path
from typing import Any

import pytest
from overlays import ROOT
from pydantic import ValidationError

from cardiograft import plugins
from cardiograft.config.checks import load_config
from cardiograft.config.files import check_files, check_writable, located
from cardiograft.config.plain import plain
from cardiograft.config.schema import Config
from cardiograft.config.yaml_files import read_file
from cardiograft.specs.entry import Entry
from cardiograft.specs.errors import one_line

VALUES = [
    *(math.nan, math.inf, -math.inf, -1, -0.5, 0, 0.0, 1.0, 1.5, 10**12, 1e300, 1e-300),
    *("", "5", "true", True, False, None, datetime.date(2020, 1, 2)),
    *([], {}, [1], ["5", "5"], [None], {"a": 1}),
]
BASE: dict[str, Any] = {
    "databases": {"mitdb": {"records": ["100", "101"], "simulate": {"duration_s": 60}}},
    "segments": {
        "beats": {
            "database": "mitdb",
            "signal": {"leads": ["MLII"], "filter": {"low_hz": 0.5, "high_hz": 40}},
            "target": {"leads": ["V1"]},
            "rate_hz": 125,
            "cut": {"name": "windows", "window_s": 10},
            "label": "rhythm",
        }
    },
    "quality_gates": {"clear": {"segments": "beats", "model": "second", "label": "N"}},
    "splits": {
        "people": {
            "segments": ["beats"],
            "scheme": "subject",
            "protocol": "personal",
            "calibration": {"seconds": 10},
        }
    },
    "pretrain": {
        "first": {
            "split": "people",
            "model": {"name": "cnn", "kernel": 5},
            "task": "classify",
            "training": {"epochs": 1},
        }
    },
    "prune": {
        "pruned": {
            "source": "first",
            "model": {"name": "cnn"},
            "task": {"name": "classify"},
            "sparsity": {"end": 5},
            "training": {"epochs": 1},
        }
    },
    "transfer": {
        "second": {
            "split": "people",
            "sources": [{"entry": "first", "map": {"encoder": "encoder"}}],
            "model": {"name": "cnn"},
            "task": "classify",
            "training": {"epochs": 1},
            "adaptation": {"name": "coral", "domain": "people"},
        }
    },
    "export": {"device": {"source": "second", "limit": {"metric": "accuracy", "loss": 0.1}}},
    "apply": {"ward": {"model": "second", "records": "ward"}},
    "baselines": {"simple": {"split": "people", "baseline": "majority"}},
    "evaluations": {"second": {"metrics": ["accuracy", {"name": "f1"}]}},
    "tables": {
        "transform_recognition": {
            "evaluations": ["second"],
            "primary": "accuracy",
            "comparisons": [{"tag": "init", "of": "a", "to": "b"}],
        }
    },
}


def set_(config: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    tree: Any = config
    for name in place[:-1]:
        tree = tree[int(name)] if isinstance(tree, list) else tree.setdefault(name, {})
    tree[place[-1]] = value


def places() -> list[tuple[str, ...]]:
    """Return every field of every entry of the config, those that it does not set too."""
    keys: list[tuple[str, ...]] = []

    def walk(model: Any, place: tuple[str, ...]) -> None:
        for name in type(model).model_fields:
            value, here = getattr(model, name), (*place, name)
            keys.append(here)
            if isinstance(value, Entry) and {"kind", "options"} <= type(value).model_fields.keys():
                keys.extend((*here, option) for option in value.options)
            elif isinstance(value, Entry):
                walk(value, here)
            elif isinstance(value, tuple) and value and type(value[0]) is not str:
                if not hasattr(value[0], "kind"):
                    walk(value[0], (*here, "0"))
            elif isinstance(value, dict):
                for key, one in value.items():
                    if isinstance(one, Entry):
                        walk(one, (*here, key))

    config = copy.deepcopy(BASE)
    config["tables"]["transform_recognition"]["comparisons"] = []
    for section, entries in load_config(config):
        name = "tables" if section == "studies" else section
        if isinstance(entries, dict):
            for key, entry in entries.items():
                walk(entry, (name, key))
        else:
            keys.append((name,))
    return keys


PLACES = places()


def test_the_walk_is_a_long_one() -> None:
    assert len(PLACES) > 120
    sections = set(Config.model_fields) - {"studies"} | {"tables"}
    assert {place[0] for place in PLACES} == sections


@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_a_value_is_taken_as_it_is_or_refused_by_name(place: tuple[str, ...]) -> None:
    base = copy.deepcopy(BASE)
    base["tables"]["transform_recognition"]["comparisons"] = []
    refusals: list[tuple[Any, str]] = []
    for value in VALUES:
        config = copy.deepcopy(base)
        try:
            set_(config, place, value)
        except (TypeError, KeyError):  # below a plug-in that is written as its name
            set_(config, place[:-1], {"name": _at(config, place[:-1]), place[-1]: value})
        try:
            loaded = load_config(config)
        except ValueError as error:
            refusals.append((value, str(error)))
            continue
        taken = _at(loaded, ("studies" if place[0] == "tables" else place[0], *place[1:]))
        if isinstance(value, bool | str | int | float) and not isinstance(taken, Entry):
            assert taken == value, (value, taken)
            assert isinstance(taken, bool) is isinstance(value, bool), (value, taken)
    assert not [one for one in refusals if "\n" in one[1] or not named(place, one[1])]


@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_what_a_list_names_twice_is_refused(place: tuple[str, ...]) -> None:
    config = copy.deepcopy(BASE)
    config["tables"]["transform_recognition"]["comparisons"] = []
    loaded = load_config(copy.deepcopy(config))
    held = _at(loaded, ("studies" if place[0] == "tables" else place[0], *place[1:]))
    if not isinstance(held, tuple) or (held and not isinstance(held[0], str)):
        return
    if place[0] == "tables" and place[-1] == "evaluations":
        return  # patterns: two may match one run
    name = held[0] if held else "train"
    try:
        set_(config, place, [name, name])
    except (TypeError, KeyError):  # below a plug-in that is written as its name
        set_(config, place[:-1], {"name": _at(config, place[:-1]), place[-1]: [name, name]})
    with pytest.raises(ValueError, match=place[-1]) as error:
        load_config(config)
    assert "\n" not in str(error.value)


def named(place: tuple[str, ...], message: str) -> bool:
    return place[-1] in message or (place[-1] == "dataset" and "database" in message)


def _at(tree: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        if isinstance(tree, dict):
            tree = tree[name]
        elif isinstance(tree, list | tuple):
            tree = tree[int(name)]
        else:
            own = name in type(tree).model_fields
            tree = getattr(tree, name) if own else tree.options[name]
    return tree


OPTIONS = [
    (kind, name, option)
    for kind in plugins.PLACES
    for name in plugins.names(kind)
    for option in plugins.options(kind, name).model_fields
]


@pytest.mark.parametrize(("kind", "name", "option"), OPTIONS)
def test_an_option_of_a_plug_in_too(kind: str, name: str, option: str) -> None:
    model, messages = plugins.options(kind, name), list[str]()
    for value in [v for v in VALUES if not isinstance(v, datetime.date)]:
        try:
            taken = getattr(model.model_validate({option: value}), option)
        except ValidationError as error:
            messages.append(one_line(error))
            continue
        assert not isinstance(taken, float) or math.isfinite(taken)
        if isinstance(value, bool | str | int | float):
            assert taken == value
            assert isinstance(taken, bool) is isinstance(value, bool)
        if option.endswith("_s") and taken is not None:
            assert 0 <= taken <= 86_400
    assert not [line for line in messages if "\n" in line or option not in line]


REFUSED = {
    "a text for a number": (("pretrain", "first", "training", "epochs"), "5", "valid integer"),
    "a number with a point for a count": (
        ("pretrain", "first", "training", "epochs"),
        1.0,
        "valid integer",
    ),
    "yes for a number": (("pretrain", "first", "training", "epochs"), True, "valid integer"),
    "a number for yes": (("pretrain", "first", "training", "compile"), 1, "valid boolean"),
    "a number for a name": (("splits", "people", "drop_labels"), [5], "write it in quotes"),
    "no for a name": (("splits", "people", "drop_labels"), [False], "write it in quotes"),
    "an option's type": (
        ("pretrain", "first", "model", "kernel"),
        "5",
        "model: cnn: kernel: '5': Input should be a valid integer",
    ),
    "an even kernel": (("pretrain", "first", "model", "kernel"), 4, "cnn: kernel: 4: 4 is even"),
    "no widths": (("pretrain", "first", "model", "widths"), [], "at least 1"),
    "a date": (("segments", "beats", "signal", "leads"), [datetime.date(2020, 1, 1)], "quotes"),
    "a lead without a name": (("segments", "beats", "signal", "leads"), [""], "names no lead"),
    "no lead beside a bar": (("segments", "beats", "signal", "leads"), ["II| "], "beside a bar"),
    "a record without a name": (
        ("databases", "mitdb", "records"),
        [""],
        "expected how many records, or a",
    ),
    "a person without a name": (("people",), [["mitdb/100", ""]], "at least 1"),
    "a window of less than a sample": (
        ("segments", "beats", "cut", "window_s"),
        0.001,
        "cut.window_s 0.001 is 0.125 samples at rate_hz 125",
    ),
    "a negative duration": (("databases", "mitdb", "simulate"), {"duration_s": -1}, "greater"),
    "a tag that YAML reads as false": (("pretrain", "first", "tags"), {"raw": False}, "quotes"),
    "nothing to evaluate": (("evaluations", "second", "parts"), [], "at least 1"),
    "no segments": (("splits", "people", "segments"), [], "at least 1"),
    "no records": (("databases", "mitdb", "records"), [], "expected how many records, or a"),
    "a folder without a name": (("results",), "", "at least 1"),
    "braces in a folder": (("results",), "a/{b}", "braces"),
    "a seed that no library takes": (("seed",), 2**40, "less than or equal"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    place, value, message = REFUSED[name]
    config = copy.deepcopy(BASE)
    set_(config, place, value)
    with pytest.raises(ValueError, match=r"^" + place[0]) as caught:
        load_config(config)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a/b", ".hidden", "-v", "", "..", "a\nb", "{x"])
def test_an_entrys_name_is_a_files_name(name: str) -> None:
    config = copy.deepcopy(BASE)
    config["baselines"][name] = config["baselines"]["simple"]
    with pytest.raises(ValueError, match=r"^baselines\..*"):
        load_config(config)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": {True: 1}}, "a: a key that YAML reads as True: write it in quotes"),
        ({None: 1}, "a key that YAML reads as nothing"),
        ({"a": {0: 1, "0": 2}}, "a: '0' stands there twice"),
        ({"a": [{"b": math.inf}]}, "a.0.b: inf: Input should be a finite number"),
        ({"a": datetime.date(2020, 1, 1)}, "a: 2020-01-01: a date, where text is meant"),
        ({"a": {1, 2}}, "a: .*: a set, where text is meant"),
    ],
)
def test_what_yaml_makes_of_text_unasked(given: dict[Any, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plain(given)
    assert plain({"a": {30: 1, 0.5: (1, "x")}}) == {"a": {"30": 1, "0.5": [1, "x"]}}


FILES = {
    "empty": (b"", "empty"),
    "a comment": (b"# nothing\n", "empty"),
    "no mapping": (b"hello\n", "expected keys and values, not 'hello'"),
    "a list": (b"[1]\n", "expected keys and values"),
    "tabs": (b"a:\n\tb: 1\n", "line 2, column 1: a tab: indent with blanks"),
    "not UTF-8": (b"title: caf\xe9\n", "not UTF-8 text, at byte 10"),
    "a key twice": (b"a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands in line 1 too"),
    "a deep key twice": (b"x:\n  a: 1\n  a: 2\n", "line 3: the key 'a' stands in line 2 too"),
    "a key twice in JSON": (b'{"a": 1, "a": 2}', "the key 'a' stands there twice"),
    "no": (b"a: {no: 1}\n", "line 1: YAML reads the key no as False: write it in quotes"),
    "octal": (b"010: 1\n", "line 1: YAML reads the key 010 as 8: write it in quotes"),
    "a null key": (b"~: 1\n", "line 1: YAML reads the key ~ as None"),
    "two documents": (b"a: 1\n---\nb: 1\n", "line 2, column 1: but found another document"),
    "no such day": (b"a: 2020-13-45\n", "month must be in 1..12"),
    "an open bracket": (b"a: [1\n", "line 2, column 1"),
    "a tag of Python's": (b"a: !!python/name:os.system\n", "could not determine a constructor"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_config_file_that_is_not_read_as_it_is_written(name: str, tmp_path: Path) -> None:
    content, message = FILES[name]
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"mine\.yaml") as caught:
        check_files([file], ROOT)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_config_file_that_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("a: &x {b: 1, 30: c}\nd: {<<: *x, b: 2}\n")
    assert read_file(file) == {"a": {"b": 1, 30: "c"}, "d": {"b": 2, 30: "c"}}
    file.write_text('{\n\t"a": [1, "b"]}')
    assert read_file(file) == {"a": [1, "b"]}
    with pytest.raises(FileNotFoundError, match=r"no file .*none\.yaml"):
        read_file(tmp_path / "none.yaml")


def test_a_mistake_names_its_file(tmp_path: Path) -> None:
    low, top = tmp_path / "low.yaml", tmp_path / "top.yaml"
    low.write_text(
        "presets: {usual: {epochs: 1}}\n"
        "pretrain:\n"
        "  'x-{a}':\n"
        "    training: {preset: usual}\n"
        "    variants: {a: {b: {}, c: {training: {batch_size: -1}}}}\n"
    )
    top.write_text("presets: {usual: {epochs: many}}\n")
    config = read_file(low) | read_file(top)
    line = "pretrain.x-b.training.epochs: 'many': no"
    assert located(ValueError(line), config, [low, top], ROOT) == f"config: {line} ({top})"
    line = "pretrain.x-c.training.batch_size: -1: no"
    assert located(ValueError(line), config, [low, top], ROOT) == f"config: {line} ({low})"
    line = "pretrain.x-c.training: unknown key 'epoch'."
    assert located(ValueError(line), config, [low, top], ROOT) == f"config: {line} ({low})"
    line = "mirror: 'x': no"
    assert located(ValueError(line), config, [low, top], ROOT) == f"config: {line}"


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_writable("results", tmp_path / "new" / "deep")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"results: .*: .*file is a file, not a folder"):
        check_writable("results", tmp_path / "file" / "deep")
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    with pytest.raises(ValueError, match=r"results: .*: no permission to write in"):
        check_writable("results", tmp_path / "new")
