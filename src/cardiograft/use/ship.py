"""Write a trained network as one that comes along: weights, ONNX, card, and whom it was trained on.

The command behind ``make ship``. All of it is read from the results of a run: nothing is trained
or predicted, and what is not there is said with the call that makes it.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cardiograft import cli, plugins
from cardiograft.checkpoints.file import Checkpoint, read_checkpoint, require_one
from cardiograft.checkpoints.folder import CARD as TRAINING_CARD
from cardiograft.config.entries import BaselineRun
from cardiograft.config.plan import Plan
from cardiograft.config.schema import Config
from cardiograft.config.show import read
from cardiograft.export.job import FILE
from cardiograft.export.job import export as write_onnx
from cardiograft.files import atomic_directory, file_digest, read_json, write_json
from cardiograft.scratch import scratch_folder
from cardiograft.shipped.catalogue import (
    BUDGET_BYTES,
    CARD,
    FORMAT,
    NAME,
    ONNX,
    RECORDINGS,
    WEIGHTS,
    of_package,
)
from cardiograft.shipped.catalogue import read as read_shipped
from cardiograft.specs.export import Exporting
from cardiograft.use import ship_card, ship_fingerprints
from cardiograft.use.ship_lineage import Behind, write_lineage
from cardiograft.use.ship_scores import scores, threshold

README = "README.md"
# Of a training's card, what a shipped network's has too.
KEPT = ("spec", "seed", "repeat", "initialisation", "parents", "epochs_run", "best_epoch",
        "parameters", "meaning", "versions", "code")  # fmt: skip
TOLERANCE = 1e-4  # between a probability of the ONNX file and of the network


def ship(
    config: Config,
    entry: str,
    name: str,
    *,
    repeat: int = 0,
    own: bool = False,
    tolerance: float = TOLERANCE,
    to: Path,
) -> Path:
    """Write ``<to>/<name>/`` from the results of a run, and fingerprints beside it.

    Parameters
    ----------
    config
        Of the run; paths in it are relative to the working directory.
    entry, repeat
        Of `pretrain`, `prune` or `transfer`.
    own
        Whether the names of recordings from folders of one's own may go with it.
    tolerance
        The largest difference between a score of the ONNX file and of the network; with more, no
        such file is written. The card has it, and the difference that was found.
    to
        Folder; of what comes along with the package, `cardiograft.shipped`.

    Raises
    ------
    FileNotFoundError, ValueError
        The entry, its results or its scores are not there; the name can't be one; names would be
        given away; or all that come along would be larger than `BUDGET_BYTES`.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"name {name!r}: letters, digits, - and _")
    _check(config, entry, own=own)
    plan = Plan(config)
    model = Path(plan.checkpoint(entry, repeat))
    if not model.is_file():
        raise FileNotFoundError(f"{model}: train it first: snakemake -- {model}")
    checkpoint = read_checkpoint(model)
    require_one(checkpoint, where=entry)
    facts = read_json(model.with_name(TRAINING_CARD))
    measured = scores(config, plan, entry, repeat)
    with atomic_directory(to / name) as folder:
        (folder / f"{name}.{WEIGHTS}").write_bytes(model.read_bytes())
        onnx = _onnx(config, plan, entry, repeat, tolerance, folder / f"{name}.{ONNX}")
        behind = write_lineage(config, plan, entry, name, folder)
        shared = ship_fingerprints.share(behind.recordings, folder, to)
        card = _card(config, entry, checkpoint, facts, behind, shared)
        card |= {
            "scores": measured,
            "onnx": onnx,
            "threshold": threshold(config, plan, entry, repeat),
        }
        (folder / README).write_text(ship_card.text(name, card, config), "utf-8")
        write_json(folder / CARD, {**card, "files": _files(folder)})
        _check_budget(folder, to, name, shared or {})
        ship_fingerprints.publish(folder, to)
    ship_fingerprints.tidy(to)
    return to / name


def _check(config: Config, entry: str, *, own: bool) -> None:
    networks = [*config.pretrain, *config.prune, *config.transfer]
    if entry not in networks:
        raise ValueError(f"no network named {entry!r}.{plugins.hint(entry, networks)}")
    for name, run in config.lineage(entry):
        for segments in () if isinstance(run, BaselineRun) else config.splits[run.split].segments:
            dataset = config.segments[segments].dataset
            if plugins.constants("datasets", dataset).get("OWN") and not own:
                raise ValueError(
                    f"{name} was trained on recordings of your own ({segments}), whose names and"
                    " times would go with it, so that audits know them: --own says that they may"
                )


def _onnx(
    config: Config, plan: Plan, entry: str, repeat: int, tolerance: float, out: Path
) -> dict[str, Any]:
    """Write the network for onnxruntime; return how near it is, or why it can't be written."""
    export = Exporting(source=entry, repeat=repeat, tolerance=tolerance)
    named = config.model_copy(update={"export": {entry: export}})
    split = config.trained(entry).split
    with scratch_folder() as place:
        try:
            write_onnx(
                named.spec("export", entry),  # type: ignore[arg-type]
                segments=[Path(folder) for folder in plan.segments(split)],
                split=Path(plan.split(split)),
                model=Path(plan.checkpoint(entry, repeat)),
                out=place / "file",
                scratch=place / "scratch",
            )
        except ValueError as error:
            return {"why_not": " ".join(str(error).split())}
        out.write_bytes((place / "file" / FILE).read_bytes())
        card = read_json(place / "file" / CARD)
    return {"tolerance": tolerance, "compared": card["compared"], "opset": card["opset"]}


def _card(
    config: Config,
    entry: str,
    checkpoint: Checkpoint,
    facts: dict[str, Any],
    behind: Behind,
    shared: ship_fingerprints.Files | None,
) -> dict[str, Any]:
    about = checkpoint.about
    run = config.trained(entry)
    view = None if isinstance(run, BaselineRun) or run.view is None else run.view
    return {
        "format": FORMAT,
        "entry": entry,
        "model": about.get("model") or about["spec"]["model"],
        "view": None if view is None else view.model_dump(mode="json"),
        "weights_sha256": checkpoint.digest(),
        "simulated": bool(about.get("simulated", False)),
        "segments": about["segments"],
        "training": {key: facts[key] for key in KEPT if key in facts},
        "lineage": [one.model_dump(mode="json") for one in behind.ancestors],
        "lineage_segments": behind.segments,
        "people": behind.people,
        "rhythms_known": shared is not None,
        "shared": shared or {},
        "never_shown": behind.never_shown,
    }


def _files(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        path.relative_to(folder).as_posix(): {
            "sha256": file_digest(path),
            "bytes": path.stat().st_size,
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and folder / RECORDINGS not in path.parents
    }


def _check_budget(folder: Path, to: Path, name: str, shared: ship_fingerprints.Files) -> None:
    if to != of_package():
        return
    gone = {to / name, folder, *ship_fingerprints.unused(to, besides=name, files=shared)}
    others = (path for path in to.rglob("*") if gone.isdisjoint(path.parents))
    size = sum(p.stat().st_size for p in [*others, *folder.rglob("*")] if p.is_file())
    if size > BUDGET_BYTES:
        raise ValueError(
            f"{name}: all that come along would be {size / 1e6:.1f} MB, at most"
            f" {BUDGET_BYTES / 1e6:g} MB may"
        )


def run(
    entry: str,
    name: str,
    configfile: list[Path],
    repeat: int,
    own: bool,
    tolerance: float,
    to: Path | None,
) -> None:
    """Ship a network as the arguments say."""
    place = to or of_package()
    options: dict[str, Any] = {"repeat": repeat, "own": own, "tolerance": tolerance}
    folder = ship(read(configfile).config, entry, name, **options, to=place)
    network = read_shipped(folder)
    card, size = network.card, network.bytes
    left = card["onnx"].get("why_not")
    sys.stdout.write(
        f"{folder}: {size / 1e6:.2f} MB, trained on {card['people']} people"
        f"{f'; no ONNX file: {left}' if left else ''}\n"
    )


def add_arguments(parser: ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("entry", help="of pretrain, prune or transfer")
    parser.add_argument("name", help="what it is called from now on")
    parser.add_argument(
        "--configfile", type=Path, action="append", default=[], help="a file on top of config"
    )
    parser.add_argument("--repeat", type=int, default=0, help="which of its repeats")
    parser.add_argument(
        "--own", action="store_true", help="names of your own recordings may go with it"
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        help="how far a score of the ONNX file may be from the network's",
    )
    parser.add_argument("--to", type=Path, help="folder to write to; else with the package")


if __name__ == "__main__":
    arguments = cli.parser(__doc__)
    add_arguments(arguments)
    cli.run(run, arguments)
