"""What is to be known of a shipped network, in text: by its card, its config and its data sets."""

import ast
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from cardiograft import plugins
from cardiograft.config.schema import Config

WIDTH = 100
USE = """```console
cardiograft apply {name} RECORDS...
```

predicts WFDB, EDF or CSV recordings; `source: {{shipped: {name}}}` of an entry of `transfer` starts
from its weights."""
WITHOUT = """```python
import json
import numpy as np
import onnxruntime

file = onnxruntime.InferenceSession("{name}.onnx")
about = json.loads(file.get_modelmeta().custom_metadata_map["cardiograft"])
given = {{one.name: np.zeros(one.shape, dtype=np.float32) for one in file.get_inputs()}}
(score,) = file.run(None, given)  # of a segment of yours, in place of zeros
print(about["input"]["leads"], about["input"]["rate_hz"], about["output"]["labels"], score[0, :9])
```

`left_to_the_device` in the file's metadata says what a segment needs before it is given."""


def text(name: str, card: Mapping[str, Any], config: Config) -> str:
    """Return the model card as Markdown."""
    flag = "**Trained on SIMULATED recordings: it knows no person's heart.**"
    blocks = [f"# {name}", *([flag] if card["simulated"] else [])]
    blocks += [f"Takes {takes(card)}; gives {gives(card)}. Not a medical device."]
    blocks += [USE.format(name=name)]
    blocks += ["## Data and licences", *_data(card, config)]
    blocks += ["## Protocol", *_protocol(card, config)]
    blocks += ["## Scores", *_scores(card)]
    blocks += ["## What it was never shown", *_never_shown(card)]
    blocks += ["## Limits", "\n".join(_limits(card, config))]
    if (where := card["onnx"].get("why_not")) is None:
        blocks += ["## Without torch and without the package", WITHOUT.format(name=name)]
        blocks += [_nearness(card)]
    else:
        blocks += [f"There is no ONNX file: {where}."]
    return "\n\n".join(blocks) + "\n"


def takes(card: Mapping[str, Any]) -> str:
    """Return what a network takes, in words."""
    first = next(iter(card["segments"].values()))
    spec = first["spec"]
    leads = "; ".join(" or else ".join(one.split("|")) for one in spec["signal"]["leads"])
    window = spec["cut"]["options"].get("window_s")
    length = f", windows of {window:g} s" if window else f", cut by {spec['cut']['name']}"
    return f"{leads} at {first['rate_hz']:g} Hz{length}"


def gives(card: Mapping[str, Any]) -> str:
    """Return what a network gives, in words."""
    meaning = card["training"]["meaning"]
    outputs = ", ".join(meaning["outputs"])
    return f"a signal of {outputs}" if meaning["kind"] == "signal" else outputs


def headline(card: Mapping[str, Any]) -> str:
    """Return the score that a line of a list has room for: the first of the test part."""
    tested = [row for row in card["scores"] if not row["baseline"] and row["class"] == ""]
    row = next((row for row in tested if row["part"] == "test"), None)
    if row is None or row["value"] is None:
        return "no score"
    return f"{row['metric']} {_value(row)}, {_whom(row)}"


def _value(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return "undefined"
    if row["low"] is None or row["high"] is None:
        return f"{row['value']:.3f}"
    return f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def _whom(row: Mapping[str, Any]) -> str:
    return "unseen subjects" if row["protocol"] == "honest" else f"{row['protocol']} protocol"


def _data(card: Mapping[str, Any], config: Config) -> Iterator[str]:
    seen: list[str] = []
    for one in config.ancestors(card["entry"]):
        if one.split not in config.splits:
            continue  # of a shipped network, whose own card tells of it
        for segments in config.splits[one.split].segments:
            dataset = config.segments[segments].dataset
            if dataset not in seen:
                seen.append(dataset)
                what, source = _described(dataset)
                yield _filled(f"**{dataset}**: {what} {source}")
    yield _filled(
        f"Trained on {card['people']} people, by name in `lineage/`, so that an audit knows them."
        " The recordings are not part of it. The weights come under the licence of the package"
        " (MIT); what the data sets' own licences ask of works made of them holds besides."
    )


def _described(dataset: str) -> tuple[str, str]:
    """Return the first line of a data set's docstring, and its paragraph of sources."""
    docstring = ast.get_docstring(ast.parse(plugins.path("datasets", dataset).read_text("utf-8")))
    paragraphs = (docstring or "").split("\n\n")
    sources = [one for one in paragraphs if one.startswith("Source")]
    return paragraphs[0].replace("\n", " "), " ".join(sources).replace("\n", " ")


def _protocol(card: Mapping[str, Any], config: Config) -> Iterator[str]:
    yield "\n".join(
        f"- {one.stage} `{one.entry}`, split `{one.split}`: used its {' and '.join(one.uses)} part"
        for one in config.ancestors(card["entry"])
    )
    run = config.trained(card["entry"])
    split = config.splits[run.split]
    yield _filled(
        f"Its split is {split.protocol}, by {split.scheme}. Repeat {card['training']['repeat']},"
        f" seed {card['training']['seed']}, {card['training']['epochs_run']} epochs; begun from"
        f" {card['training']['initialisation']}."
    )


def _scores(card: Mapping[str, Any]) -> Iterator[str]:
    tested = [row for row in card["scores"] if row["part"] == "test"]
    lines = [
        "| | Tested on | Metric | Class | Value | People | Protocol, chosen on |",
        "|---|---|---|---|--:|--:|---|",
    ]
    for row in tested or card["scores"]:
        who = f"{row['model']} (baseline)" if row["baseline"] else "this network"
        chosen = row["chosen_on"] or "not said"
        lines.append(
            f"| {who} | each {row['per']} of `{row['split']}` | {row['metric']} |"
            f" {row['class'] or 'all'} | {_value(row)} | {row['people']} | {_whom(row)}, {chosen} |"
        )
    yield "\n".join(lines)
    level = next((row["level"] for row in card["scores"]), 0.95)
    yield _filled(
        f"{'Test part' if tested else 'No test part was evaluated'}. In brackets {level:.0%}"
        " intervals, by bootstrap over people: of this one trained network, not of the training."
    )


def _never_shown(card: Mapping[str, Any]) -> Iterator[str]:
    kept = card["never_shown"]
    yield _filled(
        f"{kept['people']} people ({kept['segments']} segments) of the test part of"
        f" `{kept['split']}`: no training behind it, and no choice of an epoch, used them. Neither"
        " any lead, rate or data set but those above."
    )
    if not card["rhythms_known"]:
        yield _filled(
            "The rhythms of its recordings do not come along, they would be too large: an audit"
            " knows its people by name, also by names that other data sets are known to give them,"
            " but not a recording that somebody has renamed."
        )


def _limits(card: Mapping[str, Any], config: Config) -> Iterator[str]:
    run = config.trained(card["entry"])
    split = config.splits[run.split]
    if split.drop_labels:
        dropped = ", ".join(f"`{one}`" for one in split.drop_labels)
        yield f"- It knows no segment labelled {dropped}: it will name each one of its classes."
    yield "- One repeat of one training; how much repeats differ, its card does not say."
    first = next(iter(card["segments"].values()))["spec"]
    kind = card["training"]["meaning"]["kind"]
    if kind == "signal":
        yield (
            "- The signal that it draws is an estimate, no recording: an ectopic beat may come out"
            " as a\n  normal one, and durations (PR, QRS, QT) must not be measured in it."
        )
    elif kind in ("classes", "heads"):
        own = card.get("threshold")
        yield "- Probabilities are the network's own, and the most probable class is named." + (
            f" Its validation part is\n  best told apart by `{own['label']}` from {own['at']:.3f}"
            " on: `--threshold validation`."
            if own
            else " No threshold was tuned."
        )
    if first["cut"]["options"].get("peaks") == "annotations":
        yield (
            "- Its scores are at annotated R-peaks; `apply` finds R-peaks by itself unless told"
            " where they are\n  (`--annotator`)."
        )
    tried = ", ".join(first["signal"]["leads"])
    yield f"- Another lead than {tried} was not tried: `--lead` takes one at your own risk."
    simulated = "simulated recordings" if card["simulated"] else "these recordings"
    yield f"- Devices, ages and illnesses other than those of {simulated} were not tried."


def _nearness(card: Mapping[str, Any]) -> str:
    most = max(one["largest_difference"] for one in card["onnx"]["compared"].values())
    return _filled(
        f"Its scores differ from the network's by at most {most:.1e} on the segments that were"
        f" compared; more than {card['onnx']['tolerance']:g} would have been refused."
    )


def _filled(line: str) -> str:
    return textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False)
