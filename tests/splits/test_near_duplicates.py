"""Near-duplicates: the hash keeps them together, the search finds them and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from planted import RATE_HZ, Shelf, heart

from cardiograft.segments import shards
from cardiograft.signals.shape_hash import shape_hash
from cardiograft.splits import near_duplicates, sketches
from cardiograft.splits.near_duplicates import Keys
from cardiograft.splits.sketches import Sketches

TRAIN, TEST = "100", "200"


def distance(one, other):
    bytes_ = [
        np.ascontiguousarray(h).view(np.uint8).reshape(-1, 8).astype(float) for h in (one, other)
    ]
    return np.linalg.norm(bytes_[0] - bytes_[1], axis=1)


def many(count, **shape):
    return np.stack([heart(seed, **shape) for seed in range(count)])


def noisy(signal_NCT, correlation, seed=0):
    """Add white noise such that each channel correlates so much with itself before."""
    noise = np.random.default_rng(seed).normal(size=signal_NCT.shape)
    share = np.sqrt(1 / correlation**2 - 1)
    return signal_NCT + share * signal_NCT.std(axis=2, keepdims=True) * noise


def reference(one, other, lags, valid_one=None, valid_other=None, common=0.0):
    """The size of Pearson's coefficient at the best lag, written as its definition."""
    valid_one = valid_one or one.shape[1]
    valid_other = valid_other or other.shape[1]
    scores = []
    for lag in range(-lags, lags + 1):
        a_CT, b_CT = one[:, :valid_one], other[:, :valid_other]
        a_CT, b_CT = a_CT[:, max(lag, 0) :], b_CT[:, max(-lag, 0) :]
        both = min(a_CT.shape[1], b_CT.shape[1])
        if both >= common * max(valid_one, valid_other):
            pairs = zip(a_CT[:, :both], b_CT[:, :both], strict=True)
            scores.append(np.mean([abs(np.corrcoef(a, b)[0, 1]) for a, b in pairs]))
    return max(scores, default=-1.0)


@pytest.mark.parametrize("channels", [1, 2])
def test_hash_ignores_scale_and_offset(channels):
    signal_NCT = many(50, channels=channels)
    moved = 3.7 * signal_NCT - 12
    assert distance(shape_hash(signal_NCT, RATE_HZ), shape_hash(moved, RATE_HZ)).max() <= 3


@pytest.mark.parametrize("seconds", [1.5, 10])
@pytest.mark.parametrize("shift", [0, 1])
def test_hash_survives_noise_and_shift(seconds, shift):
    samples = int(seconds * RATE_HZ)
    signal_NCT = many(200, samples=samples + 1)
    moved = noisy(signal_NCT[:, :, shift : samples + shift], 0.9995)
    far = distance(
        shape_hash(signal_NCT[:, :, :samples], RATE_HZ), shape_hash(moved.astype("f4"), RATE_HZ)
    )
    assert np.mean(far <= near_duplicates.RADIUS) >= 0.99


def test_hash_tells_most_shapes_apart():
    hash_N = shape_hash(many(300), RATE_HZ)
    first, second = np.triu_indices(300, k=1)
    far = distance(hash_N[first], hash_N[second])
    assert np.mean(far <= near_duplicates.RADIUS) < 0.01


def test_hash_of_a_row_depends_on_nothing_else():
    signal_NCT = many(40)
    whole = shape_hash(signal_NCT, RATE_HZ)
    alone = np.concatenate([shape_hash(row[None], RATE_HZ) for row in signal_NCT])
    np.testing.assert_array_equal(whole, alone)
    assert len(np.unique(whole)) == 40


def test_hash_of_flat_segments_is_one():
    flat = np.stack([np.full((1, 250), level, np.float32) for level in (0, 0.1, 1, -3e5)])
    assert len(set(shape_hash(flat, RATE_HZ).tolist())) == 1
    assert shape_hash(flat, RATE_HZ)[0] != shape_hash(many(1), RATE_HZ)[0]


def test_hash_takes_no_segments():
    assert shape_hash(np.empty((0, 2, 250), np.float32), RATE_HZ).shape == (0,)


def hits_of(tmp_path: Path, train, test, *, above=0.999, valid_train=None, valid_test=None):
    """Search pairs of segments, train[i] beside test[i]; return the hits by place."""
    shelf, parts, valid = Shelf(), [], []
    for place, signal_CT in enumerate(train):
        length = valid_train[place] if valid_train else None
        shelf.add(TRAIN, 10_000 * place, signal_CT, valid=length)
    for place, signal_CT in enumerate(test):
        length = valid_test[place] if valid_test else None
        shelf.add(TEST, 10_000 * place, signal_CT, valid=length)
    folder = shelf.write(tmp_path / "segments")
    signals = np.concatenate([train, test]).astype(np.float32)
    samples = signals.shape[2]
    parts = np.array(["train"] * len(train) + ["test"] * len(test), dtype=object)
    valid = (valid_train or [samples] * len(train)) + (valid_test or [samples] * len(test))
    keys = Keys(
        id_N=[f"mitdb/{TRAIN}/MLII/{10_000 * k}" for k in range(len(train))]
        + [f"mitdb/{TEST}/MLII/{10_000 * k}" for k in range(len(test))],
        part_N=parts,
        valid_N=np.array(valid),
        shape_hash_N=shape_hash(signals, RATE_HZ),
    )
    duplicates = near_duplicates.search([folder], keys, query="test", pool=["train"], above=above)
    return {t.row - len(train): (t.other, t.correlation) for t in duplicates}


@pytest.fixture
def all_pairs(monkeypatch):
    """Let the exact comparison alone decide."""
    monkeypatch.setattr(near_duplicates, "RADIUS", 1000.0)


@pytest.mark.parametrize("shift", [-1, 0, 1])
@pytest.mark.parametrize("channels", [1, 2])
def test_search_finds_planted_duplicates(tmp_path, shift, channels):
    long_NCT = many(60, samples=252, channels=channels)
    train = long_NCT[:, :, 1:251]
    test = long_NCT[:, :, 1 + shift : 251 + shift]
    test = 0.5 * noisy(test, 0.9997) + 2
    hits = hits_of(tmp_path, train, test)
    assert {place: hit[0] for place, hit in hits.items()} == {place: place for place in range(60)}
    for place, (other, correlation) in hits.items():
        assert correlation == pytest.approx(reference(test[place], train[other], 1), abs=2e-5)


def test_search_counts_only_above_the_threshold(tmp_path, all_pairs):
    train = many(80)
    test = np.concatenate([noisy(train[:40], 0.9995), noisy(train[40:], 0.9975)])
    assert set(hits_of(tmp_path, train, test)) == set(range(40))


def test_search_takes_a_negative_for_a_duplicate(tmp_path):
    train = many(30)
    assert set(hits_of(tmp_path, train, -train)) == set(range(30))


def test_search_does_not_find_what_is_shifted_further(tmp_path, all_pairs):
    long_NCT = many(30, samples=256)
    assert hits_of(tmp_path, long_NCT[:, :, :250], long_NCT[:, :, 4:254]) == {}


def test_search_compares_what_both_have_before_their_padding(tmp_path):
    """A beat cut one sample later meets its copy although the padding cuts it elsewhere."""
    long_NCT = many(40, samples=250) + 0.5  # padding with zeros is a step
    train, test = long_NCT[:, :, :187].copy(), long_NCT[:, :, 1:188].copy()
    lengths = [120 + place for place in range(40)]
    for place, length in enumerate(lengths):
        train[place, :, length:] = 0
        test[place, :, length:] = 0
    hits = hits_of(tmp_path, train, test, valid_train=lengths, valid_test=lengths)
    assert len(hits) >= 39
    place, (other, correlation) = next(iter(hits.items()))
    length = lengths[place]
    expected = reference(test[place], train[other], 1, length, length)
    assert correlation == pytest.approx(expected, abs=2e-5)


def test_search_does_not_match_a_short_piece_with_a_long_one(tmp_path, all_pairs):
    train = many(20)
    test = train.copy()
    test[:, :, 125:] = 0
    assert hits_of(tmp_path, train, test, valid_test=[125] * 20) == {}


def test_search_finds_constants_but_not_beside_a_live_signal(tmp_path):
    train = np.stack([np.full((1, 250), 0.7, np.float32), heart(1)])
    test = np.stack([np.full((1, 250), -2.0, np.float32), heart(2)])
    hits = hits_of(tmp_path, train, test)
    assert set(hits) == {0}
    assert hits[0] == (0, 1.0)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("above", [0.3, 0.9, 0.999])
def test_search_passes_over_no_pair(tmp_path, all_pairs, channels, above):
    """What is left out unseen, by bounds, is what all pairs compared one by one leave out.

    Steep edges make a sample more or less count, where pads and lags cut.
    """
    generator = np.random.default_rng(channels)
    train = many(24, samples=60, channels=channels)
    train += generator.choice([0, 0, 9], (24, channels, 1)) * (np.arange(60) < 1)
    train += generator.choice([0, 0, 9], (24, channels, 1)) * (np.arange(60) > 55)
    spread = np.geomspace(0.003, 0.5, 24)[:, None, None]
    test = train + spread * train.std(axis=2, keepdims=True) * generator.normal(size=train.shape)
    test = np.roll(test, 1, axis=2)
    lengths = generator.integers(54, 61, (2, 24)).tolist()
    for signal_NCT, own in zip((train, test), lengths, strict=True):
        for signal_CT, length in zip(signal_NCT, own, strict=True):
            signal_CT[:, length:] = 0
    best = {}
    for i, (one, valid) in enumerate(zip(test, lengths[1], strict=True)):
        scores = [
            reference(one, other, 1, valid, valid_other, common=near_duplicates.COMMON)
            for other, valid_other in zip(train, lengths[0], strict=True)
        ]
        if max(scores) > above:
            best[i] = (int(np.argmax(scores)), max(scores))
    hits = hits_of(
        tmp_path, train, test, above=above, valid_train=lengths[0], valid_test=lengths[1]
    )
    assert {i: other for i, (other, _) in hits.items()} == {i: o for i, (o, _) in best.items()}
    assert 3 < len(best) <= 24
    for i, (_, correlation) in hits.items():
        assert correlation == pytest.approx(best[i][1], abs=2e-5)


def test_search_averages_channels_that_disagree(tmp_path, all_pairs):
    """One channel is the same, the other rather its opposite: a low threshold counts them."""
    train, test = np.random.default_rng(0).normal(size=(2, 10, 2, 250)).astype(np.float32)
    test[:, 0] = train[:, 0]
    train[:, 1, -1], test[:, 1, -1] = 11, -11
    hits = hits_of(tmp_path, train, test, above=0.25)
    assert {place: other for place, (other, _) in hits.items()} == {k: k for k in range(10)}


def test_search_sees_past_what_a_lag_cuts_off(tmp_path, all_pairs):
    """A step up before the common samples, a step down after them: their levels differ a lot."""
    common = many(10, samples=59)
    step = np.full((10, 1, 1), 30, np.float32)
    train = np.concatenate([step, common], axis=2)
    test = np.concatenate([common, -step], axis=2)
    hits = hits_of(tmp_path, train, test)
    assert {place: other for place, (other, _) in hits.items()} == {k: k for k in range(10)}


def test_search_in_blocks_finds_the_same(tmp_path, monkeypatch):
    train = many(60)
    test = noisy(train, 0.9995)
    whole = hits_of(tmp_path / "whole", train, test)
    for name, value in (("QUERIES", 7), ("VALUES", 3000)):
        monkeypatch.setattr(near_duplicates, name, value)
    for name, value in (("BLOCK", 11), ("SAMPLE", 20)):
        monkeypatch.setattr(sketches, name, value)
    monkeypatch.setattr(shards, "IN_MEMORY_BYTES", 100)
    blocks = hits_of(tmp_path / "blocks", train, test)
    assert blocks == whole
    assert len(whole) == 60


@pytest.fixture
def compared(monkeypatch):
    """Count the pairs that are compared exactly."""
    counted = []
    alike = near_duplicates._alike

    def counting(segments, at_P, other_P):
        counted.append(len(at_P))
        return alike(segments, at_P, other_P)

    monkeypatch.setattr(near_duplicates, "_alike", counting)
    return counted


def hashed(train, test, above, valid_train, valid_test):
    """What the search did when it multiplied all codes with all others, as its definition."""
    codes = [shape_hash(signal.astype(np.float32), RATE_HZ) for signal in (test, train)]
    best = {}
    for i, code in enumerate(codes[0]):
        for j in np.flatnonzero(distance(codes[1], code[None]) <= near_duplicates.RADIUS):
            score = reference(
                test[i], train[j], 1, valid_test[i], valid_train[j], common=near_duplicates.COMMON
            )
            if score > above and score > best.get(i, (0, 0))[1]:
                best[i] = int(j), score
    return best


@pytest.mark.parametrize(("channels", "seed"), [(1, 0), (1, 1), (3, 2)])
def test_search_loses_nothing_that_comparing_all_hashes_finds(tmp_path, compared, channels, seed):
    """Families of beats at every degree of likeness, of several lengths, inverted or not."""
    generator = np.random.default_rng(seed)
    signal = np.repeat(many(24, samples=201, channels=channels), 5, axis=0)
    signal += 0.3 * generator.normal(size=(len(signal), channels, 1)) * np.linspace(-1, 1, 201)
    spread = np.geomspace(1e-3, 0.2, len(signal))[generator.permutation(len(signal)), None, None]
    copy = generator.choice([-1.0, 1.0], (len(signal), 1, 1)) * signal
    copy = noisy(copy, 1 / np.sqrt(1 + spread**2), seed)
    shift = generator.integers(0, 2, len(signal))
    copy = np.stack([one[:, k : k + 200] for one, k in zip(copy, shift, strict=True)])
    train, test = signal[:, :, :200].copy(), copy
    lengths = [generator.integers(140, 201, len(train)).tolist() for _ in range(2)]
    for signal_NCT, own in zip((train, test), lengths, strict=True):
        for signal_CT, length in zip(signal_NCT, own, strict=True):
            signal_CT[:, length:] = 0
    hits = hits_of(tmp_path, train, test, valid_train=lengths[0], valid_test=lengths[1])
    expected = hashed(train, test, 0.999 + 1e-5, *lengths)
    assert len(expected) > 10
    assert set(expected) <= set(hits)
    assert all(hits[i][1] >= score - 2e-5 for i, (_, score) in expected.items())
    assert sum(compared) < 0.2 * len(train) * len(test)


def test_search_compares_equal_segments_once(tmp_path, compared):
    """Two crowds of constants, and one of equal beats: found, at the price of one each."""
    flat = np.full((300, 1, 250), 0.5, np.float32)
    same = np.repeat(many(1), 300, axis=0)
    other = many(21)[1:]
    hits = hits_of(tmp_path, np.concatenate([flat, same]), np.concatenate([flat + 1, same, other]))
    assert set(hits) == set(range(600))
    assert hits[299] == (0, 1.0)
    assert hits[300][0] == 300
    assert sum(compared) < 200


def test_search_of_a_crowd_does_not_compare_all_with_all(tmp_path, compared, monkeypatch):
    """A thousand copies of one beat: each is found among its nearest."""
    monkeypatch.setattr(near_duplicates, "CROWD", 50)
    crowd = noisy(np.repeat(many(1), 1000, axis=0), 0.99995)
    hits = hits_of(tmp_path, crowd[:500], crowd[500:])
    assert set(hits) == set(range(500))
    assert sum(compared) <= 500 * 6 * near_duplicates.NEAREST


@pytest.mark.parametrize("beats", [200, 800])
def test_pairs_compared_grow_with_the_beats_of_one_person(tmp_path, compared, monkeypatch, beats):
    """Beats of one person, none a duplicate: so many for each, however many there are."""
    for name, value in (("CROWD", 20), ("NEAREST", 4), ("CODED", 10)):
        monkeypatch.setattr(near_duplicates, name, value)
    monkeypatch.setattr(sketches, "COUNTED", 50)
    # white noise that a sketch of few directions sees little of
    person = noisy(np.repeat(many(1), 2 * beats, axis=0), 0.998)
    assert hits_of(tmp_path, person[:beats], person[beats:]) == {}
    ways = 2 * 3  # two signs, lags of -1 to 1
    assert 4 * beats < sum(compared) <= beats * (ways * 4 + 10)


def test_a_copy_in_a_crowd_is_found_by_its_hash(tmp_path, compared, monkeypatch):
    """Where none of the nearest by the sketch is a duplicate, the nearest by the hash are tried."""
    nothing = np.empty(0, np.int64)
    monkeypatch.setattr(Sketches, "nearest", lambda *_: (nothing, nothing))
    for name, value in (("CROWD", 5), ("CODED", 16)):
        monkeypatch.setattr(near_duplicates, name, value)
    person = noisy(np.repeat(many(1), 300, axis=0), 0.998)
    copies = noisy(person[:40], 0.99999, seed=1)
    hits = hits_of(tmp_path, person, copies)
    assert {place: other for place, (other, _) in hits.items()} == {k: k for k in range(40)}
    assert sum(compared) <= 40 * 16


def test_search_of_what_a_sketch_says_nothing_of_goes_by_the_hash(tmp_path, monkeypatch):
    """A step at the very edge is all that a segment has: what is sketched of it is nothing."""
    monkeypatch.setattr(near_duplicates, "NEAREST", 1)
    train = many(60) * 0.002
    train[:, :, 0] = 30
    test = np.concatenate([1.5 * train[:50] - 2, many(5)])
    assert set(hits_of(tmp_path, train, test)) == set(range(50))


@pytest.mark.parametrize("lags", [0, 2])
@pytest.mark.parametrize("above", [0.9, 0.999])
def test_a_sketch_bounds_every_pair(above, lags):
    """No pair that correlates more at a lag is looked up beyond the distance."""
    generator = np.random.default_rng(lags)
    long = np.cumsum(generator.normal(size=(12, 1, 80 + lags)), axis=2)
    long = np.repeat(long, 10, axis=0)
    long += np.geomspace(0.01, 1, 120)[generator.permutation(120), None, None] * generator.normal(
        size=long.shape
    )
    signal = long[:, :, :80] - long[:, :, :80].mean(axis=2, keepdims=True)
    signal = (signal / np.linalg.norm(signal, axis=2, keepdims=True)).astype(np.float32)
    row_Q, row_N = np.arange(0, 120, 2), np.arange(1, 120, 2)
    among = Sketches(signal, row_N, lags=lags, stop=80 - lags, correlation=above)
    query_P, other_P = among.within(*among.look_up(row_Q))
    listed = set(zip(query_P.tolist(), other_P.tolist(), strict=True))
    alike = {
        (q, u)
        for q in range(60)
        for u in range(60)
        if reference(signal[row_Q[q]], signal[row_N[u]], lags) > above
    }
    assert len(alike) > 20
    assert alike <= listed
    assert len(listed) < 60 * 60 / 4


def test_search_of_an_empty_part(tmp_path):
    assert hits_of(tmp_path, many(3), np.empty((0, 1, 250), np.float32)) == {}
