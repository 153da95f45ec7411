from collections import Counter

import numpy as np
import pytest
from scipy.signal import welch

from cardiograft.datasets import _mitdb, _ptbdb, nstdb
from cardiograft.datasets.simulation import ecg, hearts, infarction, noise, order, rhythm
from cardiograft.datasets.simulation.order import HALF_HOUR_S, Case
from cardiograft.datasets.simulation.seeding import generator

SINUS = Case(counts={"N": 2200}, episodes={})
VENTRICULAR = Case(counts={"N": 1800, "V": 400}, episodes={"B": (20, 300.0), "VT": (4, 20.0)})


def laid_out(case: Case, seconds: float = HALF_HOUR_S, seed: int = 1) -> rhythm.Rhythm:
    return rhythm.beats(case, seconds, np.random.default_rng(seed))


def test_names_have_their_own_streams() -> None:
    one = generator(0, "mitdb", "record", "100").random(4)
    np.testing.assert_array_equal(one, generator(0, "mitdb", "record", "100").random(4))
    assert not np.array_equal(one, generator(1, "mitdb", "record", "100").random(4))
    assert not np.array_equal(one, generator(0, "mitdb", "record", "101").random(4))


def test_counts_are_the_cases_in_half_an_hour_and_in_proportion_in_less() -> None:
    for record in ("100", "200", "217", "222", "232"):
        _, case, _ = _mitdb.case(record)
        counts = Counter(laid_out(case).symbol_N.tolist())
        for symbol, number in case.counts.items():
            assert abs(counts[symbol] - number) <= 3, (record, symbol)
    short = [Counter(laid_out(VENTRICULAR, 180.0, seed).symbol_N.tolist()) for seed in range(12)]
    assert np.mean([count["V"] for count in short]) == pytest.approx(40, abs=3)


def test_beats_fill_the_recording_in_order() -> None:
    for record in _mitdb.CASES:
        beats = laid_out(_mitdb.case(record)[1], 120.0)
        assert 0 < beats.time_N[0] < 1.2
        assert 115 < beats.time_N[-1] < 120
        assert np.diff(beats.time_N).min() > 0.1


def test_the_database_case_table_says_47_people_and_48_recordings() -> None:
    assert len(_mitdb.CASES) == 48
    total = sum((Counter(_mitdb.case(r)[1].counts) for r in _mitdb.CASES), Counter())
    assert sum(total[s] for s in "NLRej") == 90_631
    assert sum(total[s] for s in "AaJS") == 2_781
    assert total["V"] + total["E"] == 7_236
    assert total["F"] == 803
    assert sum(total[s] for s in "/fQ") == 8_043


def test_a_ventricular_beat_comes_early_and_a_pause_makes_up_for_it() -> None:
    beats = laid_out(VENTRICULAR)
    step = np.diff(beats.time_N)
    symbol = beats.symbol_N
    alone = (symbol[1:-1] == "V") & (symbol[:-2] == "N") & (symbol[2:] == "N")
    before, after = step[:-1][alone], step[1:][alone]
    assert np.median(before) < 0.92 * np.median(step)
    np.testing.assert_allclose((before + after) / 2, np.median(step), rtol=0.35)
    assert np.median(before + after) == pytest.approx(2 * np.median(step[symbol[1:] == "N"]), 0.1)


def test_a_supraventricular_beat_resets_the_sinus_node() -> None:
    beats = laid_out(Case(counts={"N": 2000, "A": 200}, episodes={}))
    step, symbol = np.diff(beats.time_N), beats.symbol_N
    alone = (symbol[1:-1] == "A") & (symbol[:-2] == "N") & (symbol[2:] == "N")
    assert np.median((step[:-1] + step[1:])[alone]) < 1.97 * np.median(step)


def test_the_rate_wanders_with_breath_and_with_the_mayer_wave() -> None:
    shares = []
    for seed in range(8):
        drawn = rhythm.tone(HALF_HOUR_S, np.random.default_rng(seed))
        hz, density = welch(drawn.rate_K, rhythm.GRID_HZ, nperseg=1024)
        band = [density[(hz > low) & (hz < high)].mean() for low, high in ((0.06, 0.14), (0.4, 1))]
        breath = density[(hz > 0.18) & (hz < 0.34)].max()
        shares.append((band[0] / band[1], breath / band[1]))
    assert np.median(shares, axis=0).min() > 10


def test_fibrillation_is_irregular_and_has_no_p_wave() -> None:
    steady, irregular = (
        laid_out(Case(counts={"N": 2300}, episodes=episodes))
        for episodes in ({}, {"AFIB": (1, 1800.0)})
    )
    spread = [np.std(np.diff(r.time_N)) / np.mean(np.diff(r.time_N)) for r in (steady, irregular)]
    assert spread[1] > 0.15
    assert spread[1] > 1.5 * spread[0]
    heart = hearts.person(np.random.default_rng(5))
    atria = ecg.sources(heart, irregular, np.random.default_rng(0))
    assert len(atria["P"]) < 0.1 * len(irregular.time_N)
    assert len(ecg.sources(heart, steady, np.random.default_rng(0))["P"]) == len(steady.time_N)


def width_s(form: hearts.Form) -> float:
    second = np.arange(-0.3, 0.3, 0.001)
    total = np.zeros((3, len(second)))
    for wave in form:
        if wave.part == "QRS":
            spread = np.where(second < wave.centre_s, wave.rise_s, wave.fall_s)
            total += np.outer(wave.dipole, np.exp(-0.5 * ((second - wave.centre_s) / spread) ** 2))
    size = np.linalg.norm(total, axis=0)
    on = second[size > 0.1 * size.max()]
    return float(on[-1] - on[0])


def test_ventricular_beats_are_wide_without_p_and_not_all_alike() -> None:
    people = [hearts.person(np.random.default_rng(seed)) for seed in range(60)]
    sinus = np.array([width_s(p.forms["N"]) for p in people])
    wide = np.array([width_s(p.forms["V0"]) for p in people])
    assert 0.06 < np.median(sinus) < 0.11
    assert 0.11 < np.median(wide) < 0.2
    assert wide.min() < np.percentile(sinus, 95)  # no width tells them apart for sure
    assert all(wave.part != "P" for p in people for wave in p.forms["V0"])
    main = np.array([p.forms["V0"][1].dipole for p in people])
    repolarised = np.array([p.forms["V0"][-1].dipole for p in people])
    assert np.mean(np.sum(main * repolarised, axis=1) < 0) >= 0.9


@pytest.mark.parametrize("symbol", ["L", "R"])
def test_blocks_are_wide(symbol: str) -> None:
    people = [hearts.person(np.random.default_rng(seed)) for seed in range(30)]
    broad = np.median([width_s(p.forms[symbol]) for p in people])
    assert broad > 1.25 * np.median([width_s(p.forms["N"]) for p in people])


def test_limb_leads_follow_einthoven_and_goldberger() -> None:
    heart = hearts.person(np.random.default_rng(2))
    field = dict(
        zip(leads := ("I", "II", "III", "aVR", "aVL", "aVF"), heart.field(leads).T, strict=True)
    )
    np.testing.assert_allclose(field["III"], field["II"] - field["I"])
    np.testing.assert_allclose(field["aVR"] + field["aVL"] + field["aVF"], 0, atol=1e-12)


def test_an_unknown_lead_territory_or_noise_is_named() -> None:
    heart = hearts.person(np.random.default_rng(2))
    with pytest.raises(ValueError, match="no lead field for 'RESP'"):
        heart.field(("RESP",))
    with pytest.raises(ValueError, match="no territory 'septal'"):
        infarction.infarct(heart, "septal", size=1, age=1, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="no noise 'pink'"):
        noise.stress("pink", (2, 100), 360, np.random.default_rng(0))


def level_mv(heart: hearts.Heart, lead: str, second: float) -> float:
    field = heart.field((lead,))[:, 0]
    total = 0.0
    for wave in heart.forms["N"]:
        spread = wave.rise_s if second < wave.centre_s else wave.fall_s
        total += float(np.dot(wave.dipole, field)) * np.exp(
            -0.5 * ((second - wave.centre_s) / spread) ** 2
        )
    return total


def test_a_fresh_anterior_infarct_lifts_st_and_an_old_one_leaves_q() -> None:
    for seed in range(10):
        heart = hearts.person(np.random.default_rng(seed))
        fresh, old = (
            infarction.infarct(heart, "anterior", size=1, age=age, rng=np.random.default_rng(0))
            for age in (0.0, 1.0)
        )
        assert level_mv(fresh, "V3", 0.11) > level_mv(heart, "V3", 0.11) + 0.15
        assert level_mv(old, "V3", -0.028) < level_mv(heart, "V3", -0.028) - 0.15
        assert level_mv(old, "V3", 0.11) == pytest.approx(level_mv(heart, "V3", 0.11), abs=0.1)


def test_reasons_for_admission_have_the_databases_shares_from_the_first_on() -> None:
    reasons = [_ptbdb.reason(f"patient{number}") for number in _ptbdb.PATIENTS]
    whole = Counter(reasons)
    assert len(reasons) == 290
    for reason, number in _ptbdb.REASONS.items():
        assert abs(whole[reason] - number) <= 1
    assert {"Myocardial infarction", "Healthy control"} <= set(reasons[:4])


def test_a_patients_recordings_share_a_heart_and_201_and_202_do_too() -> None:
    one, other = (_ptbdb.patient(s, 0) for s in ("patient001", "patient002"))
    assert one.heart.forms == _ptbdb.patient("patient001", 0).heart.forms
    assert one.heart.forms != other.heart.forms


@pytest.mark.parametrize("ratio_db", [24, 6, -6])
def test_noise_is_added_at_its_ratio_from_the_sixth_minute_on(ratio_db: int) -> None:
    made = _mitdb.recording("118", 0, HALF_HOUR_S / 3)
    beat_A = np.array([mark.sample for mark in made.marks if mark.symbol in "RAV"])
    noise_CT = noise.stress("em", made.signal_CT.shape, 360, np.random.default_rng(0))
    mixed_CT = nstdb.mix(made.signal_CT, noise_CT, beat_A, ratio_db)
    added_CT = mixed_CT - made.signal_CT
    fifth = 100 * 360
    assert not added_CT[:, : fifth - 2].any()
    second_S = added_CT[0, fifth : fifth + 39 * 360].reshape(-1, 360).std(axis=1)
    assert second_S.min() > 0
    quiet_S = added_CT[0, fifth + 41 * 360 : fifth + 79 * 360].reshape(-1, 360).std(axis=1)
    assert quiet_S.max() < 1e-9
    peak = np.median([np.ptp(made.signal_CT[0, at - 18 : at + 19]) for at in beat_A[2:-2]])
    ratio = 10 * np.log10(peak**2 / 8 / np.mean(second_S) ** 2)
    assert ratio == pytest.approx(ratio_db, abs=4)  # this stretch of noise, not all of it


@pytest.mark.parametrize("kind", ["bw", "em", "ma"])
def test_noise_has_the_power_density_it_was_measured_with(kind: str) -> None:
    profile = noise.STRESS[kind][0]
    drawn = noise.coloured(360 * 900, 360, np.random.default_rng(1), profile)
    hz, density = welch(drawn, 360, nperseg=360 * 30)
    for at_hz, level_db in profile[2:-1]:
        near = (hz > at_hz * 0.9) & (hz < at_hz * 1.1 + 0.05)
        assert 10 * np.log10(density[near].mean()) == pytest.approx(level_db, abs=2.5)


def test_mains_hum_is_where_the_country_has_it() -> None:
    much = noise.Level(wander=0.0, muscle=1e-9, mains=0.05, motion=0.0, motions=0.0)
    for mains_hz in (50, 60):
        drawn, spans = noise.disturb(
            (1, 36_000), 360, how_much=much, mains_hz=mains_hz, rng=np.random.default_rng(0)
        )
        hz, density = welch(drawn[0], 360, nperseg=3600)
        assert hz[np.argmax(density)] == pytest.approx(mains_hz, abs=0.3)
        assert spans == []


def test_bigeminy_alternates() -> None:
    elements = order.order(
        Case(counts={"N": 1500, "V": 500}, episodes={"B": (5, 700.0)}),
        HALF_HOUR_S,
        np.random.default_rng(0),
    )
    inside = [e.symbol for e in elements if e.rhythm == "B"]
    assert len(inside) > 200
    assert 0.4 < inside.count("V") / len(inside) < 0.6
