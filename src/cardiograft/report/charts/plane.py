"""A plane of two axes as inline SVG: curves, dots and bands over numbers.

What is drawn lies in a nested SVG that is stretched to the width of the page; text, placed in
per cent, is not stretched. Axis numbers stand in the left padding that the style gives.
Colours come from the page's style by class name, so a chart follows light and dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cardiograft.report import wording

WIDE = 1000  # units across; as many units down as pixels
FOOT = 34  # px below, for the numbers and the name of the axis


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Where numbers lie.

    Attributes
    ----------
    x, y
        What the axes span.
    height
        Of the plane, in pixels.
    top
        Pixels above it.
    right
        Per cent of the width that it spans; labels may stand to the right.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    height: int
    top: int = 8
    right: float = 100.0

    def across(self, value: float) -> float:
        """Return where a number of the horizontal axis lies, a share of the plane."""
        return (value - self.x[0]) / ((self.x[1] - self.x[0]) or 1)

    def down(self, value: float) -> float:
        """Return how many pixels below the plane's top a number of the vertical axis lies."""
        return self.height * (1 - (value - self.y[0]) / ((self.y[1] - self.y[0]) or 1))

    def place(self, value: float) -> str:
        """Return where a number of the horizontal axis lies, for text and circles."""
        return f"{self.right * self.across(value):.2f}%"

    def drawn(self, parts: Sequence[Markup]) -> Markup:
        """Return what is stretched with the plane: `line`, `band` and `dots`."""
        return Markup(
            '<svg class="stretched" x="0" y="{}" width="{:g}%" height="{h}"'
            ' viewBox="0 0 {} {h}" preserveAspectRatio="none">{}</svg>'
        ).format(self.top, self.right, WIDE, Markup("").join(parts), h=self.height)

    def line(self, xs: Sequence[float], ys: Sequence[float], kind: str) -> Markup:
        """Return a curve."""
        return Markup('<polyline class="{}" points="{}"/>').format(kind, self._points(xs, ys))

    def band(
        self, xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], kind: str
    ) -> Markup:
        """Return the area between two curves."""
        there, back = self._points(xs, lows), self._points(xs[::-1], highs[::-1])
        return Markup('<polygon class="{}" points="{} {}"/>').format(kind, there, back)

    def dots(self, xs: Sequence[float], ys: Sequence[float], kind: str) -> Markup:
        """Return many dots as one path."""
        points = self._points(xs, ys).replace(",", " ").split(" ")
        pairs = zip(points[::2], points[1::2], strict=True)
        path = "".join(f"M{x} {y}h0" for x, y in pairs)
        return Markup('<path class="{}" d="{}"/>').format(kind, path)

    def _points(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        pairs = zip(xs, ys, strict=True)
        return " ".join(f"{WIDE * self.across(x):.1f},{self.down(y):.1f}" for x, y in pairs)

    def level(self, y: float, kind: str) -> Markup:
        """Return a horizontal line."""
        return self.line(self.x, (y, y), kind)

    def text(
        self, x: str, y: float, words: str, *, kind: str = "row", anchor: str = "start"
    ) -> Markup:
        """Return text at a place (`place`), its baseline so many pixels below the top."""
        return Markup('<text class="{}" x="{}" y="{:.1f}" text-anchor="{}">{}</text>').format(
            kind, x, self.top + y, anchor, words
        )

    def foot(self, marks: Sequence[float], name: str) -> Markup:
        """Return the horizontal axis: grid, numbers, name."""
        parts = []
        for k, (mark, words) in enumerate(zip(marks, texts(marks), strict=True)):
            last = k == len(marks) - 1 and self.across(mark) > 0.98
            anchor = "start" if self.across(mark) < 0.02 else "end" if last else "middle"
            parts.append(
                self.text(self.place(mark), self.height + 14, words, kind="tick", anchor=anchor)
            )
        middle = self.place(sum(self.x) / 2)
        parts.append(self.text(middle, self.height + 29, name, kind="tick", anchor="middle"))
        return self.uprights(marks) + Markup("").join(parts)

    def uprights(self, marks: Sequence[float]) -> Markup:
        """Return the grid's vertical lines."""
        line = Markup('<line class="grid" x1="{x}" x2="{x}" y1="{}" y2="{}"/>')
        ends = self.top, self.top + self.height
        return Markup("").join(line.format(*ends, x=self.place(mark)) for mark in marks)

    def side(self, marks: Sequence[float]) -> Markup:
        """Return the vertical axis: grid and numbers."""
        parts = []
        for mark, words in zip(marks, texts(marks), strict=True):
            y = self.top + self.down(mark)
            parts.append(
                Markup('<line class="grid" x1="0" x2="{:g}%" y1="{y:.1f}" y2="{y:.1f}"/>').format(
                    self.right, y=y
                )
            )
            parts.append(self.text("-6", y - self.top + 4, words, kind="tick", anchor="end"))
        return Markup("").join(parts)

    def chart(
        self, parts: Sequence[Markup], *, title: str, described: str, kind: str = ""
    ) -> Markup:
        """Return the whole of it."""
        return Markup(
            '<svg class="plane{}" role="img" width="100%" height="{}" aria-label="{}">'
            "<title>{}</title><desc>{}</desc>{}</svg>"
        ).format(
            f" {kind}" if kind else "",
            self.top + self.height + FOOT,
            title,
            title,
            described,
            Markup("").join(parts),
        )


def texts(marks: Sequence[float]) -> list[str]:
    """Return an axis' numbers with as many decimals as set them apart."""
    step = abs(marks[1] - marks[0]) if len(marks) > 1 else 1.0
    digits = len(f"{step:g}".partition(".")[2])
    return [f"{mark + 0.0:.{digits}f}".replace("-", wording.MINUS) for mark in marks]
