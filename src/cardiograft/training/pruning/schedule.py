"""When a pruning raises its sparsity, and to what.

Source: Zhu & Gupta 2017, arXiv:1710.01878, equation 1.
"""

from cardiograft.specs.prune import Sparsity


def sparsity_at(step: int, spec: Sparsity) -> float:
    """Return the share of zeros after `step` training steps, as if renewed at every step."""
    through = min(max((step - spec.begin) / (spec.end - spec.begin), 0.0), 1.0)
    return spec.final + (spec.initial - spec.final) * (1 - through) ** 3


def due(step: int, spec: Sparsity) -> bool:
    """Whether masks are renewed after `step` steps: every `every` of them, and at the end."""
    if not spec.begin <= step <= spec.end:
        return False
    return (step - spec.begin) % spec.every == 0 or step == spec.end
