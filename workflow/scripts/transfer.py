"""Put learned weights into a network, keep the ledger of it, and train on."""

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from cardiograft import cli
from cardiograft.checkpoints.file import read_checkpoint
from cardiograft.checkpoints.names import matched
from cardiograft.fingerprint import fingerprint
from cardiograft.specs.members import files as files_of
from cardiograft.specs.transfer import Transfer
from cardiograft.training.domain import Domain
from cardiograft.training.job import Place, Roots, train_and_publish
from cardiograft.training.publish import checkpoint_file, parent
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
) -> None:
    domain = domain_of(spec, domain_segments, domain_split)
    files = [checkpoint_file(path) for path in sources_]
    if len(files) != len(spec.sources):
        raise ValueError(f"{len(files)} --sources given, the entry names {len(spec.sources)}")

    def prepare(network: nn.Module) -> Roots:
        matched(network, spec.frozen, what="frozen")
        matched(network, spec.rate_factors, what="rate_factors")
        read = [(source, read_checkpoint(f)) for source, f in zip(spec.sources, files, strict=True)]
        grafts = [Graft(source.entry, checkpoint, source.map) for source, checkpoint in read]
        ledger = graft(network, grafts, least=spec.least)
        start = Start(masks=ledger.masks, frozen=spec.frozen, rate_factors=spec.rate_factors)
        parents = tuple(parent(checkpoint, source.entry) for source, checkpoint in read)
        return Roots(start=start, parents=parents, ledger=ledger.content())

    code = fingerprint("workflow/scripts/transfer.py", *files_of(spec.plugins()))
    place = Place(segments=segments, split=split, state=state, out=out)
    train_and_publish(
        stage="transfer",
        spec=spec,
        place=place,
        repeat=repeat,
        code=code,
        parents=files,
        prepare=prepare,
        domain=domain,
    )


def domain_of(spec: Transfer, segments: Sequence[Path], split: Path | None) -> Domain | None:
    """Return the domain that the entry adapts to, and where it lies."""
    if spec.adaptation is None:
        if segments or split is not None:
            raise ValueError("--domain-segments and --domain-split: the entry has no adaptation")
        return None
    if not segments or split is None:
        raise ValueError(
            f"adaptation {spec.adaptation.name!r} to {spec.adaptation.domain!r} needs"
            " --domain-segments and --domain-split"
        )
    return Domain(asked=spec.adaptation, segments=segments, split=split)


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
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    cli.run(transfer, parser)
