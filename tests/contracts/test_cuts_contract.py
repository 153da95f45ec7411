"""What every cut, and every label plug-in, owes the rest: run over whatever is in the rooms."""

import dataclasses
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from cardiograft import plugins
from cardiograft.records import Annotations, Record
from cardiograft.segments import shards
from cardiograft.segments.beats import BEATS
from cardiograft.segments.cutting import Labels, Prepared
from cardiograft.segments.shard_format import encode

CUTS, LABELS = plugins.names("cuts"), plugins.names("labels")
RATE, SOURCE = Fraction(125), Fraction(360)
KINDS = {"beat", "record", "span"}


def annotations(seconds=60, seed=0):
    """Beats 0.8 s apart, each a little off; a rhythm and a noise mark among them."""
    random = np.random.default_rng(seed)
    beat_A = (np.arange(0.5, seconds - 1, 0.8) * 360).astype(np.int64)
    beat_A += random.integers(-30, 30, len(beat_A))
    symbol_A = random.choice(list("NNNNVAF/"), len(beat_A))
    marks = [(20, "+", "(N"), (9000, "~", ""), (12000, "+", "(AFIB")]
    sample_A = np.append(beat_A, [m[0] for m in marks])
    order = np.argsort(sample_A, kind="stable")
    return Annotations(
        sample_A=sample_A[order],
        symbol_A=np.append(symbol_A, [m[1] for m in marks])[order],
        aux_A=np.append(np.full(len(beat_A), "", "U9"), [m[2] for m in marks])[order],
    )


def prepared(seconds=60, channels=2, target=True, kind="beat", seed=0, marks=None):
    length = round(seconds * 125)
    random = np.random.default_rng(seed)
    signal_CT = random.standard_normal((channels, length)).astype(np.float32)
    marks = annotations(seconds, seed) if marks is None else marks
    sample_A = np.round(marks.sample_A * 125 / 360).astype(np.int64).clip(0, length - 1)
    for place in sample_A[np.isin(marks.symbol_A, list(BEATS))]:
        signal_CT[:, place : place + 4] += 20
    return Prepared(
        name="made/up",
        lead="I+II",
        units=("1",) * channels,
        signal_CT=signal_CT,
        target_CT=signal_CT[:1] * 2 + 1 if target else None,
        scale="minmax",
        target_scale="zscore",
        rate_hz=RATE,
        source_rate_hz=SOURCE,
        offset=1000,
        mains_hz=50,
        annotations=marks,
        sample_A=sample_A,
        labels=labels(kind, marks),
        missing_T=np.zeros(length, dtype=bool),
        moved_CT=np.ones((channels + target, length), dtype=bool),
    )


def labels(kind, marks):
    if kind == "record":
        return Labels(whole="ill")
    if kind == "beat":
        is_beat = np.isin(marks.symbol_A, list(BEATS))
        return Labels(mark_A=np.where(is_beat, marks.symbol_A, None).astype(object))
    return Labels(mark_A=np.where(marks.symbol_A == "+", marks.aux_A, None), spans=True)


def call(name, given):
    """Cut with the defaults that a config without options gets."""
    return plugins.load("cuts", name).cut(given, **plugins.options("cuts", name)().model_dump())


def kinds(name):
    return plugins.constants("cuts", name)["LABELS"]


@pytest.mark.parametrize("name", CUTS)
def test_it_says_which_labels_it_takes(name):
    assert kinds(name)
    assert set(kinds(name)) <= KINDS


@pytest.mark.parametrize("target", [True, False])
@pytest.mark.parametrize("name", CUTS)
def test_pieces_fit_a_shard(name, target):
    given = prepared(target=target, kind=kinds(name)[0])
    segments = call(name, given)
    n = len(segments.start_N)
    channels = 2 * (1 + len(segments.added))
    assert n > 3
    assert segments.signal_NCT.shape[:2] == (n, channels)
    assert (segments.target_NCT is None) != target
    about = shards.Meta(
        spec={},
        manifest_digest="",
        simulated=True,
        rate_hz=125.0,
        channels=tuple(map(str, range(channels))),
        samples=segments.signal_NCT.shape[2],
        target_channels=("t",) if target else (),
        target_samples=segments.target_NCT.shape[2] if target else 0,
        features=tuple(segments.features),
    )
    row = shards.ShardRows(
        dataset="made",
        record="up",
        subject="s",
        lead="I+II",
        start_N=segments.start_N,
        valid_N=segments.valid_N,
        shape_hash_N=np.zeros(n, np.uint64),
        label_N=segments.label_N,
        signal_NCT=segments.signal_NCT,
        target_NCT=segments.target_NCT,
        features=segments.features,
    )
    assert len(encode(row, about.schema(), about)) == n
    assert segments.signal_NCT.dtype == np.float32
    assert segments.start_N.dtype == np.int64
    assert segments.valid_N.dtype == np.int32
    assert isinstance(segments.dropped, Counter)


@pytest.mark.parametrize("name", CUTS)
def test_positions_are_those_of_the_file(name):
    """In order, no two alike, and what a shard says starts there does start there."""
    given = prepared(kind=kinds(name)[0])
    segments = call(name, given)
    assert (np.diff(segments.start_N) > 0).all()
    assert segments.start_N.min() >= given.offset
    assert ((segments.valid_N > 0) & (segments.valid_N <= segments.signal_NCT.shape[2])).all()
    for k in range(len(segments.start_N)):
        place = round((segments.start_N[k] - given.offset) * 125 / 360)
        best = max(
            np.corrcoef(
                segments.signal_NCT[k, 0, : segments.valid_N[k]],
                given.signal_CT[0, place + d : place + d + segments.valid_N[k]],
            )[0, 1]
            for d in (-1, 0, 1)
            if 0 <= place + d <= given.signal_CT.shape[1] - segments.valid_N[k]
        )
        assert best > 0.9999


@pytest.mark.parametrize("name", CUTS)
def test_padding_is_zero(name):
    segments = call(name, prepared(kind=kinds(name)[0]))
    beyond = np.arange(segments.signal_NCT.shape[2]) >= segments.valid_N[:, None]
    assert not segments.signal_NCT.swapaxes(1, 2)[beyond].any()
    assert not segments.target_NCT.swapaxes(1, 2)[beyond].any()


@pytest.mark.parametrize("name", CUTS)
def test_the_same_recording_gives_the_same_pieces_and_stays_as_it_was(name):
    given = prepared(kind=kinds(name)[0])
    before = given.signal_CT.copy()
    one, other = call(name, given), call(name, given)
    np.testing.assert_array_equal(one.signal_NCT, other.signal_NCT)
    np.testing.assert_array_equal(one.label_N, other.label_N)
    np.testing.assert_array_equal(given.signal_CT, before)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("name", CUTS)
def test_labels_are_those_of_the_recording(name, kind):
    if kind not in kinds(name):
        pytest.skip(f"{name} takes no labels of each {kind}")
    given = prepared(kind=kind)
    segments = call(name, given)
    allowed = {"record": {"ill"}, "span": {"(N", "(AFIB"}, "beat": set("NVAF/")}[kind]
    assert set(segments.label_N) == allowed
    if kind == "span":
        before = segments.start_N - given.offset < 12000
        assert set(segments.label_N[~before]) == {"(AFIB"}
        assert "(N" in set(segments.label_N[before])


@pytest.mark.parametrize("name", CUTS)
def test_without_labels_every_label_is_none(name):
    segments = call(name, dataclasses.replace(prepared(), labels=None))
    assert len(segments.label_N) == len(segments.start_N) > 3
    assert set(segments.label_N) == {None}


@pytest.mark.parametrize("name", CUTS)
def test_a_gap_costs_what_touches_it(name):
    given = prepared(kind=kinds(name)[0])
    missing_T = given.missing_T.copy()
    missing_T[3000:3005] = True
    segments = call(name, dataclasses.replace(given, missing_T=missing_T))
    assert 0 < segments.dropped["non-finite"] < len(segments.start_N)
    first = np.round((segments.start_N - given.offset) * 125 / 360)
    assert not ((first < 3004) & (first + segments.valid_N > 3001)).any()


@pytest.mark.parametrize("name", CUTS)
def test_a_flat_stretch_is_dropped_and_nothing_is_divided_by_zero(name):
    given = prepared(kind=kinds(name)[0])
    flat_CT, moved_CT = given.signal_CT.copy(), given.moved_CT.copy()
    flat_CT[1, 2500:5000] = 3
    moved_CT[1, 2501:5000] = False
    whole = call(name, given)
    for changed in ({"signal_CT": flat_CT}, {"moved_CT": moved_CT}):
        segments = call(name, dataclasses.replace(given, **changed))
        assert 0 < segments.dropped["flat"] < len(whole.start_N)
        assert len(segments.start_N) + segments.dropped["flat"] == len(whole.start_N)


@pytest.mark.parametrize("seconds", [0.1, 0.5, 3])
@pytest.mark.parametrize("name", CUTS)
def test_short_recordings_give_little_or_nothing_of_the_usual_shape(name, seconds):
    usual = call(name, prepared())
    segments = call(name, prepared(seconds=seconds, marks=Annotations.none(), kind="record"))
    assert segments.signal_NCT.shape[1:] == usual.signal_NCT.shape[1:]
    assert segments.target_NCT.shape[1:] == usual.target_NCT.shape[1:]
    assert set(segments.features) == set(usual.features)


# --- labels


@pytest.mark.parametrize("name", LABELS)
def test_a_label_says_its_kind_and_keeps_to_it(name):
    record = Record(
        dataset="made",
        id="up",
        subject="s",
        signal_CT=np.zeros((1, 9), np.float32),
        rate_hz=SOURCE,
        leads=("I",),
        units=("mV",),
        mains_hz=50,
        annotations=annotations(),
        comments=("Reason for admission: Healthy control",),
    )
    kind = plugins.constants("labels", name)["KIND"]
    options = plugins.options("labels", name)().model_dump()
    result = plugins.load("labels", name).label(record, **options)
    assert kind in KINDS
    if result.unusable is None:
        assert (result.whole is None) == (kind != "record")
        assert (result.mark_A is None) == (kind == "record")
        assert result.spans == (kind == "span")
    if result.mark_A is not None:
        assert result.mark_A.shape == record.annotations.symbol_A.shape
        assert {type(mark) for mark in result.mark_A} == {str, type(None)}
    none = plugins.load("labels", name).label(
        dataclasses.replace(record, annotations=Annotations.none(), comments=()), **options
    )
    assert none.unusable or none.whole or not len(none.mark_A)
