"""What a kind of fault came to: how often it was tried, and what went wrong."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Count:
    """One row of the table.

    Attributes
    ----------
    fault
        What was done, to what.
    seen
        How often each of the allowed ends came about: ``detected``, ``harmless``, ``resumed`` ...
    failures
        One line for each that ended otherwise.
    """

    fault: str
    seen: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic, repr=False)
    took_s: float = 0.0

    def add(self, end: str, failure: str | None = None) -> None:
        """Count one try: its end, or what was wrong with it."""
        if failure is None:
            self.seen[end] += 1
        else:
            self.failures.append(failure)
        self.took_s = time.monotonic() - self.began

    @property
    def tried(self) -> int:
        return self.seen.total() + len(self.failures)


def table(counts: Iterable[Count]) -> str:
    """Return the rows as text, and the failures below them."""
    rows = [("fault", "tried", "ended well", "failures", "s")]
    failures = []
    for count in counts:
        ends = ", ".join(f"{name} {n}" for name, n in sorted(count.seen.items()))
        bad, took = str(len(count.failures)), f"{count.took_s:.0f}"
        rows.append((count.fault, str(count.tried), ends, bad, took))
        failures += [f"{count.fault}: {line}" for line in count.failures]
    width = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, width, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * w for w in width))
    return "\n".join([*(line.rstrip() for line in lines), "", *failures]).rstrip()
