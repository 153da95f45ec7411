"""Networks that come along: written from a run, found by name, known to audits, fetched whole."""

import functools
import http.server
import itertools
import json
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import in_use
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import scripts
import shipping
from shipping import NAME, NETWORK, STUDY, Run

from cardiograft.checkpoints.file import Checkpoint, read_checkpoint, write_checkpoint
from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.files import file_digest, read_json, write_json
from cardiograft.segments import rhythms
from cardiograft.shipped import catalogue
from cardiograft.specs.outside import Outside
from cardiograft.splits.table import read_split_table
from cardiograft.use import command, ship_fingerprints
from cardiograft.use import ship as ship_module
from cardiograft.use.fetch import fetch
from cardiograft.use.models import listed
from cardiograft.use.ship import ship
from cardiograft.use.ship_lineage import stretches
from cardiograft.use.ship_scores import scores

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return shipping.run(tmp_path_factory.mktemp("run"))


@pytest.fixture
def shipped_run(made: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The run, with its network where fetched ones are looked for."""
    monkeypatch.setenv(catalogue.HOME, str(made.shipped.folder.parent))
    return made


def test_every_file_is_what_the_card_says(made: Run) -> None:
    folder, files = made.shipped.folder, made.shipped.card["files"]
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there == {*files, "card.json"}
    assert {f"{NAME}.safetensors", f"{NAME}.onnx", "README.md"} < there
    for name, about in files.items():
        assert file_digest(folder / name) == about["sha256"]
        assert (folder / name).stat().st_size == about["bytes"]
    weights = read_checkpoint(made.shipped.weights)
    assert weights.digest() == made.shipped.card["weights_sha256"]


def test_its_scores_are_those_of_the_saved_predictions(made: Run) -> None:
    rows = pd.DataFrame(made.shipped.card["scores"])
    assert set(rows["model"]) == {NETWORK, "majority"}
    own = rows[(rows["model"] == NETWORK) & (rows["metric"] == "accuracy")]
    spec = made.config.spec("score", NETWORK)
    out = made.model / "scores.parquet"
    saved = Path(made.plan.results) / "predictions" / NETWORK / "0.parquet"
    scripts.load("score").score(spec, saved, out)
    theirs = pd.read_parquet(out)
    value = theirs[(theirs["metric"] == "accuracy") & (theirs["part"] == "test")]["value"]
    assert own["value"].tolist() == pytest.approx(value.tolist(), abs=1e-6)
    # one person carries no interval
    assert own["people"].tolist() == [1]
    assert own["low"].isna().all()


def test_scores_of_predictions_that_are_shared_are_found(made: Run) -> None:
    results = Path(made.plan.results)
    tables = {STUDY: {"evaluations": [NETWORK, "majority", "aside"], "least_subjects": 2}}
    config = load_config(shipping.given(results, tables=tables))
    assert not (results / "predictions" / "aside").exists()
    rows = scores(config, Plan(config), NETWORK, 0)
    own, aside = (
        [{**row, "evaluation": ""} for row in rows if row["evaluation"] == name]
        for name in (NETWORK, "aside")
    )
    assert own
    assert own == aside


def test_its_card_says_what_must_be_known(made: Run) -> None:
    text = (made.shipped.folder / "README.md").read_text("utf-8")
    assert "SIMULATED" in text
    assert "Takes MLII or else V5 at 125 Hz, windows of 4 s" in text
    assert "ODC-By 1.0" in text
    assert re.search(r"1\s+people \(\d+\s+segments\) of the test part of `strict`", text)
    assert "used its train and validation part" in text
    code = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (example,) = code
    assert len(example.splitlines()) <= 10


def test_the_example_of_its_card_runs_without_the_package(
    made: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime", reason="runs ONNX files: extra `export`")
    monkeypatch.chdir(made.shipped.folder)
    text = Path("README.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert "cardiograft." not in code
    exec(compile(code, "README.md", "exec"), {})
    assert "['MLII|V5'] 125.0" in capsys.readouterr().out


@pytest.mark.parametrize("seed", range(20))
def test_stretches_cover_the_samples_of_their_segments(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = 60
    start_N = random.integers(0, 300, rows)
    table = pa.table(
        {
            "id": [f"s{n}" for n in range(rows)],
            "subject": [f"p{n}" for n in random.integers(0, 2, rows)],
            "part": [("train", "test")[n] for n in random.integers(0, 2, rows)],
            "record": [f"r{n}" for n in random.integers(0, 3, rows)],
            "start": start_N,
            "stop": start_N + random.integers(1, 20, rows),
        }
    )
    short = stretches(table)
    assert _samples(short) == _samples(table)
    assert len(short) < rows
    keys = list(zip(*[short[k].to_pylist() for k in ("record", "subject", "part")], strict=True))
    for n, (one, other) in enumerate(itertools.pairwise(keys)):
        if one == other:
            assert short["start"][n + 1].as_py() > short["stop"][n].as_py()


def _samples(table: pa.Table) -> set[tuple[Any, ...]]:
    return {
        (row["record"], row["subject"], row["part"], at)
        for row in table.to_pylist()
        for at in range(row["start"], row["stop"])
    }


def test_those_it_was_trained_on_come_along_and_nobody_else(made: Run) -> None:
    (table,) = made.shipped.splits
    people = set(read_split_table(table).table["subject"].to_pylist())
    assert people == {"mitdb/106", "mitdb/119", "mitdb/200", "mitdb/208"}
    assert made.shipped.card["people"] == 4
    assert made.shipped.card["never_shown"]["people"] == 1


def started(made: Run, tested: str) -> dict[str, Any]:
    """Return a config in which a network starts from the shipped one and `tested` is tested."""
    people = {"mitdb/106", "mitdb/233"} - {tested}
    split = {
        "segments": ["windows"],
        "scheme": "named",
        "protocol": "honest",
        "train_subjects": sorted(people),
        "test_subjects": [tested],
    }
    entry = {
        "split": "other",
        "source": {"shipped": NAME},
        "task": in_use.TASKS["windows"],
        "training": {"epochs": 1},
        "evaluate": {"metrics": ["accuracy"], "missing": "allowed"},
    }
    base = shipping.given(Path(made.plan.results))
    base["splits"]["other"] = split
    return {**base, "transfer": {"started": entry}}


def test_config_knows_it_by_name(shipped_run: Run) -> None:
    config = load_config(started(shipped_run, "mitdb/233"))
    (source,) = config.transfer["started"].sources
    assert source.sha256 == shipped_run.shipped.sha256
    assert source.name == f"{NAME}.safetensors"
    assert config.transfer["started"].model == config.pretrain[NETWORK].model
    lineage = config.ancestors("started")
    assert [one.stage for one in lineage] == ["transfer", "pretrain"]
    assert lineage[1].entry.startswith(f"{NETWORK} ({NAME} ")
    plan = Plan(config)
    assert plan.shipped_splits("started") == [str(path) for path in shipped_run.shipped.splits]
    assert plan.shipped_splits(NETWORK) == []


@pytest.mark.parametrize(("tested", "passes"), [("mitdb/233", True), ("mitdb/106", False)])
def test_the_audit_knows_whom_it_was_trained_on(
    shipped_run: Run, tested: str, passes: bool, tmp_path: Path
) -> None:
    config = load_config(started(shipped_run, tested))
    plan = Plan(config)
    shards = [Path(s) for s in plan.segments("other")]
    split, counts = tmp_path / "other.parquet", tmp_path / "counts.json"
    scripts.load("split").split(config.spec("split", "other"), shards, split, counts)
    splits = [split, *map(Path, plan.shipped_splits("started"))]
    segments = [*shards, *map(Path, plan.shipped_segments("started"))]
    out = tmp_path / "audit.json"
    audit = scripts.load("audit").audit
    if not passes:
        with pytest.raises(
            ValueError, match=rf"pretrain '{NETWORK} \({NAME} .*used 1 of the 1 test"
        ):
            audit(config.spec("audit", "started"), splits, counts, out, segments)
        return
    audit(config.spec("audit", "started"), splits, counts, out, segments)
    assert [one["subjects"] for one in read_json(out)["findings"]] == [0, 0]


def test_the_audit_knows_a_recording_of_it_under_another_name(
    shipped_run: Run, tmp_path: Path
) -> None:
    assert shipped_run.shipped.card["rhythms_known"]
    config = load_config(started(shipped_run, "mitdb/233"))
    plan = Plan(config)
    root = tmp_path / "raw"
    shutil.copytree(shipped_run.recordings, root)
    for file in root.glob("106.*"):  # a person it has seen, as somebody of whom it has not heard
        text = file.read_bytes()
        (root / f"233.{file.suffix[1:]}").write_bytes(text.replace(b"106", b"233"))
    shards = [in_use.cut("windows", root, tmp_path / "segments", ("233", "200"))]
    split, counts = tmp_path / "other.parquet", tmp_path / "counts.json"
    spec = config.spec("split", "other").model_copy(update={"train_subjects": ("mitdb/200",)})
    scripts.load("split").split(spec, shards, split, counts)
    splits = [split, *map(Path, plan.shipped_splits("started"))]
    segments = [*shards, *map(Path, plan.shipped_segments("started"))]
    with pytest.raises(ValueError, match=r"under another name, such as mitdb/233, there mitdb/106"):
        scripts.load("audit").audit(
            config.spec("audit", "started"), splits, counts, tmp_path / "audit.json", segments
        )


def test_it_is_read_with_its_masks_and_what_it_says_of_itself(made: Run, tmp_path: Path) -> None:
    whole = read_checkpoint(made.shipped.weights)
    name = next(name for name, tensor in whole.tensors.items() if tensor.ndim > 1)
    masked = Checkpoint(
        tensors=whole.tensors, masks={name: whole.tensors[name] > 0}, about=whole.about
    )
    write_checkpoint(masked, tmp_path / "x.safetensors")
    digest = file_digest(tmp_path / "x.safetensors")
    spec = Outside.model_validate(
        {"file": str(tmp_path / "x.safetensors"), "sha256": digest, "reader": "cardiograft"}
    )
    scripts.load("outside").outside(spec, tmp_path / "x.safetensors", tmp_path / "out.safetensors")
    read = read_checkpoint(tmp_path / "out.safetensors")
    assert read.masks.keys() == {name}
    assert read.about["meaning"] == whole.about["meaning"]
    assert (read.about["stage"], read.about["file_sha256"]) == ("outside", digest)


def test_a_transfer_starts_from_it(shipped_run: Run, tmp_path: Path) -> None:
    config = load_config(started(shipped_run, "mitdb/233"))
    (key,) = config.outside
    out = tmp_path / "outside.safetensors"
    spec = config.spec("outside", key)
    scripts.load("outside").outside(spec, Path(Plan(config).outside(key)), out)
    split = Path(shipped_run.plan.split("strict"))
    shards = [Path(s) for s in shipped_run.plan.segments("strict")]
    transfer_spec = config.spec("transfer", "started")
    places = {"state": tmp_path / "state", "out": tmp_path / "model"}
    scripts.load("transfer").transfer(transfer_spec, shards, split, 0, sources_=[out], **places)
    ledger = read_json(tmp_path / "model" / "ledger.json")
    loaded = [line for line in ledger["tensors"] if line["state"] == "loaded"]
    assert {line["entry"] for line in loaded} == {f"{NAME}.safetensors"}
    assert ledger["share_of_mapped"] == 1.0
    card = read_json(tmp_path / "model" / "card.json")
    assert card["initialisation"].startswith(f"weights of {NAME}.safetensors from outside")


def test_apply_takes_it_by_name(
    shipped_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tables = []
    for model in (NAME, str(shipped_run.model)):
        record = str(shipped_run.recordings / "106")
        words = ["apply", model, record, "--out", model.replace("/", "_")]
        command.main(words)
        tables.append(pd.read_parquet(Path(model.replace("/", "_")) / "106.parquet"))
    pd.testing.assert_frame_equal(*tables)


def test_models_are_listed(shipped_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    lines = listed()
    assert any(line.startswith(f"{NAME}  0.") and "SIMULATED" in line for line in lines)
    assert any(re.fullmatch(r"  accuracy [\d.]+, unseen subjects", line) for line in lines)
    command.main(["models", NAME])
    assert capsys.readouterr().out.startswith(f"# {NAME}\n")


def test_a_name_that_nobody_has_is_said(
    shipped_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command.main(["apply", "tiny-rhythms", str(tmp_path)])
    output = capsys.readouterr().err
    assert "no model named 'tiny-rhythms' comes along or was fetched (" in output
    assert NAME in output.partition("fetched (")[2]
    given = started(shipped_run, "mitdb/233")
    given["transfer"]["started"]["source"] = {"shipped": "tiny"}
    with pytest.raises(
        ValueError, match=r"transfer\.started\.source\.shipped: no model named 'tiny'"
    ):
        load_config(given)
    given["transfer"]["started"]["source"] = {"shipped": NAME, "file": "x"}
    with pytest.raises(ValueError, match="'shipped' and 'file' contradict"):
        load_config(given)


@pytest.fixture
def served(made: Run) -> Iterator[str]:
    """A URL below which the shipped network lies."""
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(made.shipped.folder.parent)
    )
    handler.func.log_message = lambda *_: None  # type: ignore[attr-defined]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("by", ["folder", "URL"])
def test_it_is_fetched_whole(made: Run, served: str, by: str, tmp_path: Path) -> None:
    place = served if by == "URL" else str(made.shipped.folder.parent)
    digest = file_digest(made.shipped.folder / "card.json")
    there = fetch(NAME, place, sha256=digest, to=tmp_path)
    assert there.card == made.shipped.card
    assert file_digest(there.weights) == made.shipped.sha256
    assert [rhythms.read([p]) for p in there.segments] == [
        rhythms.read([p]) for p in made.shipped.segments
    ]
    with pytest.raises(FileNotFoundError, match="no such file"):
        fetch("nobodys", place, to=tmp_path)
    with pytest.raises(ValueError, match=r"its SHA-256 is [0-9a-f]{64}, asked for is 0{64}"):
        fetch(NAME, place, sha256="0" * 64, to=tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    "how", ["half", "changed", "missing", "damaged card", "longer", "no fingerprints"]
)
def test_what_is_not_whole_is_not_fetched(made: Run, how: str, tmp_path: Path) -> None:
    shutil.copytree(made.shipped.folder.parent, tmp_path / "place")
    file = tmp_path / "place" / NAME / f"{NAME}.safetensors"
    content = file.read_bytes()
    says = {
        "half": f"{len(content) // 2} bytes came, the card says {len(content)}",
        "changed": "its SHA-256 is",
        "missing": "no such file",
        "damaged card": "damaged",
        "longer": "bytes came, the card says",
        "no fingerprints": r"_recordings/\w+/recordings\.parquet: no such file",
    }
    if how == "half":
        file.write_bytes(content[: len(content) // 2])
    elif how == "changed":
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif how == "longer":
        file.write_bytes(content + b"0")
    elif how == "missing":
        file.unlink()
    elif how == "no fingerprints":
        shutil.rmtree(tmp_path / "place" / catalogue.RECORDINGS)
    else:
        card = file.with_name("card.json")
        card.write_text(card.read_text("utf-8").replace('"people": 4', '"people": 3'), "utf-8")
    with pytest.raises((ValueError, FileNotFoundError), match=says[how]):
        fetch(NAME, str(tmp_path / "place"), to=tmp_path / "got")
    assert not list((tmp_path / "got").glob("*/*"))


def test_a_card_that_leads_out_of_its_folder_is_refused(made: Run, tmp_path: Path) -> None:
    place = tmp_path / "place" / NAME
    shutil.copytree(made.shipped.folder, place)
    files = {**made.shipped.card["files"], "../../x": {"sha256": "0" * 64, "bytes": 1}}
    write_json(place / "card.json", {**made.shipped.card, "files": files})
    with pytest.raises(ValueError, match=r"the name '\.\./\.\./x' leads out of its folder"):
        fetch(NAME, str(tmp_path / "place"), to=tmp_path / "got")


def test_all_that_come_along_are_within_the_budget() -> None:
    files = [path for path in catalogue.of_package().rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files if path.suffix not in (".py", ".pyc"))
    assert size <= catalogue.BUDGET_BYTES == 20_000_000


@pytest.mark.parametrize("name", catalogue.names())
def test_fingerprints_that_come_along_are_of_this_version(name: str) -> None:
    network = catalogue.find(name)
    assert network.segments
    known = rhythms.read(network.segments)  # which refuses another version
    used = {name for path in network.splits for name in read_split_table(path).table["record"]
            .to_pylist()}  # fmt: skip
    assert used <= set(known["record"].to_pylist())
    assert network.card["rhythms_known"]
    for file, about in network.card["shared"].items() if "shared" in network.card else ():
        assert file_digest(network.folder.parent / file) == about["sha256"], file
    for file in network.card["files"]:
        place = network.folder / file
        assert file_digest(place) == network.card["files"][file]["sha256"], file


def test_what_would_exceed_the_budget_is_not_written(
    made: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ship_module, "of_package", lambda: tmp_path / "package")
    size = made.shipped.bytes + (made.shipped.folder / "card.json").stat().st_size
    mine = [catalogue.RECORDINGS, NAME]
    monkeypatch.setattr(ship_module, "BUDGET_BYTES", size + 100)
    ship(made.config, NETWORK, NAME, to=tmp_path / "package")
    with pytest.raises(ValueError, match="all that come along would be"):
        ship(made.config, NETWORK, "second", to=tmp_path / "package")
    assert sorted(p.name for p in (tmp_path / "package").iterdir()) == mine
    ship(made.config, NETWORK, NAME, to=tmp_path / "package")  # in its own place


def shared(network: catalogue.Shipped) -> set[str]:
    """Return the folders of fingerprints that its card names."""
    return {Path(file).parent.name for file in network.card["shared"]}


def test_fingerprints_of_several_networks_are_there_once(made: Run, tmp_path: Path) -> None:
    one, two = (catalogue.read(ship(made.config, NETWORK, n, to=tmp_path)) for n in ("one", "two"))
    assert one.card["shared"] == two.card["shared"]
    assert {p.name for p in (tmp_path / catalogue.RECORDINGS).iterdir()} == shared(one)
    own = made.shipped.card["shared"].items()
    assert own == one.card["shared"].items()  # named by what they hold, wherever they are written


def test_one_that_needs_more_adds_what_is_not_there(made: Run, tmp_path: Path) -> None:
    known = rhythms.read(made.shipped.segments)
    few = known.filter(pc.not_equal(known["record"], "mitdb/106"))
    (tmp_path / "first").mkdir()
    files = ship_fingerprints.share(few, tmp_path / "first", tmp_path)
    ship_fingerprints.publish(tmp_path / "first", tmp_path)
    write_json(tmp_path / "first" / catalogue.CARD, {"shared": files})
    network = catalogue.read(ship(made.config, NETWORK, "second", to=tmp_path))
    assert len(shared(network)) == 2
    assert set(files) < set(network.card["shared"])
    assert rhythms.read(network.segments).equals(known)
    shutil.rmtree(tmp_path / "first")  # its own are the second one's too, and stay
    assert ship_fingerprints.unused(tmp_path) == []
    shutil.rmtree(tmp_path / "second")
    again = catalogue.read(ship(made.config, NETWORK, "third", to=tmp_path))
    assert {p.name for p in (tmp_path / catalogue.RECORDINGS).iterdir()} == shared(again)


def test_what_nobody_names_any_more_goes(made: Run, tmp_path: Path) -> None:
    known = rhythms.read(made.shipped.segments).slice(0, 2)
    strange = known.set_column(1, "subject", pa.array(["mitdb/x"] * len(known)))
    (tmp_path / "old").mkdir()
    assert ship_fingerprints.share(strange, tmp_path / "old", tmp_path)
    ship_fingerprints.publish(tmp_path / "old", tmp_path)
    (former,) = (tmp_path / catalogue.RECORDINGS).iterdir()
    network = catalogue.read(ship(made.config, NETWORK, NAME, to=tmp_path))
    assert not former.exists()
    assert shared(network) == shared(made.shipped)


def test_fingerprints_that_are_too_large_stay_behind(
    made: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ship_fingerprints, "MOST_BYTES", 1000)
    network = catalogue.read(ship(made.config, NETWORK, NAME, to=tmp_path))
    assert not network.card["rhythms_known"]
    assert [p.name for p in tmp_path.iterdir()] == [NAME]
    assert "rhythms of its recordings do not come along" in (
        network.folder / "README.md"
    ).read_text("utf-8")
    assert len(rhythms.read(network.segments)) == 0


def test_a_folder_that_was_copied_alone_is_said(made: Run, tmp_path: Path) -> None:
    shutil.copytree(made.shipped.folder, tmp_path / NAME)
    with pytest.raises(FileNotFoundError, match="the fingerprints of its recordings are not besi"):
        _ = catalogue.read(tmp_path / NAME).segments


def test_a_shared_file_that_leads_elsewhere_is_refused(made: Run, tmp_path: Path) -> None:
    place = tmp_path / "place"
    shutil.copytree(made.shipped.folder.parent, place)
    files = {"_recordings/../../x.json": {"sha256": "0" * 64, "bytes": 1}}
    write_json(place / NAME / "card.json", {**made.shipped.card, "shared": files})
    with pytest.raises(ValueError, match=r"'_recordings/\.\./\.\./x\.json' is no file that netw"):
        fetch(NAME, str(place), to=tmp_path / "got")


def test_what_can_not_be_shipped_is_said(made: Run, tmp_path: Path) -> None:
    for entry, name, says in (
        ("rhythm", "x", r"no network named 'rhythm'. Did you mean 'rhythms'"),
        ("majority", "x", "no network named 'majority'"),
        (NETWORK, "a/b", "letters, digits"),
    ):
        with pytest.raises(ValueError, match=says):
            ship(made.config, entry, name, to=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"1/model\.safetensors: train it first"):
        ship(made.config, NETWORK, "x", repeat=1, to=tmp_path)
    assert not list(tmp_path.glob("x*"))


def test_they_are_part_of_the_package() -> None:
    """Of what setuptools takes into a wheel."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (globs,) = re.findall(
        r'^"cardiograft\.shipped" = (\[.*?\])', text, flags=re.MULTILINE | re.DOTALL
    )
    taken = {p for pattern in json.loads(globs) for p in catalogue.of_package().glob(pattern)}
    files = {p for p in catalogue.of_package().rglob("*") if p.is_file() and p.suffix not in
             (".py", ".pyc")}  # fmt: skip
    assert files <= taken


def test_limits_are_those_of_the_kind_of_network() -> None:
    limits = {
        path.parent.name: path.read_text("utf-8").partition("## Limits")[2]
        for path in catalogue.of_package().glob("*/README.md")
    }
    assert {name for name, text in limits.items() if "is an estimate, no recording" in text} == {
        "scg"
    }
    assert "Probabilities" not in limits["scg"]
    assert "Probabilities" in limits["beats"]
    assert {name for name, text in limits.items() if "annotated R-peaks" in text} == {"beats"}
