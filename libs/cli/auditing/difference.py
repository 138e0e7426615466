"""A difference between two sides, and what is found over one project."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from libs.cli.auditing.check import Check

Name = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """`told` is what the first side says of `about`, `found` what the second does. What it is not about is None."""

    project: str
    check: Check
    livemode: bool | None
    client: str | None
    customer: str | None
    subscription: str | None
    about: str
    told: str | None
    found: str | None

    @property
    def name(self) -> Name:
        """The same for the same difference at another look, whatever the sides say then."""
        return tuple(
            map(str, (self.check.name, self.livemode, self.client, self.customer, self.subscription, self.about))
        )


@dataclass(slots=True)
class Findings:
    """By check: how many were compared, how many differ, and the first of those that do. `unsure`: subscriptions that
    changed twice within a second, which nobody can tell apart."""

    seen: dict[Check, int] = field(default_factory=dict)
    counts: dict[Check, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    unsure: int = 0

    def confirmed(self, again: "Findings") -> "Findings":
        """What is still so at another look; counted as it is then."""
        still = {one.name for one in again.differences}
        found = [one for one in self.differences if one.name in still]
        named = {one.check for one in found}
        counts: Mapping[Check, int] = {
            check: min(count, again.counts.get(check, 0)) for check, count in self.counts.items()
        }
        kept = {check: counts[check] if check in named else 0 for check in counts}
        return Findings(self.seen, kept, found, self.unsure)
