"""What the audit says in the end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from libs.cli.auditing.check import SIDES
from libs.cli.auditing.difference import Difference, Findings


@dataclass(frozen=True, slots=True)
class ProjectReport:
    """`notes`: what could not be looked at, and why."""

    project: str
    at: datetime
    findings: Findings
    notes: Sequence[str] = field(default_factory=list)

    @property
    def differences(self) -> int:
        return sum(self.findings.counts.values())


def fields(reports: Sequence[ProjectReport]) -> dict[str, object]:
    """The whole answer for a program."""
    return {
        "ok": not any(report.differences for report in reports),
        "projects": [_project(report) for report in reports],
        "differences": [difference_fields(one) for report in reports for one in report.findings.differences],
    }


def _project(report: ProjectReport) -> dict[str, object]:
    found = report.findings
    return {
        "project": report.project,
        "as_of": report.at.isoformat().replace("+00:00", "Z"),
        "differences": report.differences,
        "checks": check_fields(found),
        "notes": list(report.notes),
    }


def check_fields(found: Findings) -> list[dict[str, object]]:
    """How each check came out, for a program."""
    return [
        {
            "part": check.part.value,
            "check": check.name,
            "compared": compared,
            "differences": found.counts[check],
        }
        for check, compared in found.seen.items()
    ]


def difference_fields(one: Difference) -> dict[str, object]:
    """One difference for a program; the two sides go by their names."""
    mode = {None: None, True: "live", False: "test"}[one.livemode]
    first, second = SIDES[one.check.part]
    return {
        "project": one.project,
        "part": one.check.part.value,
        "check": one.check.name,
        "mode": mode,
        "client": one.client,
        "customer": one.customer,
        "subscription": one.subscription,
        "about": one.about,
        "sides": {first: one.told, second: one.found},
    }


def sentence(one: Difference) -> str:
    """One difference for a person."""
    first, second = SIDES[one.check.part]
    return f"{_where(one)}: {one.about}: {first} says {one.told}, {second} {one.found}"


def _where(one: Difference) -> str:
    named: Iterable[tuple[str, str | None]] = (
        ("client", one.client),
        ("customer", one.customer),
        ("subscription", one.subscription),
    )
    return " ".join((one.project, *(f"{word} {name}" for word, name in named if name)))
