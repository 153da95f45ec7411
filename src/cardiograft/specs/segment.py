"""What config may ask of the stage `segment`: shards of fixed-size pieces."""

from typing import Annotated, Literal, Self

from annotated_types import Ge, Le
from pydantic import NonNegativeFloat, PositiveFloat, Strict, model_validator

from cardiograft import plugins
from cardiograft.plugins import Duration
from cardiograft.specs.entry import Count, Cut, Entry, Label, Seed, Several, Some, Word

MOST_SAMPLES = 10**8  # of one segment


class Filter(Entry):
    """Zero-phase Butterworth: high-pass, low-pass or band-pass.

    ``order`` is the order as designed; filtering forward and backward doubles it.
    """

    low_hz: PositiveFloat | None = None
    high_hz: PositiveFloat | None = None
    order: Annotated[int, Ge(1), Le(20)] = 3

    @model_validator(mode="after")
    def _edges(self) -> Self:
        if self.low_hz is None and self.high_hz is None:
            raise ValueError("a filter needs low_hz, high_hz or both")
        if self.low_hz and self.high_hz and self.low_hz >= self.high_hz:
            raise ValueError(f"low_hz {self.low_hz} is not below high_hz {self.high_hz}")
        return self


Scale = Literal["none", "minmax", "minmax_symmetric", "zscore", "median_max"]


class Channels(Entry):
    """Leads that go through one chain.

    Attributes
    ----------
    leads
        One channel each, in this order; ``MLII|V5`` takes the first of them that is there and can
        be used. Values are converted to the units that the data set states.
    filter
        Applied at the source rate, before resampling.
    scale
        ``minmax`` to 0...1, ``minmax_symmetric`` to -1...1, ``zscore``, ``median_max`` =
        (x - median) / max|x - median|, per scaling scope of the cut.
    accept_units
        Units, as the files write them, that no table knows or that can't become the data set's,
        and whose leads are used all the same (an empty text where a file says none). Their values
        stay as they are, so that only a `scale` other than ``none`` makes sense of them. A lead of
        any other such unit is left out by name.
    """

    leads: Some[str]
    filter: Filter | None = None
    scale: Scale = "minmax"
    accept_units: Several[str] = ()

    @model_validator(mode="after")
    def _each_lead_has_a_name(self) -> Self:
        for lead in self.leads:
            if not all(name.strip() for name in lead.split("|")):
                raise ValueError(f"leads: {lead!r} names no lead, or none beside a bar")
        return self

    @model_validator(mode="after")
    def _accepted_units_are_scaled(self) -> Self:
        if self.accept_units and self.scale == "none":
            raise ValueError(
                f"accept_units {list(self.accept_units)} with scale 'none': values of a unit that"
                " is not known can't stand in the data set's; a scale leaves no unit"
            )
        return self


Decibels = Annotated[float, Ge(-60), Le(60)]


class Noise(Entry):
    """Recorded noise and faults that clean recordings are given, one stretch after another.

    Attributes
    ----------
    database
        Entry of `databases` whose recordings are noise (nstdb's ``em``, ``ma`` and ``bw``).
    dataset
        The reader of that database (filled in from it).
    shares
        How often a stretch is of which kind, in any unit: ``clean``, the name of a recording of
        noise, or a fault of `cardiograft.signals.faults`.
    ratios_db
        The least and the largest signal-to-noise ratio of a noisy stretch, as nst measures it.
    stretch_s
        Length of a stretch; as long as the windows that are cut, so that each is of one kind.
    apart
        Each recording is given noise of a piece of its own, which no other one has: no split by
        recordings or people then has one noise on both sides. Otherwise of any place.
    seed
        With a recording's name it alone decides on the recording's noise.
    """

    database: str
    dataset: str
    shares: dict[Word, NonNegativeFloat]
    ratios_db: Annotated[tuple[Decibels, Decibels], Strict(False)]
    stretch_s: Duration = 5.0
    apart: bool = True
    seed: Seed = 0

    @model_validator(mode="after")
    def _draws(self) -> Self:
        if not sum(self.shares.values()):
            raise ValueError("shares: no kind of stretch has a share above 0")
        low_db, high_db = self.ratios_db
        if low_db > high_db:
            raise ValueError(f"ratios_db: {low_db:g} is above {high_db:g}")
        return self


class Segment(Entry):
    """One way to cut one database.

    Attributes
    ----------
    database
        Entry of `databases`.
    dataset
        The reader of that database (filled in from it).
    signal, target
        What goes into a network and, where it translates, what comes out.
    rate_hz
        Rate of the shards; every filter edge lies below half of it and of the source rate.
    bridge_ms
        The longest gap of a lead, missing samples in a row, that a straight line fills;
        segments that touch a longer one are dropped.
    noise
        What the leads of the signal are given before anything else is done to them.
    parts
        Number of shard files; a subject is in one of them, by the hash of its name.
    """

    database: str
    dataset: str
    signal: Channels
    target: Channels | None = None
    rate_hz: Annotated[float, Ge(0.1), Le(1_000_000)]
    # ASSUME a line may fill 20 ms, a quarter of the shortest QRS
    bridge_ms: NonNegativeFloat = 20.0
    cut: Cut
    label: Label | None = None
    noise: Noise | None = None
    parts: Count = 8

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases that it reads: of the recordings, and of the noise they are given."""
        return (self.database, *([self.noise.database] if self.noise else []))

    @model_validator(mode="after")
    def _below_nyquist(self) -> Self:
        for name in ("signal", "target"):
            channels = getattr(self, name)
            if channels and channels.filter:
                for edge in ("low_hz", "high_hz"):
                    value = getattr(channels.filter, edge)
                    if value is not None and value >= self.rate_hz / 2:
                        raise ValueError(
                            f"{name}.filter.{edge} {value:g} is not below half of"
                            f" rate_hz {self.rate_hz:g}"
                        )
        return self

    @model_validator(mode="after")
    def _holds_samples(self) -> Self:
        for name, value in self.cut.options.items():
            if not name.endswith("_s") or not value:
                continue
            samples = value * self.rate_hz
            if not 1 <= samples <= MOST_SAMPLES:
                raise ValueError(
                    f"cut.{name} {value:g} is {samples:g} samples at rate_hz {self.rate_hz:g}:"
                    f" accepted are 1 to {MOST_SAMPLES}"
                )
        return self

    @model_validator(mode="after")
    def _label_fits_cut(self) -> Self:
        if self.label is None:
            return self
        self._check_noise(self.label.name)
        kind = plugins.constants("labels", self.label.name)["KIND"]
        allowed = plugins.constants("cuts", self.cut.name)["LABELS"]
        if kind not in allowed:
            raise ValueError(
                f"label {self.label.name!r} is of each {kind}, but cut {self.cut.name!r} takes"
                f" labels of each {' or '.join(allowed)}"
            )
        if kind == "beat" and self.cut.options.get("peaks") == "detected":
            raise ValueError(
                f"label {self.label.name!r} is of annotated beats, but cut"
                f" {self.cut.name!r} has peaks 'detected'"
            )
        return self

    def _check_noise(self, label: str) -> None:
        needed = plugins.constants("labels", label).get("OF_NOISE", False)
        if needed and self.noise is None:
            raise ValueError(f"label {label!r} is of noise that is added: the entry has no 'noise'")
