"""Plug-ins: found by module name, options read without importing."""

import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from cardiograft import plugins
from cardiograft.specs.entry import Metric, Model

KINDS = [kind for kind in plugins.FUNCTIONS if plugins.names(kind)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_plugin_has_readable_options(kind):
    for name in plugins.names(kind):
        assert issubclass(plugins.options(kind, name), object)


@pytest.mark.parametrize("kind", KINDS)
def test_options_read_are_the_functions_own(kind):
    import inspect

    for name in plugins.names(kind):
        module = plugins.load(kind, name)
        if getattr(module, "OWN", False):  # is never simulated
            assert not plugins.options(kind, name).model_fields
            continue
        function = getattr(module, plugins.FUNCTIONS[kind])
        keyword_only = {
            p.name: p.default
            for p in inspect.signature(function).parameters.values()
            if p.kind is p.KEYWORD_ONLY
        }
        read = plugins.options(kind, name).model_fields
        assert set(read) == set(keyword_only)
        for key, default in keyword_only.items():
            if default is not inspect.Parameter.empty:
                assert read[key].default == default


def test_misspelt_name_gets_a_hint():
    with pytest.raises(ValueError, match="Did you mean 'cnn'"):
        plugins.path("models", "cnnn")


def test_a_name_cannot_leave_its_room():
    with pytest.raises(ValueError, match="no models named"):
        plugins.path("models", "../layers")


def test_choice_is_the_same_written_short_or_long():
    adapter = TypeAdapter(Metric)
    short, long = adapter.validate_python("accuracy"), adapter.validate_python({"name": "accuracy"})
    again = adapter.validate_json(short.canonical())
    assert short == long == again


def test_choice_writes_defaults_out():
    chosen = TypeAdapter(Model).validate_python("cnn")
    assert chosen.options == plugins.options("models", "cnn")().model_dump(mode="json")


def test_option_of_the_wrong_type():
    with pytest.raises(ValidationError):
        TypeAdapter(Model).validate_python({"name": "cnn", "dropout": "much"})


def test_reading_options_imports_nothing_heavy():
    code = (
        "import sys; from cardiograft import plugins;"
        "[plugins.options(k, n) for k in plugins.FUNCTIONS for n in plugins.names(k)];"
        "print({'torch', 'wfdb', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_constants_are_read_without_import():
    facts = plugins.constants("datasets", "mitdb")
    assert (facts["SLUG"], facts["VERSION"]) == ("mitdb", "1.0.0")


def test_of_many_names_a_hint_shows_the_nearest():
    known = [f"run-{n}" for n in range(500)]
    hint = plugins.hint("run-17x", known)
    assert hint.startswith(" Did you mean 'run-17'? Known: ")
    assert hint.endswith(" and 488 more.")
    assert "run-17," in hint
    assert len(hint) < 200
