"""Train a network from random weights on the training part of a split."""

from pathlib import Path

from cardiograft import cli
from cardiograft.specs.pretrain import Pretrain
from cardiograft.training.job import Job, Place, train_and_publish, training_code


def pretrain(
    spec: Pretrain, segments: list[Path], split: Path, repeat: int, state: Path, out: Path
) -> None:
    place = Place(segments=segments, split=split, state=state, out=out)
    code = training_code("pretrain", spec)
    train_and_publish(Job(stage="pretrain", spec=spec, place=place, repeat=repeat, code=code))


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
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    cli.run(pretrain, parser)
