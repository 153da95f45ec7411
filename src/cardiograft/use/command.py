"""The command ``cardiograft``: one subcommand for each thing that a user asks for.

Each subcommand's module is imported when it is asked for: ``doctor`` has to run where a library
of another one is missing.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from cardiograft import cli

# Subcommand to its module, which has DESCRIPTION, add_arguments and run.
SUBCOMMANDS = {
    "apply": "cardiograft.use.apply_command",
    "doctor": "cardiograft.use.doctor",
    "explain": "cardiograft.use.explain",
    "init": "cardiograft.use.init",
    "models": "cardiograft.use.models",
}
SUMMARIES = {
    "apply": "predict recordings with a trained network",
    "doctor": "look at the environment, the disk, the mirror: what would go wrong",
    "explain": "why jobs of the workflow would run, in words",
    "init": "write a config for a folder of recordings of your own",
    "models": "list trained networks that have names, or fetch one",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a subcommand."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in SUBCOMMANDS:
        # libraries take seconds to import, in which a user may think better of it
        with cli.ending_in_a_line(name := f"cardiograft {words[0]}"):
            module = importlib.import_module(SUBCOMMANDS[words[0]])
        sys.argv = [name, *words[1:]]
        parser = cli.parser(module.DESCRIPTION)
        module.add_arguments(parser)
        cli.run(module.run, parser)
        return
    parser = argparse.ArgumentParser(prog="cardiograft", description=_described())
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("subcommand", choices=sorted(SUBCOMMANDS))
    parser.add_argument("arguments", nargs="...", help="cardiograft SUBCOMMAND --help lists them")
    parser.parse_args(words or ["--help"])


def _described() -> str:
    lines = [f"  {name:9}{summary}" for name, summary in SUMMARIES.items()]
    return "\n".join(["Trained networks in use, and help with the workflow.", "", *lines])


if __name__ == "__main__":
    main()
