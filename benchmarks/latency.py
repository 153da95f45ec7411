"""How long one segment takes the networks of pictures, beside one another.

Batch 1, one thread, full precision: 20 passes to warm up, then 50, the networks in turn; processor
time, the median and its quartiles, as on every network's card (`cardiograft.training.latency`).
First of a picture as it is, then of a segment of 5 s at 300 Hz whose scalogram is made of it.
"""

import torch

from cardiograft.checkpoints.network import View, build
from cardiograft.records import Shape
from cardiograft.training.determinism import deterministic
from cardiograft.training.latency import latency

PICTURE = Shape(3, 227, 0, (2,), 227)
SEGMENT = Shape(1, 1500, 0, (2,))


def main() -> None:
    device = torch.device("cpu")
    deterministic(device)
    view = View("scalogram", {"height": 227, "width": 227}, 300.0)
    for title, shape, behind in (("a picture", PICTURE, None), ("a segment", SEGMENT, view)):
        small, large = (build(name, {}, shape, behind) for name in ("light_cnn", "googlenet"))
        taken = latency(small, shape, device, source=large)
        for name, key in (("light_cnn", ""), ("googlenet", "source_")):
            low, middle, high = (taken[f"{key}latency_{q}ms"] for q in ("low_", "", "high_"))
            print(f"{title:<12}{name:<12}{middle:9.2f} ms ({low:.2f} to {high:.2f})")
        ratio = taken["source_latency_ms"] / taken["latency_ms"]
        print(f"{title:<12}{'ratio':<12}{ratio:9.1f} x")


if __name__ == "__main__":
    main()
