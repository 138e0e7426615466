"""What each audit found, kept for a year."""

import json
from dataclasses import dataclass
from datetime import datetime

from libs.cli.auditing.report import ProjectReport, check_fields
from libs.cli.servers import Owner
from libs.runtime.audit_log import Store
from libs.runtime.postgres import EVERY_PROJECT

KEEP = """
INSERT INTO audits (project, at, compared, differences, checks, notes)
VALUES ($1, $2, $3, $4, $5::text::jsonb, $6::text::jsonb) ON CONFLICT (project, at) DO NOTHING
"""
FORGET = "DELETE FROM audits WHERE project = $1 AND at < $2::timestamptz - interval '1 year'"
LAST = """
SELECT projects.id AS project, at, compared, differences, checks::text AS checks
FROM projects LEFT JOIN LATERAL (
    SELECT * FROM audits WHERE audits.project = projects.id ORDER BY at DESC LIMIT 1
) AS last ON true ORDER BY projects.id
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One audit of one project. `differing` names the checks that found differences."""

    at: datetime
    compared: int
    differences: int
    differing: tuple[str, ...]


async def keep(connection: Owner, report: ProjectReport) -> None:
    """Store what was found, in a transaction of its own."""
    checks = json.dumps(check_fields(report.findings))
    compared = sum(report.findings.seen.values())
    async with connection.transaction():
        await connection.execute(EVERY_PROJECT)
        told = (report.project, report.at, compared, report.differences, checks, json.dumps(list(report.notes)))
        await connection.execute(KEEP, *told)
        await connection.execute(FORGET, report.project, report.at)


async def last_outcomes(connection: Store) -> dict[str, Outcome | None]:
    """The newest of each project; None where there was never any. In a transaction that sees every project."""
    return {
        row["project"]: None
        if row["at"] is None
        else Outcome(row["at"], row["compared"], row["differences"], _differing(row["checks"]))
        for row in await connection.fetch(LAST)
    }


def _differing(checks: str) -> tuple[str, ...]:
    return tuple(each["check"] for each in json.loads(checks) if each["differences"])
