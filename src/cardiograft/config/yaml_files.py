"""A config file read as it is written, where YAML's own reading would say nothing.

Of a key that stands twice YAML keeps the last. It reads ``010`` as 8 and ``no`` as false, also
where they are names.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from cardiograft.config.plain import QUOTES

# In C where libyaml is there: every job reads the config.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MERGE = "tag:yaml.org,2002:merge"
TEXT = "tag:yaml.org,2002:str"


def read_file(file: Path) -> dict[str, Any]:
    """Return what a config file holds, JSON or YAML.

    Raises
    ------
    ValueError
        One line: the file, and where it can be, the line and the key in it.
    FileNotFoundError
        There is no such file.
    """
    if not file.is_file():
        raise FileNotFoundError(f"no file {file}")
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: not UTF-8 text, at byte {error.start}") from None
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from None
    if not text.strip():
        raise ValueError(f"{file}: empty; a config without a word is {{}}")
    try:
        content = _json(text, file) if text.lstrip().startswith("{") else None
        return _mapping(_yaml(text, file) if content is None else content, file)
    except yaml.YAMLError as error:
        raise ValueError(f"{file}: {_fault(error, text)}") from None


def _json(text: str, file: Path) -> Any:
    """Return JSON, or None where it is YAML that begins in the same way."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise yaml.YAMLError(f"the key {twice!r} stands there twice")
        return content

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError:
        return None


def _yaml(text: str, file: Path) -> Any:
    loader = LOADER(text)
    try:
        node = loader.get_single_node()
        if node is not None:
            _check(node, file, loader)
        return None if node is None else _constructed(node, loader)
    finally:
        loader.dispose()


def _constructed(node: yaml.Node, loader: Any) -> Any:
    try:
        return loader.construct_document(node)
    except (ValueError, OverflowError) as error:  # of 2020-13-45, which looks like a date
        raise yaml.YAMLError(f"{error}: a date, or a number, that can't be: {QUOTES}") from None


def _check(node: yaml.Node, file: Path, loader: Any) -> None:
    """Refuse keys that stand twice, and those that YAML does not read as they are written."""
    if isinstance(node, yaml.SequenceNode):
        for one in node.value:
            _check(one, file, loader)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        where = f"{file}, line {line}"
        if not isinstance(key, yaml.ScalarNode):
            raise ValueError(f"{where}: a key must be text")
        if key.tag != MERGE:
            if key.tag != TEXT and str(loader.construct_object(key)) != key.value:
                read = loader.construct_object(key)
                raise ValueError(f"{where}: YAML reads the key {key.value} as {read!r}: {QUOTES}")
            if key.value in seen:
                raise ValueError(
                    f"{where}: the key {key.value!r} stands in line {seen[key.value]} too"
                )
            seen[key.value] = line
        _check(value, file, loader)


def _mapping(content: Any, file: Path) -> dict[str, Any]:
    if content is None:
        raise ValueError(f"{file}: empty; a config without a word is {{}}")
    if not isinstance(content, dict):
        raise ValueError(f"{file}: expected keys and values, not {content!r:.60}")
    return content


def _fault(error: yaml.YAMLError, text: str) -> str:
    """Return what is wrong with YAML as one line, its place first."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    problem = " ".join(str(error.problem).split())
    mark = error.problem_mark
    line = text.splitlines()[mark.line] if mark.line < len(text.splitlines()) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        problem = "a tab: indent with blanks"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
