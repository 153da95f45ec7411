"""Make a trained network sparse while it trains on."""

from pathlib import Path

from torch import nn

from cardiograft import cli
from cardiograft.checkpoints.file import Checkpoint, load_checkpoint, read_checkpoint
from cardiograft.checkpoints.folder import checkpoint_file
from cardiograft.checkpoints.meaning import require_alike
from cardiograft.records import Shape
from cardiograft.specs.prune import Prune
from cardiograft.training.job import train_and_publish, training_code
from cardiograft.training.pruning.magnitude import Magnitude
from cardiograft.training.pruning.structured import structured
from cardiograft.training.publish import parent
from cardiograft.training.request import Fresh, Job, Origin, Place
from cardiograft.training.run import SAVE_EVERY_S
from cardiograft.training.task import Pruning, Start


def prune(
    spec: Prune,
    segments: list[Path],
    split: Path,
    repeat: int,
    state: Path,
    out: Path,
    source: Path,
    save_every: float = SAVE_EVERY_S,
    looks: Path | None = None,
) -> None:
    file = checkpoint_file(source)

    def initialise(fresh: Fresh) -> Origin:
        checkpoint = read_checkpoint(file)
        require_alike(checkpoint, fresh.meaning, where=f"source {spec.source!r}")
        load_checkpoint(fresh.network, checkpoint, where=f"source {spec.source!r}")
        start = Start(masks=checkpoint.masks, pruning=pruning(spec, fresh.network, checkpoint))
        return Origin(start=start, parents=(parent(checkpoint, spec.source, fresh.meaning),))

    place = Place(segments=segments, split=split, state=state, out=out, looks=looks)
    job = Job(
        stage="prune",
        spec=spec,
        place=place,
        repeat=repeat,
        code=training_code("prune", spec),
        save_every_s=save_every,
        parents=[file],
        initialise=initialise,
    )
    train_and_publish(job)


def pruning(spec: Prune, network: nn.Module, checkpoint: Checkpoint) -> Pruning:
    if spec.sparsity.method == "magnitude":
        return Magnitude(spec.sparsity)
    shape = Shape(**checkpoint.about["shape"])
    return structured(spec.sparsity, network, spec.result, shape)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Prune.model_validate_json, required=True, help="the entry, as JSON"
    )
    parser.add_argument(
        "--segments", type=Path, nargs="+", required=True, help="folders of shards, pooled"
    )
    parser.add_argument("--split", type=Path, required=True, help="who is in which part")
    parser.add_argument("--repeat", type=int, required=True, help="is added to the entry's seed")
    parser.add_argument("--source", type=Path, required=True, help="model folder to prune")
    parser.add_argument(
        "--state", type=Path, required=True, help="folder of this job alone, to resume from"
    )
    parser.add_argument(
        "--save-every", type=float, default=SAVE_EVERY_S, help="seconds between saved states"
    )
    parser.add_argument("--looks", type=Path, help="ledger that looks at a test part are added to")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    cli.run(prune, parser)
