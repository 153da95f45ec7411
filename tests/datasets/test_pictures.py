"""Pictures: generated from a formula, or from a folder of one's own, as recordings of one lead."""

from pathlib import Path
from typing import Any

import numpy as np
import pictures
import pytest
import torch

from cardiograft.config.checks import load_config
from cardiograft.config.plan import Plan
from cardiograft.datasets import _fractals, _pictures, fractals, image_folder
from cardiograft.models.views import pixels
from cardiograft.physionet.headers import UnfitError
from cardiograft.records import Shape
from cardiograft.report import cells
from cardiograft.segments import shards
from cardiograft.segments.source import is_generated
from cardiograft.specs.own_folder import OwnFolder


def test_the_sierpinski_triangle_is_rendered_as_one() -> None:
    """Three maps to the halves towards three corners: its middle triangle stays empty."""
    corner_M2 = np.array([(0.0, 0.0), (0.5, 0.0), (0.0, 0.5)])
    half_M4 = np.tile([0.5, 0.0, 0.0, 0.5], (3, 1))
    system_M6 = np.concatenate([half_M4, corner_M2], axis=1)
    picture_HH = _fractals.rendered(system_M6, np.random.default_rng(0), size=64, points=50_000)
    assert picture_HH is not None
    row_H1, column_1H = np.ogrid[:64, :64]
    both_HH = row_H1 + column_1H
    middle_HH = (row_H1 < 30) & (column_1H < 30) & (both_HH > 34)
    assert not picture_HH[middle_HH | (both_HH > 66)].any()
    halves = [picture_HH[:30, :30], picture_HH[34:, :30], picture_HH[:30, 34:]]
    assert all(half.any() for half in halves)


def test_points_that_run_away_are_no_picture() -> None:
    system_M6 = np.tile([3.0, 0.0, 0.0, 3.0, 1.0, 1.0], (2, 1))
    assert _fractals.rendered(system_M6, np.random.default_rng(0), size=8, points=512) is None


def test_a_picture_follows_from_the_seed_and_its_name_alone(tmp_path: Path) -> None:
    names = pictures.names(2, 2)
    fractals.simulate(tmp_path / "one", names, 7, **pictures.OPTIONS)
    fractals.simulate(tmp_path / "alone", names[-1:], 7, **pictures.OPTIONS)
    fractals.simulate(tmp_path / "other", names[-1:], 8, **pictures.OPTIONS)
    one, alone, other = (
        fractals.read(tmp_path / folder, names[-1]) for folder in ("one", "alone", "other")
    )
    np.testing.assert_array_equal(one.signal_CT, alone.signal_CT)
    assert not np.array_equal(one.signal_CT, other.signal_CT)
    assert one.signal_CT.shape == (1, pictures.SIZE**2)
    assert one.signal_CT.min() == 0
    assert one.signal_CT.max() == 1
    assert one.annotations.aux_A.tolist() == ["c01"]
    with pytest.raises(ValueError, match="fractals/c70/i000: no such record"):
        fractals.simulate(tmp_path, ("c70/i000",), 0)


def test_the_first_records_are_one_of_each_class() -> None:
    names = fractals.names()
    assert len(names) == 70 * 500
    assert len({name.partition("/")[0] for name in names[:70]}) == 70


def test_a_file_that_is_cut_off_is_refused() -> None:
    whole = _pictures.graymap(np.zeros((3, 4), np.uint8))
    assert _pictures.from_graymap(whole).shape == (3, 4)
    with pytest.raises(ValueError, match="truncated picture: 11 of 12 values"):
        _pictures.from_graymap(whole[:-1])
    with pytest.raises(ValueError, match="no grey picture of 8 bits"):
        _pictures.from_graymap(b"\x89PNG\r\n")


def test_generated_pictures_are_marked_so_and_no_mirror_is_asked(tmp_path: Path) -> None:
    manifest = pictures.manifest(tmp_path, pictures.names(2, 1), mirror="https://no.such.host/x")
    assert (manifest["simulated"], manifest["generated"]) == (False, True)
    assert cells.mark(manifest) == "generated"
    segments, _ = pictures.cut(tmp_path, pictures.names(3, 6))
    meta = shards.meta(segments)
    assert is_generated(meta)
    assert not meta.simulated
    assert (meta.channels, meta.units, meta.samples) == (("picture",), ("NU",), pictures.SIZE**2)


@pytest.mark.parametrize("mirror", ["simulated", "/nowhere"])
def test_config_generates_them_whatever_the_mirror(mirror: str, tmp_path: Path) -> None:
    database = {"fractals": {"dataset": "fractals", "records": 70, "simulate": {"size": 32}}}
    config = load_config({"mirror": mirror, "results": str(tmp_path), "databases": database})
    spec = config.spec("download", "fractals")
    assert spec.simulate == {"size": 32, "points": 10_000, "fill": 0.2, "spread": 0.2}
    assert spec.seed == 0
    assert "datasets/_fractals.py" in Plan(config).code("download", "fractals")


def folder(path: Path, **changed: Any) -> OwnFolder:
    given = {"path": str(path), "name": "mine", "subject": "record", "mains_hz": 50}
    return OwnFolder.model_validate(given | changed)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    image = pytest.importorskip("PIL.Image")
    for label, colour in (("cat", (255, 0, 0)), ("dog", (0, 0, 255))):
        (tmp_path / label).mkdir()
        wide = np.zeros((20, 40, 3), np.uint8)
        wide[:, 10:30] = colour  # the middle square
        image.fromarray(wide).save(tmp_path / label / "one.png")
    (tmp_path / "cat" / "broken.jpg").write_bytes(b"no picture")
    image.fromarray(wide).save(tmp_path / "stray.png")
    return tmp_path


def test_a_folder_of_class_folders_is_read(images: Path) -> None:
    own = folder(images, size=10, colours="rgb")
    assert set(image_folder.record_names(images, folder=own)) == {
        *("cat/broken", "cat/one", "dog/one", "stray")
    }
    record = image_folder.read(images, "dog/one", folder=own)
    assert (record.dataset, record.subject) == ("mine", "dog/one")
    assert record.annotations.aux_A.tolist() == ["dog"]
    plane_KT = record.signal_CT.reshape(3, 100)
    np.testing.assert_array_equal(plane_KT[0], 0)
    np.testing.assert_array_equal(plane_KT[2], 1)
    grey = image_folder.read(images, "dog/one", folder=folder(images, size=10))
    assert grey.signal_CT.shape == (1, 100)
    with pytest.raises(UnfitError, match=r"unreadable cat/broken\.jpg"):
        image_folder.read(images, "cat/broken", folder=own)
    with pytest.raises(UnfitError, match="no class: it lies in no folder"):
        image_folder.read(images, "stray", folder=own)


def test_pixels_show_what_is_stored() -> None:
    value_BCT = torch.rand((2, 1, 64), generator=torch.Generator().manual_seed(0))
    same = {"stored": 8, "height": 8, "width": 8}
    grey = pixels.make(Shape(1, 64, 0, (2,)), 1.0, colours="grey", **same)
    torch.testing.assert_close(grey(value_BCT), value_BCT.reshape(2, 1, 8, 8))
    thrice = pixels.make(Shape(1, 64, 0, (2,)), 1.0, **same)
    torch.testing.assert_close(thrice(value_BCT), value_BCT.reshape(2, 1, 8, 8).repeat(1, 3, 1, 1))
    colour_BCT = torch.rand((2, 1, 192), generator=torch.Generator().manual_seed(1))
    rgb = pixels.make(Shape(1, 192, 0, (2,)), 1.0, **same)
    torch.testing.assert_close(rgb(colour_BCT), colour_BCT.reshape(2, 3, 8, 8))
    larger = pixels.make(Shape(1, 64, 0, (2,)), 1.0, stored=8, colours="jet")
    assert larger.picture.input == (3, 227, 227) == tuple(larger(value_BCT).shape[1:])
    with pytest.raises(ValueError, match="64 values are no picture of 9 x 9"):
        pixels.make(Shape(1, 64, 0, (2,)), 1.0, stored=9)
