"""The graph of a run's stages as inline SVG.

Laid by hand: a dozen boxes whose places never change are read faster than a layout that a program
computes anew for each config, and Graphviz is no library that pip installs whole.
"""

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

Edge = tuple[str, str]
# Row, and the middle of the box in per cent of the width.
PLACES: Mapping[str, tuple[int, float]] = {
    "download": (0, 50.0),
    "segment": (1, 50.0),
    "quality_gate": (2, 14.0),
    "split": (2, 50.0),
    "pretrain": (3, 24.0),
    "outside": (3, 50.0),
    "prune": (4, 12.0),
    "transfer": (4, 38.0),
    "audit": (4, 87.0),
    "predict": (5, 24.0),
    "cost": (5, 50.0),
    "baseline": (5, 87.0),
    "export": (6, 12.0),
    "score": (6, 76.0),
    "tabulate": (7, 50.0),
    "report": (8, 50.0),
}
HALF = 10.5  # per cent, of a box's width
BOX, ROW = 50, 76  # px


def chart(jobs: Mapping[str, Sequence[str]], edges: Iterable[Edge], *, title: str) -> Markup:
    """Return a box a stage and an arrow wherever results go straight from one to the next.

    Parameters
    ----------
    jobs
        Stage to the lines below its name.
    edges
        Pairs of stages. An arrow that others imply is left out.
    """
    known = sorted({(a, b) for a, b in edges if a in jobs and b in jobs and a != b})
    down = [(a, b) for a, b in known if PLACES[a][0] < PLACES[b][0]]
    beside = [(a, b) for a, b in known if PLACES[a][0] == PLACES[b][0]]
    used = sorted({PLACES[stage][0] for stage in jobs})
    top = {row: ROW * k + 2 for k, row in enumerate(used)}
    arrows = [_down(a, b, top) for a, b in direct(down)] + [_beside(a, b, top) for a, b in beside]
    boxes = [_box(stage, lines, top) for stage, lines in jobs.items()]
    described = "; ".join(
        f"{stage}: {', '.join(lines)}; goes to {', '.join(b for a, b in known if a == stage)}"
        if any(a == stage for a, _ in known)
        else f"{stage}: {', '.join(lines)}"
        for stage, lines in jobs.items()
    )
    head = Markup(
        '<svg class="stages" role="img" width="100%" height="{}" aria-label="{}">'
        "<title>{}</title><desc>{}</desc>"
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8"'
        ' markerHeight="8" orient="auto"><path d="M0 0.5L8 4L0 7.5z"/></marker></defs>'
    ).format(ROW * len(used) - ROW + BOX + 4, title, title, described)
    return head + Markup("").join([*arrows, *boxes]) + Markup("</svg>")


def direct(edges: Sequence[Edge]) -> list[Edge]:
    """Return the edges of a graph without a cycle that no path of others implies."""
    after: dict[str, set[str]] = {}
    for a, b in edges:
        after.setdefault(a, set()).add(b)

    def reached(stage: str) -> set[str]:
        return {stage}.union(*(reached(b) for b in after.get(stage, ())))

    return [(a, b) for a, b in edges if not any(b in reached(other) for other in after[a] - {b})]


def _down(a: str, b: str, top: Mapping[int, int]) -> Markup:
    (row_a, x_a), (row_b, x_b) = PLACES[a], PLACES[b]
    return _arrow(x_a, top[row_a] + BOX, x_b, top[row_b])


def _beside(a: str, b: str, top: Mapping[int, int]) -> Markup:
    """Return an arrow within a row; one there and one back lie one above the other."""
    (row, x_a), (_, x_b) = PLACES[a], PLACES[b]
    side = HALF if x_a < x_b else -HALF
    return _arrow(x_a + side, y := top[row] + BOX // 2 + (-6 if side > 0 else 6), x_b - side, y)


def _arrow(x1: float, y1: int, x2: float, y2: int) -> Markup:
    return Markup(
        '<line class="arrow" x1="{}%" y1="{}" x2="{}%" y2="{}" marker-end="url(#arrow)"/>'
    ).format(x1, y1, x2, y2)


def _box(stage: str, lines: Sequence[str], top: Mapping[int, int]) -> Markup:
    row, x = PLACES[stage]
    rect = Markup('<rect x="{}%" y="{}" width="{}%" height="{}" rx="5"/>').format(
        x - HALF, top[row], 2 * HALF, BOX
    )
    words = [(stage, "row"), *((line, "tick") for line in lines)]
    texts = [
        Markup('<text class="{}" x="{}%" y="{}" text-anchor="middle">{}</text>').format(
            kind, x, top[row] + 16 + 14 * k, text
        )
        for k, (text, kind) in enumerate(words)
    ]
    return rect + Markup("").join(texts)
