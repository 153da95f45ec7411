"""Shards of one simulated lead of 20 s: what a task is told of them before it sees a segment."""

from cardiograft.segments import shards

RATE_HZ, SECONDS = 125.0, 20
SAMPLES = int(RATE_HZ * SECONDS)
META = shards.Meta(
    spec={},
    manifest_digest="0",
    simulated=True,
    rate_hz=RATE_HZ,
    channels=("II",),
    samples=SAMPLES,
    features=(),
)
