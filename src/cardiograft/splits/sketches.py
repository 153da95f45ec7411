"""Which segments can be nearly the same: a bound in a few dimensions, looked up in a k-d tree.

Let two segments correlate by r over the samples that they share at a lag. Then the one is a
multiple of the other and a constant, but for a rest whose norm is at most ``sqrt(1 - r^2)`` of its
own (Pythagoras; Agrawal, Faloutsos & Swami 1993 for the use of it). What an orthonormal projection
that takes no constants sees of the rest is no longer than that. So the angle between both
segments' projections, whatever their signs, has a sine of at most that, divided by the length of
the projection. A segment's sketch is the direction of its projection on the main components of the
others, over samples that any two segments share at any lag; the others within the angle are looked
up. No pair that correlates so much lies outside: what is left out needs no comparison.

Segments are looked up among those of nearly their own length (`groups`).

Legend: N segments, C channels, T samples, Q segments queried, K directions of a sketch, S ways to
look a segment up (lags, times two signs), P pairs.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from cardiograft.records import Float32, Float64, Int64

DIRECTIONS = 16
SAMPLE = 512  # segments whose main components are taken
BLOCK = 4096  # segments projected at a time
COUNTED = 1 << 16  # segments that a crowd is counted among: beyond, every second, third, ...
ROUNDING = 1e-5  # of a correlation, a projection and an angle, in float32
Mask = npt.NDArray[np.bool_]


def groups(
    valid_Q: Int64, valid_N: Int64, *, common: float, lags: int
) -> Iterator[tuple[Int64, Int64, int]]:
    """Yield places of segments queried, places of all others that they may share enough with.

    And up to which sample, counted in the others, any two of them have all samples.

    Parameters
    ----------
    common
        Share of the longer segment's samples that two must have in common.
    """
    longest = max(valid_Q.max(initial=1), valid_N.max(initial=1))
    step_Q, step_N = (
        np.floor(np.log(np.maximum(v, 1) / longest) / np.log(common) + 1e-9).astype(np.int64)
        for v in (valid_Q, valid_N)
    )
    for step in np.unique(step_N):
        # lengths in a ratio of `common` or more are at most one step apart
        near_Q = np.flatnonzero(np.abs(step_Q - step) <= 1)
        at_N = np.flatnonzero(step_N == step)
        if len(near_Q):
            stop = min(int(valid_Q[near_Q].min()) - lags, int(valid_N[at_N].min()))
            yield near_Q, at_N, max(stop, 0)


class Sketches:
    """Sketches of segments, to look others up among.

    Parameters
    ----------
    signal_NCT : float32
        Segments, each channel of unit norm.
    at_N
        Rows of those that are looked up.
    lags, stop
        Samples from `lags` to `stop` of them are compared, with those up to `lags` samples
        earlier or later of a segment queried.
    correlation
        Mean over channels, of the sizes, that a pair must exceed.
    """

    def __init__(
        self, signal_NCT: Float32, at_N: Int64, *, lags: int, stop: int, correlation: float
    ) -> None:
        self._signal_NCT, self._lags, self._stop = signal_NCT, lags, max(stop, lags)
        self._channel, self._basis_KT = self._main(at_N)
        # a mean over channels above a threshold leaves each of them above this
        needed = 1 - signal_NCT.shape[1] * (1 - correlation) - ROUNDING
        self._rest = float(np.sqrt(1 - max(needed, 0.0) ** 2))
        direction_NK = np.empty((len(at_N), len(self._basis_KT)))
        for first in range(0, len(at_N), BLOCK):
            some = slice(first, first + BLOCK)
            direction_NK[some], _ = self._directions(at_N[some], 0)
        self._tree = cKDTree(direction_NK, balanced_tree=False)
        # a count takes as long as what it counts: of a large crowd a share tells as much
        self._each = max(1, -(-len(at_N) // COUNTED))
        self._counted = self._tree
        if self._each > 1:
            self._counted = cKDTree(direction_NK[:: self._each], balanced_tree=False)

    def look_up(self, row_Q: Int64) -> tuple[Float64, Float64]:
        """Return where to look segments up, shape (Q, S, K), and how far, (Q, S).

        A distance of infinity says that any other may be nearly the same, for all that the
        sketch tells.
        """
        points, radii = [], []
        for lag in range(-self._lags, self._lags + 1):
            point_QK, length_Q = self._directions(row_Q, lag)
            bound_Q = np.divide(
                self._rest, length_Q, out=np.full_like(length_Q, np.inf), where=length_Q > 0
            )
            # so short that its channel may count as flat
            known_Q = (bound_Q < 1) & (length_Q > 2e-3)
            angle_Q = np.arcsin(np.minimum(bound_Q, 1))
            radius_Q = np.where(known_Q, 2 * np.sin(angle_Q / 2) + ROUNDING, np.inf)
            points += [point_QK, -point_QK]
            radii += [radius_Q, radius_Q]
        return np.stack(points, axis=1), np.stack(radii, axis=1)

    def count(self, point_QSK: Float64, radius_QS: Float64) -> Int64:
        """Return how many lie within the distances; each counts once for each way, shape (Q,).

        Of more than `COUNTED` segments it is an estimate, by every second, third and so on.
        """
        number_QS = self._counted.query_ball_point(point_QSK, radius_QS, return_length=True)
        return np.asarray(self._each * number_QS.sum(axis=1), dtype=np.int64)

    def within(self, point_QSK: Float64, radius_QS: Float64) -> tuple[Int64, Int64]:
        """Return the pairs within the distances: places of the queried, of the others, (P,)."""
        places_QS = self._tree.query_ball_point(point_QSK, radius_QS)
        lists = places_QS.reshape(-1)
        size_A = np.fromiter(map(len, lists), np.int64, len(lists))
        other_P = np.fromiter((u for one in lists for u in one), np.int64, int(size_A.sum()))
        query_P = np.repeat(np.arange(len(lists)) // places_QS.shape[1], size_A)
        return self._once(query_P, other_P)

    def nearest(self, point_QSK: Float64, radius_QS: Float64, number: int) -> tuple[Int64, Int64]:
        """Return the pairs of each queried with the so many nearest, within the distances."""
        number = min(number, self._tree.n)
        distance_QSX, other_QSX = self._tree.query(point_QSK, k=np.arange(1, number + 1))
        query_P, way_P, near_P = np.nonzero(distance_QSX <= radius_QS[:, :, None])
        return self._once(query_P, other_QSX[query_P, way_P, near_P])

    def _once(self, query_P: Int64, other_P: Int64) -> tuple[Int64, Int64]:
        query_P, other_P = np.divmod(np.unique(query_P * self._tree.n + other_P), self._tree.n)
        return query_P, other_P

    def _directions(self, row_N: Int64, lag: int) -> tuple[Float64, Float64]:
        """Return the projections' directions, shape (N, K), and lengths."""
        inside = slice(self._lags + lag, self._stop + lag)
        part_NK = self._signal_NCT[row_N, self._channel, inside] @ self._basis_KT.T
        length_N = np.linalg.norm(part_NK, axis=1).astype(np.float64)
        return part_NK / np.where(length_N > 0, length_N, 1)[:, None], length_N

    def _main(self, at_N: Int64) -> tuple[int, Float32]:
        """Return the channel that a sketch tells most of, and its main components."""
        some_N = at_N[:: -(-len(at_N) // SAMPLE)]
        best = (-1.0, 0, np.empty((0, self._stop - self._lags), np.float32))
        for channel in range(self._signal_NCT.shape[1]):
            part_NT = self._signal_NCT[some_N, channel, self._lags : self._stop]
            part_NT = part_NT.astype(np.float64)
            if part_NT.shape[1] < 2:
                continue
            part_NT -= part_NT.mean(axis=1, keepdims=True)
            _, _, basis_KT = np.linalg.svd(part_NT, full_matrices=False)
            # a component of nothing may hold a constant
            among_KT = np.concatenate([np.ones((1, part_NT.shape[1])), basis_KT[:DIRECTIONS]])
            basis_KT = np.linalg.qr(among_KT.T)[0].T[1:]
            explained = float(np.median(((part_NT @ basis_KT.T) ** 2).sum(axis=1)))
            if explained > best[0]:
                best = explained, channel, basis_KT.astype(np.float32)
        return best[1], best[2]
