"""Train a network from random weights on the training part of a split."""

from pathlib import Path

from cardiograft import cli
from cardiograft.specs.pretrain import Pretrain
from cardiograft.training.job import train_and_publish, training_code
from cardiograft.training.request import Job, Place
from cardiograft.training.run import SAVE_EVERY_S


def pretrain(
    spec: Pretrain,
    segments: list[Path],
    split: Path,
    repeat: int,
    state: Path,
    out: Path,
    save_every: float = SAVE_EVERY_S,
    looks: Path | None = None,
) -> None:
    place = Place(segments=segments, split=split, state=state, out=out, looks=looks)
    job = Job(
        stage="pretrain",
        spec=spec,
        place=place,
        repeat=repeat,
        code=training_code("pretrain", spec),
        save_every_s=save_every,
    )
    train_and_publish(job)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Pretrain.model_validate_json, required=True, help="the entry, as JSON"
    )
    parser.add_argument(
        "--segments", type=Path, nargs="+", required=True, help="folders of shards, pooled"
    )
    parser.add_argument("--split", type=Path, required=True, help="who is in which part")
    parser.add_argument("--repeat", type=int, required=True, help="is added to the entry's seed")
    parser.add_argument(
        "--state", type=Path, required=True, help="folder of this job alone, to resume from"
    )
    parser.add_argument(
        "--save-every", type=float, default=SAVE_EVERY_S, help="seconds between saved states"
    )
    parser.add_argument("--looks", type=Path, help="ledger that looks at a test part are added to")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    cli.run(pretrain, parser)
