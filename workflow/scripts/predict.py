"""Predict some parts of a split with a trained network, and save the predictions."""

from pathlib import Path

from cardiograft import cli
from cardiograft.evaluation import looks as ledger
from cardiograft.evaluation import predictions
from cardiograft.evaluation.predict import predict as predicted
from cardiograft.scratch import scratch_folder
from cardiograft.specs.predict import Predict


def predict(
    spec: Predict,
    segments: list[Path],
    split: Path,
    model: Path,
    out: Path,
    looks: Path | None = None,
) -> None:
    with scratch_folder() as scratch:
        saved = predicted(spec, segments=segments, split=split, model=model, scratch=scratch)
    if looks:
        ledger.record_predictions(looks, saved, split=split, out=out)
    predictions.write(saved, out)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Predict.model_validate_json, required=True, help="the entry, as JSON"
    )
    parser.add_argument(
        "--segments", type=Path, nargs="+", required=True, help="folders of shards, pooled"
    )
    parser.add_argument("--split", type=Path, required=True, help="who is in which part")
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--looks", type=Path, help="ledger that looks at a test part are added to")
    parser.add_argument("--out", type=Path, required=True, help="predictions to write, Parquet")
    cli.run(predict, parser)
