"""Write a study's measured table, and renew the README's table that is made of it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from cardiograft import cli
from cardiograft.files import atomic_file
from cardiograft.report import measured
from cardiograft.report.inputs import in_order, read_json, read_study
from cardiograft.report.readme import readme_table, replaced

# What figures depend on: a change here that is not committed is said beside the commit.
CODE = ("src", "workflow", "Snakefile", "config.yaml", "envs")


def publish(
    tables: Sequence[Path],
    study: str,
    command: str,
    segments: Sequence[Path],
    readme: Path | None,
    simulated: bool,
    out: Path,
) -> None:
    (found,) = in_order([read_study(folder) for folder in tables], [study])
    summaries = {folder.name: read_json(folder / "summary.json") for folder in segments}
    frame = measured.table(found, summaries, command=command, commit=commit(), simulated=simulated)
    with atomic_file(out) as partial:
        frame.to_csv(partial, index=False)
    if readme:
        text = readme.read_text("utf-8")
        renewed = replaced(text, study, readme_table(out))
        with atomic_file(readme) as partial:
            partial.write_text(renewed, "utf-8")


def commit() -> str:
    """Name the commit in hand; `unversioned` in a tree that git doesn't know."""
    try:
        head = git("rev-parse", "--verify", "HEAD")
    except (ValueError, OSError):
        return "unversioned"
    return f"{head[:12]}+changes" if git("status", "--porcelain", "--", *CODE) else head[:12]


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--tables", type=Path, nargs="+", required=True, help="folders of studies' tables"
    )
    parser.add_argument("--study", required=True, help="which of them")
    parser.add_argument("--command", required=True, help="what made the tables, as typed")
    parser.add_argument(
        "--segments", type=Path, nargs="*", default=(), help="folders of shards, for counts"
    )
    parser.add_argument("--readme", type=Path, help="document whose table is renewed")
    parser.add_argument("--simulated", action="store_true", help="publish even what is simulated")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")
    cli.run(publish, parser)
