"""Put learned weights into a network, keep the ledger of it, and train on."""

from collections.abc import Sequence
from pathlib import Path

from cardiograft import cli
from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.checkpoints.folder import checkpoint_file
from cardiograft.checkpoints.names import require_matches
from cardiograft.specs.transfer import Transfer
from cardiograft.training.domain import requested_domain
from cardiograft.training.job import train_and_publish, training_code
from cardiograft.training.publish import parent
from cardiograft.training.request import Fresh, Job, Origin, Place
from cardiograft.training.run import SAVE_EVERY_S, log
from cardiograft.training.task import Start
from cardiograft.training.transfer import Graft, graft


def transfer(
    spec: Transfer,
    segments: list[Path],
    split: Path,
    repeat: int,
    state: Path,
    out: Path,
    sources_: list[Path],
    domain_segments: Sequence[Path] = (),
    domain_split: Path | None = None,
    save_every: float = SAVE_EVERY_S,
    looks: Path | None = None,
) -> None:
    domain = requested_domain(spec.adaptation, domain_segments, domain_split)
    files = [checkpoint_file(path) for path in sources_]
    if len(files) != len(spec.sources):
        raise ValueError(f"{len(files)} --sources given, the entry names {len(spec.sources)}")

    def initialise(fresh: Fresh) -> Origin:
        require_matches(fresh.network, spec.frozen, what="frozen")
        require_matches(fresh.network, spec.rate_factors, what="rate_factors")
        read = [(source, read_checkpoint(f)) for source, f in zip(spec.sources, files, strict=True)]
        grafts = [Graft(source.name, checkpoint, source.map) for source, checkpoint in read]
        named = {"meaning": fresh.meaning, "ends": fresh.ends, "frozen": spec.frozen}
        ledger = graft(fresh.network, grafts, least=spec.least, **named)
        for line in ledger.remarks():
            log(line)
        ways = {"frozen": spec.frozen, "rate_factors": spec.rate_factors}
        start = Start(masks=ledger.masks, unsettled=ledger.unsettled, **ways)
        parents = tuple(
            parent(checkpoint, source.name, fresh.meaning) for source, checkpoint in read
        )
        return Origin(start=start, parents=parents, ledger=ledger.content())

    place = Place(segments=segments, split=split, state=state, out=out, looks=looks)
    job = Job(
        stage="transfer",
        spec=spec,
        place=place,
        repeat=repeat,
        code=training_code("transfer", spec),
        save_every_s=save_every,
        parents=files,
        initialise=initialise,
        domain=domain,
    )
    train_and_publish(job)


if __name__ == "__main__":
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--spec", type=Transfer.model_validate_json, required=True, help="the entry, as JSON"
    )
    parser.add_argument(
        "--segments", type=Path, nargs="+", required=True, help="folders of shards, pooled"
    )
    parser.add_argument("--split", type=Path, required=True, help="who is in which part")
    parser.add_argument("--repeat", type=int, required=True, help="is added to the entry's seed")
    parser.add_argument(
        "--sources",
        type=Path,
        nargs="*",
        default=[],
        dest="sources_",
        metavar="SOURCE",
        help="model folders, in the entry's order",
    )
    parser.add_argument(
        "--domain-segments", type=Path, nargs="*", default=[], help="shards that it adapts to"
    )
    parser.add_argument("--domain-split", type=Path, nargs="?", help="which of them")
    parser.add_argument(
        "--state", type=Path, required=True, help="folder of this job alone, to resume from"
    )
    parser.add_argument(
        "--save-every", type=float, default=SAVE_EVERY_S, help="seconds between saved states"
    )
    parser.add_argument("--looks", type=Path, help="ledger that looks at a test part are added to")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    cli.run(transfer, parser)
