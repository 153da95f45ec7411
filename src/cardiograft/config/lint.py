"""Read config files as the workflow does, and name a mistake in one line: ``make config``.

Snakemake reads the files that ``--configfile`` names before it comes to the Snakefile. Of one that
is absent, or neither YAML nor JSON, or no mapping, it shows an error of its own, which names
neither the line nor, mostly, the file. Nothing in a workflow can come before that; this can.
"""

import sys
from pathlib import Path

from cardiograft import cli
from cardiograft.config.checks import load_config
from cardiograft.config.files import check_files, config_file, located, named, study_files
from cardiograft.config.plain import plain
from cardiograft.config.plan import Plan
from cardiograft.config.rows import Raw, lay
from cardiograft.config.yaml_files import read_file

ROOT = Path(__file__).parents[3]


def lint(configfile: list[Path], root: Path = ROOT) -> None:
    """Lay files on the config, as ``snakemake --configfile`` does, and check what comes out.

    Raises
    ------
    ValueError, FileNotFoundError
        The first mistake, with the file that it stands in where that can be told.
    """
    base = config_file(root)
    files = [base, *configfile]
    check_files(files, root)
    try:
        studies = study_files(_laid(files), root)
        check_files(studies, root)
        files[1:1] = studies
        Plan(load_config(_laid(files)))
    except (ValueError, OSError) as error:
        line = located(error, _laid(files), files, root)
        raise ValueError(line.removeprefix("config: ")) from None
    names = ", ".join(named(file, root) for file in files)
    sys.stdout.write(f"no mistake found in {names}\n")


def _laid(files: list[Path]) -> Raw:
    config: Raw = {}
    places: Raw = {}  # which `lay` keeps beside; they are not asked for here
    for file in files:
        content = plain(read_file(file))
        lay(config, places, content, content)
    return config


def main() -> None:
    """Read the arguments and the files."""
    arguments = cli.parser(__doc__)
    arguments.prog = "config"
    arguments.add_argument("configfile", type=Path, nargs="*", help="laid on top, in this order")
    cli.run(lint, arguments)


if __name__ == "__main__":
    main()
