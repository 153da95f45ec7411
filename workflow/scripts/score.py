"""Score one run's saved predictions with the metrics that its entry names."""

from pathlib import Path

import pyarrow as pa

from cardiograft import cli, parquet
from cardiograft.evaluation import predictions, scoring
from cardiograft.evaluation.by_record import counted
from cardiograft.specs.score import Score


def score(spec: Score, saved: Path, out: Path) -> None:
    table = scoring.score(counted(predictions.read(saved), spec.per), spec.metrics)
    parquet.write(pa.Table.from_pandas(table, preserve_index=False), out)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Score.model_validate_json, required=True, help="entry, as JSON"
    )
    parser.add_argument(
        "--predictions", dest="saved", type=Path, required=True, help="what predict wrote"
    )
    parser.add_argument("--out", type=Path, required=True, help="tidy Parquet to write")
    cli.run(score, parser)
