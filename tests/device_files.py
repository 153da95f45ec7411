"""Tiny trained networks, and how to write them as files for devices."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cohort import Cohort, spec_of

from cardiograft.export.job import export
from cardiograft.specs.export import Export
from cardiograft.specs.pretrain import Pretrain
from cardiograft.training.job import train_and_publish
from cardiograft.training.request import Job, Place

PICTURES = {
    "model": {"name": "light_cnn", "widths": [4, 4, 4]},
    "view": {"name": "scalogram", "octaves": 3, "lowest_hz": 4, "height": 122, "width": 122},
}
NETWORKS: dict[str, dict[str, Any]] = {
    "beats": {"task": {"name": "classify", "features": ["rr_before"]}},
    "crops": {
        "model": {"name": "rhythm_cae", "width": 2, "latent": 4},
        "task": {"name": "classify", "crop_s": 0.4, "scaling": "zscore"},
    },
    "pretext": {"model": {"name": "mlp", "widths": [8]}, "task": "recognise_transform"},
    "pictures": PICTURES,
}


@dataclass(frozen=True)
class Networks:
    """Trained networks by name, and how to write one as a file."""

    cohort: Cohort
    folder: Path

    def spec(self, name: str) -> Pretrain:
        content = dict(NETWORKS[name])
        view = {"view": content.pop("view")} if "view" in content else {}
        plain = spec_of(**content, epochs=3, learning_rate=0.01)
        return Pretrain.model_validate({**plain.model_dump(mode="json"), **view})

    def trained(self, name: str) -> Path:
        out = self.folder / name / "model"
        if not out.is_dir():
            segments, split = [self.cohort.segments], self.cohort.honest
            place = Place(segments=segments, split=split, state=out.with_name("state"), out=out)
            spec = self.spec(name)
            train_and_publish(Job(stage="pretrain", spec=spec, place=place, repeat=0, code="{}"))
        return out

    def entry(self, name: str, **content: Any) -> Export:
        spec = self.spec(name)
        network = {key: getattr(spec, key) for key in ("split", "model", "view", "task")}
        return Export.model_validate({"source": name, **content, "network": network})

    def exported(self, name: str, out: Path, **content: Any) -> dict[str, Any]:
        """Write a file, and return its card."""
        export(
            self.entry(name, **content),
            segments=[self.cohort.segments],
            split=self.cohort.honest,
            model=self.trained(name) / "model.safetensors",
            out=out,
            scratch=self.folder / "scratch",
        )
        card: dict[str, Any] = json.loads((out / "card.json").read_text("utf-8"))
        return card


@pytest.fixture(scope="session")
def networks(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Networks:
    return Networks(cohort, tmp_path_factory.mktemp("networks"))
