"""Views against their definitions, computed in another way."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal as scipy_signal

from cardiograft.models.views import _picture, scalogram, spectrogram
from cardiograft.models.views._picture import PictureLayer
from cardiograft.records import Shape

# What float32 loses on the way, as a share of a wavelet's largest coefficient.
TOLERANCE = 2e-6
SHORT = 300
VIEWS = [
    pytest.param(module.make(Shape(2, SHORT, 0, (2,)), 250.0, height=32, width=32), id=name)
    for name, module in {"scalogram": scalogram, "spectrogram": spectrogram}.items()
]


def noise(samples: int, rows: int = 3) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((rows, 1, samples))


def transformed(one_T: np.ndarray, rate_hz: float, hz: float, length: int) -> np.ndarray:
    """Return a Morse transform at every sample, in float64, from the wavelet's formula."""
    gamma, beta = 3.0, 20.0
    half = np.pad(one_T, (0, length // 2 + 1 - len(one_T)), mode="reflect")
    whole_N = np.concatenate([half, half[-2:0:-1]])
    assert len(whole_N) == length
    turn = np.fft.fftfreq(length, 1 / rate_hz)
    omega = np.maximum(turn, 0) / hz * (beta / gamma) ** (1 / gamma)
    height = 2 * (np.e * gamma / beta) ** (beta / gamma)
    wavelet_N = height * omega**beta * np.exp(-(omega**gamma))
    return np.fft.ifft(np.fft.fft(whole_N) * wavelet_N)[: len(one_T)]


@pytest.mark.parametrize(
    ("samples", "rate_hz", "width"), [(1500, 300.0, 227), (1250, 250.0, 224), (901, 250.0, 64)]
)
def test_a_scalogram_is_the_transform_at_every_nth_sample(
    samples: int, rate_hz: float, width: int
) -> None:
    signal_BCT = noise(samples)
    view = scalogram.make(Shape(1, samples, 0, (2,)), rate_hz, width=width)
    got_BCRM = view.coefficients(torch.from_numpy(signal_BCT).float()).resolve_conj().numpy()
    hz_R = 0.9 * 2 ** (np.arange(84)[::-1] / 12)
    assert got_BCRM.shape == (3, 1, 84, -(-samples // view.step))
    for row in range(0, 84, 7):
        for one in range(3):
            wanted_T = transformed(signal_BCT[one, 0], rate_hz, hz_R[row], view.length)
            wanted_M = wanted_T[:: view.step]
            error = np.abs(got_BCRM[one, 0, row] - wanted_M).max() / np.abs(wanted_M).max()
            assert error < TOLERANCE, (row, error)


def test_a_sine_is_as_high_as_its_amplitude_at_its_own_frequency() -> None:
    shape, hz = Shape(1, 1500, 0, (2,)), 0.9 * 2 ** (40 / 12)
    wave_T = torch.cos(2 * torch.pi * hz * torch.arange(1500) / 300.0)
    magnitude_RM = scalogram.make(shape, 300.0).magnitudes(3.0 * wave_T[None, None])[0, 0]
    middle_R = magnitude_RM[:, 100:150].mean(1)
    assert int(middle_R.argmax()) == 83 - 40
    assert float(middle_R.max()) == pytest.approx(3.0, rel=1e-3)


def test_a_wavelet_has_its_peak_and_its_width() -> None:
    around = np.linspace(0.5, 1.5, 100001)
    value = scalogram.morse(around, gamma=3.0, time_bandwidth=60.0)
    assert value.max() == pytest.approx(2.0, abs=1e-9)
    assert around[value.argmax()] == pytest.approx(1.0, abs=1e-4)
    # Near its peak it is a bell whose curvature is gamma times beta, the time-bandwidth.
    curve = -np.gradient(np.gradient(np.log(value), around), around)
    assert curve[50000] == pytest.approx(60.0, rel=1e-3)
    assert not scalogram.morse(np.array([-1.0, 0.0]), gamma=3.0, time_bandwidth=60.0).any()


def test_a_spectrogram_is_scipys() -> None:
    signal_BCT = noise(2048)
    view = spectrogram.make(Shape(1, 2048, 0, (2,)), 250.0)
    got_RM = view.magnitudes(torch.from_numpy(signal_BCT).float())[1, 0].numpy()[::-1]
    half = view.window // 2
    whole = np.pad(signal_BCT[1, 0], half, mode="reflect")
    window = scipy_signal.get_window("hann", view.window)
    turns, _, spectrum = scipy_signal.stft(
        whole, 250.0, window, view.window, view.window - view.step, boundary=None, padded=False
    )
    power_RM = np.abs(spectrum[turns <= 60.0]) ** 2
    wanted_RM = np.maximum(10 * np.log10(power_RM / power_RM.max()) + 60.0, 0)
    assert got_RM.shape == wanted_RM.shape
    np.testing.assert_allclose(got_RM, wanted_RM, atol=2e-3)


def test_jet_goes_from_blue_through_green_to_red() -> None:
    value = torch.tensor([0.0, 0.125, 0.375, 0.5, 0.625, 0.875, 1.0])[None, None, None]
    red, green, blue = _picture.jet(value)[0, :, 0].tolist()
    assert red == [0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 0.5]
    assert green == [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    assert blue == [0.5, 1.0, 1.0, 0.5, 0.0, 0.0, 0.0]


def test_grey_is_the_same_picture_before_it_is_coloured() -> None:
    """As large as what was computed: nothing is interpolated."""
    size = {"height": 84, "width": 250}
    shape, signal_BCT = Shape(2, 1250, 0, (2,)), torch.from_numpy(noise(2500)).reshape(3, 2, 1250)
    grey = scalogram.make(shape, 250.0, colours="grey", **size)
    assert grey.picture.channels == 2
    value_BKHW = grey(signal_BCT)
    assert value_BKHW.amax((2, 3)).tolist() == [[1.0, 1.0]] * 3
    coloured = scalogram.make(shape, 250.0, **size)(signal_BCT)
    torch.testing.assert_close(coloured, _picture.jet(value_BKHW), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "rate_hz", "options", "message"),
    [
        ("scalogram", 125.0, {}, "scalogram: 7 octaves from 0.9 Hz reach 108.7 Hz, not below half"),
        ("spectrogram", 100.0, {}, "highest_hz 60 is above half of the 100 Hz"),
        ("spectrogram", 250.0, {"window_s": 9.0}, "window_s 9 is 2250 samples, of segments of"),
        ("spectrogram", 250.0, {"window_s": 0.001}, "is 0 samples"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    name: str, rate_hz: float, options: dict[str, float], message: str
) -> None:
    make = {"scalogram": scalogram, "spectrogram": spectrogram}[name].make
    with pytest.raises(ValueError, match=re.escape(message)):
        make(Shape(1, 1250, 0, (2,)), rate_hz, **options)


@st.composite
def finite_signals(draw: st.DrawFn) -> torch.Tensor:
    """Two leads of any finite float32, each of its own size, zeros and single samples too."""
    finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
    leads = []
    for _ in range(2):
        shape_T = noise(SHORT, 1)[0, 0] if draw(st.booleans()) else np.zeros(SHORT)
        lead_T = (shape_T / max(np.abs(shape_T).max(), 1.0) * draw(finite)).astype(np.float32)
        for place, value in draw(
            st.dictionaries(st.integers(0, SHORT - 1), finite, max_size=4)
        ).items():
            lead_T[place] = value
        leads.append(lead_T)
    return torch.from_numpy(np.stack(leads)[None])


@pytest.mark.parametrize("view", VIEWS)
@given(signal_BCT=finite_signals())
@settings(max_examples=60, deadline=None)
def test_a_picture_of_any_finite_signal_is_finite(
    view: PictureLayer, signal_BCT: torch.Tensor
) -> None:
    """Squares of 1e20 leave float32: the picture was NaN."""
    assert signal_BCT.isfinite().all()
    picture_BKHW = view(signal_BCT)
    assert picture_BKHW.isfinite().all()
    assert float(picture_BKHW.min()) >= 0
    assert float(picture_BKHW.max()) <= 1


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6, 1e13])
def test_an_ordinary_signal_is_shown_as_it_is_to_the_bit(size: float) -> None:
    """Shipped networks learned from these pictures."""
    signal_BCT = torch.from_numpy(noise(SHORT, 4)).float().reshape(2, 2, SHORT) * size
    assert _picture.held(signal_BCT).equal(signal_BCT)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", [1e19, 1e30, 1e38])
def test_a_picture_hangs_on_a_signals_shape_alone(view: PictureLayer, size: float) -> None:
    signal_BCT = torch.from_numpy(noise(SHORT, 4)).float().reshape(2, 2, SHORT)
    signal_BCT /= signal_BCT.abs().max()
    large_BCT = signal_BCT.clone()
    large_BCT[:, 0] *= size  # the other lead stays as it is, to the bit
    got, wanted = view(large_BCT), view(signal_BCT)
    torch.testing.assert_close(got, wanted, rtol=0, atol=2e-4)
    half = got.shape[1] // 2
    assert got[:, half:].equal(wanted[:, half:])
