"""The command that a run was called with, as a reader would type it again."""

import argparse
import re
import shlex
from collections.abc import Mapping, Sequence

# What decides on content or is needed to run at all; how many values each takes. What only
# concerns the moment (`--dry-run`, `--forcerun`, `--quiet`) is left out, as are settings of
# storage, which may be secret.
OPTIONS = {
    ("--snakefile", "-s"): None,
    ("--directory", "-d"): None,
    ("--cores", "-c"): "?",
    ("--jobs", "-j"): "?",
    ("--executor", "-e"): None,
    ("--profile",): None,
    ("--workflow-profile",): None,
    ("--configfile", "--configfiles"): "+",
    ("--config", "-C"): "*",
}
BRACE = re.compile(r"[{}]")
LOGIN = re.compile(r"(?<=://)[^/@\s]+@")


def command(arguments: Sequence[str]) -> str:
    """Return Snakemake's command line without its targets, in one order of options.

    Parameters
    ----------
    arguments
        As Snakemake was given them, without the program's name.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for names, count in OPTIONS.items():
        parser.add_argument(*names, nargs=count, const="" if count == "?" else None)
    given, _ = parser.parse_known_args(list(arguments))
    words = ["snakemake"]
    for (name, *_), count in OPTIONS.items():
        value = getattr(given, name.removeprefix("--").replace("-", "_"))
        if value is not None:
            listed = value if isinstance(value, list) else [value]
            words += [name, *(LOGIN.sub("", one) for one in listed if one or count is None)]
    return shlex.join(words)


def exports(environment: Mapping[str, object]) -> str:
    """Return shell that sets an environment, as Snakemake's prefix of every job takes it."""
    lines = (f"export {name}={shlex.quote(str(v))}; " for name, v in environment.items())
    return doubled("".join(lines))


def doubled(text: str) -> str:
    """Return a text in which Snakemake fills no names: of a doubled brace it leaves one."""
    return BRACE.sub(lambda brace: brace[0] * 2, text)
