"""What a scalogram costs beside other programs' wavelet transforms.

Batches of 256 segments of 1,500 samples (5 s at 300 Hz), 84 scales of 12 an octave, one thread.
The others give every sample of the transform, and none of them mirrors a segment's ends; this
project gives every sixth, which is what a picture of 227 columns needs. Each of the others takes
turns with this project's transform, right after one another: a ratio is of such a pair, so that a
busy neighbour slows both alike. In the table: processor time a segment, the least of all rounds,
and the median of the ratios, with the least and the largest. Those of the others that are not
installed (``pip install PyWavelets ssqueezepy fCWT``) are left out with a word.

Then what ssqueezepy says of the same wavelet: the largest difference as a share of the largest
coefficient.
"""

import importlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from cardiograft.models.views import scalogram
from cardiograft.records import Float32, Shape
from cardiograft.training.determinism import deterministic

BATCH, SAMPLES, RATE_HZ = 256, 1500, 300.0
OCTAVES, VOICES, LOWEST_HZ = 7.0, 12, 0.9
ROUNDS = 5
FEWER = 64  # segments of the batch that the others are given


def main() -> None:
    deterministic(torch.device("cpu"))
    signal_NT = np.random.default_rng(0).standard_normal((BATCH, SAMPLES)).astype(np.float32)
    view = scalogram.make(Shape(1, SAMPLES, 0, (2,)), RATE_HZ)
    chunks = torch.from_numpy(signal_NT)[:, None].split(8)
    ways: dict[str, tuple[int, Callable[[], Any]]] = {
        "transform here": (BATCH, lambda: [view.coefficients(chunk) for chunk in chunks]),
        "its absolute values": (BATCH, lambda: [view.magnitudes(chunk) for chunk in chunks]),
        "the whole picture, 227 x 227 x 3": (BATCH, lambda: view(torch.cat(chunks))),
    }
    ways |= {name: (FEWER, way) for name, way in others(signal_NT[:FEWER])}
    (first, (rows, ours)), *rest = ways.items()
    taken_s: dict[str, list[float]] = {name: [] for name in ways}
    ratios: dict[str, list[float]] = {name: [] for name, _ in rest}
    for _ in range(ROUNDS):
        for name, (other_rows, way) in rest:
            taken_s[first].append(timed(ours) / rows)
            taken_s[name].append(timed(way) / other_rows)
            ratios[name].append(taken_s[name][-1] / taken_s[first][-1])
    print(f"torch {torch.__version__}, one thread, {ROUNDS} rounds")
    print(f"{first:<40}{1e3 * min(taken_s[first]):9.3f} ms a segment")
    for name, of_name in ratios.items():
        low, middle, high = np.quantile(of_name, (0, 0.5, 1))
        least = f"{name:<40}{1e3 * min(taken_s[name]):9.3f} ms a segment"
        print(f"{least}{middle:9.1f} x ({low:.1f} to {high:.1f})")
    compare(signal_NT[:4])


def timed(way: Callable[[], Any]) -> float:
    """Return the seconds of processor time of one call."""
    began = time.process_time()
    way()
    return time.process_time() - began


def others(signal_NT: Float32) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield each of the other programs that is installed, and how it is called."""
    hz_R = scalogram.frequencies(LOWEST_HZ, OCTAVES, VOICES)
    if (pywt := installed("pywt")) is not None:
        wavelet = "cmor1.5-1.0"
        scale_R = pywt.frequency2scale(wavelet, hz_R / RATE_HZ)
        for method in ("conv", "fft"):
            yield (
                f"PyWavelets {pywt.__version__}, {method}",
                lambda method=method: pywt.cwt(signal_NT, scale_R, wavelet, method=method),
            )
            yield (
                f"PyWavelets {pywt.__version__}, {method}, one by one",
                lambda method=method: [
                    pywt.cwt(one_T, scale_R, wavelet, method=method) for one_T in signal_NT
                ],
            )
    if (ssq := installed("ssqueezepy")) is not None:
        morse = ssq.Wavelet(("gmw", {"gamma": 3, "beta": 20}))
        scale_R = ssq_scales(hz_R)
        yield (
            f"ssqueezepy {ssq.__version__}",
            lambda: [ssq.cwt(one, morse, scales=scale_R, fs=RATE_HZ) for one in signal_NT],
        )
    if (fcwt := installed("fcwt")) is not None:
        morlet = fcwt.Morlet(2.0)  # which it points to, and does not keep alive
        transform = fcwt.FCWT(morlet, 1, False, False)
        ends_hz = float(hz_R[-1]), float(hz_R[0])
        scales = fcwt.Scales(morlet, fcwt.FCWT_LOGSCALES, int(RATE_HZ), *ends_hz, len(hz_R))
        out_RT = np.zeros((len(hz_R), SAMPLES), np.complex64)

        def each() -> None:
            for one in signal_NT:
                transform.cwt(one, scales, out_RT)

        each.keeps = morlet  # type: ignore[attr-defined]
        yield "fCWT", each


def ssq_scales(hz_R: Any) -> Any:
    """Return scales by the wavelet's peak, (beta / gamma)^(1 / gamma) radians a sample."""
    return (20 / 3) ** (1 / 3) / (2 * np.pi * hz_R / RATE_HZ)


def compare(signal_NT: Float32) -> None:
    """Print how far ssqueezepy's transform of the same, mirrored signal is away."""
    if (ssq := installed("ssqueezepy")) is None:
        return
    view = scalogram.make(Shape(1, SAMPLES, 0, (2,)), RATE_HZ)
    ours_NRM = view.coefficients(torch.from_numpy(signal_NT)[:, None])[:, 0].resolve_conj().numpy()
    half_NT = np.pad(signal_NT, ((0, 0), (0, view.length // 2 + 1 - SAMPLES)), mode="reflect")
    whole_NT = np.concatenate([half_NT, half_NT[:, -2:0:-1]], 1).astype(np.float64)
    morse = ssq.Wavelet(("gmw", {"gamma": 3, "beta": 20, "dtype": "float64"}))
    hz_R = scalogram.frequencies(LOWEST_HZ, OCTAVES, VOICES)
    away = 0.0
    for one_T, ours_RM in zip(whole_NT, ours_NRM, strict=True):
        theirs_RT, _ = ssq.cwt(one_T, morse, scales=ssq_scales(hz_R), padtype=None, l1_norm=True)
        theirs_RM = theirs_RT[:, :SAMPLES][:, :: view.step]
        # Those that reach half the sampling rate see one bin more there.
        within_R = hz_R < RATE_HZ / 4
        error_RM = np.abs(theirs_RM - ours_RM)[within_R]
        away = max(away, float(error_RM.max() / np.abs(theirs_RM[within_R]).max()))
    print(f"away from ssqueezepy's generalised Morse wavelet, below 75 Hz: {away:.1e}")


def installed(name: str) -> Any:
    """Return a program, or say that it is not installed."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        print(f"{name} is left out: {str(error).splitlines()[0]}")
        return None


if __name__ == "__main__":
    main()
