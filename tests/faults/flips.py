"""One bit changed in a file between two jobs: its reader says so, or reads what was written."""

import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from faults.counting import Count
from faults.stages import Study, processes

from cardiograft import parquet
from cardiograft.checkpoints import hdf5
from cardiograft.checkpoints.file import read_tensors, weights_digest
from cardiograft.evaluation import predictions
from cardiograft.files import digest_of, read_json
from cardiograft.report.inputs import read_study
from cardiograft.segments import rhythms, shards
from cardiograft.splits.table import read_split_table
from cardiograft.tables import costs

Reader = Callable[[Path], Any]


def _table(table: pa.Table) -> Any:
    return digest_of([table.schema.names, *(repr(c.to_pylist()) for c in table.columns)])


def _shard(file: Path) -> Any:
    meta = shards.meta(file.parent)
    columns = ["id", "dataset", "record", "subject", "lead", "start", "valid", "shape_hash"]
    columns_read = shards.arrays([file.parent], None, [*columns, "label", "signal", *meta.features])
    return [
        meta,
        {
            k: (v.dtype.str, v.tobytes() if v.dtype != object else v.tolist())
            for k, v in columns_read.items()
        },
    ]


def _recordings(file: Path) -> Any:
    return _table(rhythms.read([file.parent]))


def _split(file: Path) -> Any:
    table = read_split_table(file)
    return [table.spec, _table(table.table.replace_schema_metadata())]


def _predictions(file: Path) -> Any:
    saved = predictions.read(file)
    arrays = (saved.id_N, saved.subject_N, saved.part_N, saved.target, saved.score_NK)
    return [saved.kind, saved.labels, saved.about, [np.asarray(a).tobytes() for a in arrays]]


def _tensors(file: Path) -> Any:
    tensors, about = read_tensors(file)
    return [weights_digest(tensors), about]


def _parquet(file: Path) -> Any:
    return _table(parquet.read(file))


def _tables(file: Path) -> Any:
    study = read_study(file.parent)
    return [study.about, {name: frame.to_csv() for name, frame in study.frames.items()}]


def _export(file: Path) -> Any:
    saved = hdf5.read(file)
    return [saved.digest(), saved.about]


@dataclass(frozen=True)
class Kind:
    """An intermediate, and how the jobs after it read it."""

    name: str
    file: str
    read: Reader


KINDS = (
    Kind("manifest", "manifests/mitdb.json", read_json),
    Kind("shard", "segments/beats/part-000.parquet", _shard),
    Kind("recordings of shards", "segments/beats/recordings.parquet", _recordings),
    Kind("summary of shards", "segments/beats/summary.json", read_json),
    Kind("split", "splits/strict.parquet", _split),
    Kind("audit of a split", "splits/strict.audit.json", read_json),
    Kind("audit of lineage", "audits/grafted.json", read_json),
    Kind("checkpoint", "transfer/grafted/0/model.safetensors", _tensors),
    Kind("weights of others, read", "outside/codec.safetensors", _tensors),
    Kind("card", "transfer/grafted/0/card.json", costs.read),
    Kind("ledger", "transfer/grafted/0/ledger.json", read_json),
    Kind("history", "transfer/grafted/0/history.parquet", _parquet),
    Kind("state", "state/0/state.safetensors", _tensors),
    Kind("predictions", "predictions/grafted/0.parquet", _predictions),
    Kind("scores", "scores/grafted/0.parquet", _parquet),
    Kind("tables of a study", "tables/transform_recognition/scores.csv", _tables),
    Kind("facts of a study", "tables/transform_recognition/study.json", _tables),
    Kind("exported network", "exports/grafted/0.h5", _export),
)


def counts(study: Study, folder: Path, flips: int, kinds: Iterable[Kind] = KINDS) -> list[Count]:
    """Flip `flips` bits of each kind of file, one at a time, in a process that may crash."""
    results = []
    for kind in kinds:
        place = folder / kind.name.replace(" ", "-") / "a" / "b" / "0"
        shutil.copytree((study.root / kind.file).parent, place)
        file = place / Path(kind.file).name
        count = Count(f"a bit of the {kind.name} flipped")
        todo = _places(kind.name, file, flips)
        while todo:
            outcomes = folder / "outcomes.txt"
            outcomes.unlink(missing_ok=True)
            process = processes().Process(target=_flip_all, args=(kind, file, todo, outcomes))
            process.start()
            process.join(600)
            hung = process.is_alive()
            process.kill()
            lines = outcomes.read_text("utf-8").splitlines() if outcomes.exists() else []
            for line in lines:
                end, _, failure = line.partition("\t")
                count.add(end, failure or None)
            if len(lines) < len(todo):
                ended = "hung" if hung else f"ended the process with {process.exitcode}"
                count.add("", f"bit {todo[len(lines)]}: {ended}")
            todo = todo[len(lines) + 1 :]
        results.append(count)
    return results


def _places(name: str, file: Path, flips: int) -> list[tuple[int, int]]:
    """Choose bytes and bits: a third in each of the file's ends, a third anywhere."""
    rng, size = random.Random(name), file.stat().st_size
    edge = min(size, 4096)
    spans = [(0, edge), (size - edge, size), (0, size)]
    return [(rng.randrange(*spans[k % 3]), rng.randrange(8)) for k in range(flips)]


def _flip_all(kind: Kind, file: Path, todo: list[tuple[int, int]], outcomes: Path) -> None:
    whole = file.read_bytes()
    expected = kind.read(file)
    for byte, bit in todo:
        changed = bytearray(whole)
        changed[byte] ^= 1 << bit
        file.write_bytes(bytes(changed))
        line = _outcome(kind, file, expected, f"bit {bit} of byte {byte} of {len(whole)}")
        with outcomes.open("a", encoding="utf-8") as log:
            log.write(line + "\n")
    file.write_bytes(whole)


def _outcome(kind: Kind, file: Path, expected: Any, what: str) -> str:
    try:
        content = kind.read(file)
    except (ValueError, FileNotFoundError) as error:
        if "\n" in str(error).strip():
            return f"\t{what}: not one line: {' '.join(str(error).split())[:200]}"
        return "detected\t"
    except Exception as error:
        return f"\t{what}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if repr(content) != repr(expected):
        return f"\t{what}: another content, and not a word"
    return "harmless\t"
