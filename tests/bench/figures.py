"""What a bench says: named figures, each the median of several runs, beside what is aimed at."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """How often each thing is measured; `quick` takes small counts that show only that the bench works."""

    runs: int = 3
    quick: bool = False

    def count(self, full: int, quick: int) -> int:
        """The count for this scale."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity with the value of each run. `aim` says what it should reach."""

    part: str
    name: str
    unit: str
    runs: tuple[float, ...]
    aim: str = ""

    @property
    def median(self) -> float:
        """The value to quote."""
        return statistics.median(self.runs)

    def fields(self) -> dict[str, object]:
        """For a program."""
        return {**asdict(self), "median": self.median}

    def line(self) -> str:
        """For a person."""
        each = " / ".join(map(_shown, self.runs))
        aim = f"   aim {self.aim}" if self.aim else ""
        return f"{self.part:<10}{self.name:<48}{_shown(self.median):>10} {self.unit:<10}({each}){aim}"


Say = Callable[[str], None]


def ratio(part: str, name: str, of: Figure, to: Figure, aim: str) -> Figure:
    """The quotient of two medians."""
    return Figure(part, name, "x", (of.median / to.median,), aim)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all (0 to 1) do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _shown(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
