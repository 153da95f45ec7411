"""Whether pruned models became smaller, and faster: sentences below the table of costs."""

from collections.abc import Sequence

from cardiograft.report import wording
from cardiograft.tables import pruning
from cardiograft.tables.costs import LATENCY
from cardiograft.tables.pruning import Costs

MANY = 2
WHAT = {"magnitude": "zeros among the weights", "structured": "channels taken out"}
PAYS = {
    (True, True): "so it pays in bytes and in time",
    (True, False): "so it pays in bytes and not in time",
    (False, True): "so it pays in time and not in bytes",
    (False, False): "so it pays in neither",
}


def sentences(costs: Sequence[Costs]) -> list[str]:
    """Return sentences on whether pruned entries became smaller, and faster.

    One for each; of many of a kind how many did, and one for the smallest or sparsest.

    Parameters
    ----------
    costs
        Rows of ``costs.csv``, or cards as `cardiograft.tables.costs.read` gives them.
    """
    about = []
    for kind, what in WHAT.items():
        pairs = pruning.pruned_pairs(costs, kind)
        if len(pairs) > MANY:
            small = sum(pruning.smaller(entry, source) for entry, source in pairs)
            fast = sum(pruning.faster(entry) for entry, _ in pairs)
            about.append(
                f"Of {len(pairs)} entries with {what}, {small} have a smaller file than what they"
                f" were pruned from, and {fast} are faster."
            )
            pairs = [pruning.sparsest(pairs)]
        about += [_sentence(entry, source) for entry, source in pairs]
    return about


def _sentence(entry: Costs, source: Costs) -> str:
    smaller, faster = pruning.smaller(entry, source), pruning.faster(entry)
    size = "smaller" if smaller else "no smaller"
    slower = "slower" if pruning.slower(entry) else "no faster and no slower"
    zeros = wording.number(entry["kernel_sparsity"], percent=True)
    own, before = (wording.count(one["file_bytes"]) for one in (entry, source))
    return (
        f"{entry['entry']}, with {WHAT[entry['pruning']]} ({zeros} of its kernels are zeros):"
        f" {own} bytes where {source['entry']} has {before}, {size}; {_time(entry)} ms a window"
        f" where that takes {_time(entry, 'source_')} in turn with it,"
        f" {'faster' if faster else slower}: {PAYS[smaller, faster]}."
    )


def _time(entry: Costs, whose: str = "") -> str:
    """Return a median and its quartiles."""
    middle, low, high = (entry[whose + key] for key in LATENCY)
    if wording.absent(middle):
        return wording.DASH
    return f"{wording.number(middle, digits=2)} {wording.interval(low, high, digits=2)}".strip()
