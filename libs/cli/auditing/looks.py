"""Looks at one project: all checks at one instant, and once more at what may only have been on its way."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from libs.cli.auditing.check import Check, Part
from libs.cli.auditing.difference import Difference, Findings
from libs.cli.auditing.ledger_checks import LEDGER, WORTH
from libs.cli.auditing.mrr_checks import MRR
from libs.cli.auditing.scripts import script
from libs.cli.auditing.session import instant
from libs.cli.auditing.terms import Asked, Terms, ask, terms_of
from libs.cli.servers import Owner

SCRIPTS = {Part.LEDGER: ("ledger",), Part.MODEL: ("model",), Part.MRR: ("objects", "prices", "mrr")}
# Of one check: whoever has more differences needs no list.
MOST_LISTED = 1000
# The mrr service and the read model follow each other within moments. What differs is looked at again first after so
# long, then after twice as long, and so on.
AGAIN_AFTER_SECONDS = 0.5
LIMITED = "SELECT *, count(*) OVER () AS in_all FROM ({query}) AS differing LIMIT $1"
CONCERNED = """
SELECT DISTINCT client FROM customers WHERE project = $1 AND customer = ANY($2::text[]) AND client IS NOT NULL
"""
UNSURE = "SELECT count(*) FROM audit_subscriptions WHERE NOT is_sure"
MEMBERS = "SELECT customer FROM customers WHERE project = $1 AND client = ANY($2::text[])"


@dataclass(frozen=True, slots=True)
class Look:
    """What is compared of a project: `at` None means now. `patience`: for how many seconds what differs may only be on
    its way."""

    project: str
    checks: Sequence[Check]
    at: datetime | None = None
    topics_are_cut: bool = False
    patience: float = 15.0

    def waits(self) -> Iterator[float]:
        """How long to wait before each further look."""
        left, wait = self.patience, AGAIN_AFTER_SECONDS
        while left > 0:
            yield min(wait, left)
            left, wait = left - wait, 2 * wait


def checks_of(terms: Terms) -> tuple[Check, ...]:
    """What PostgreSQL alone can tell of a project that counts so."""
    if terms.rebuilding:
        return MRR
    follows = terms.ledger_follows
    return (*(check for check in LEDGER if follows or check.differences is not WORTH), *MRR)


async def looked(connection: Owner, look: Look, asked: Asked, terms: Terms) -> Findings:
    """All that differs, within a transaction that has begun."""
    await ask(connection, asked, terms.policy)
    await connection.execute(script("words"))
    parts = tuple(dict.fromkeys(check.part for check in look.checks))
    for part in parts:
        for name in SCRIPTS[part]:
            await connection.execute(script(name))
    findings = Findings(unsure=await connection.fetchval(UNSURE) if Part.MRR in parts else 0)
    for check in look.checks:
        rows = await connection.fetch(LIMITED.format(query=check.differences), MOST_LISTED)
        findings.seen[check] = await connection.fetchval(check.seen)
        findings.counts[check] = rows[0]["in_all"] if rows else 0
        fields = ("livemode", "client", "customer", "subscription", "about", "told", "found")
        findings.differences += [Difference(look.project, check, *(row[name] for name in fields)) for row in rows]
    return findings


async def look_at(connection: Owner, look: Look, only: "Concerned | None" = None) -> Findings:
    """One look at one instant, at all of the project or only at whom it concerns."""
    async with instant(connection):
        terms = await terms_of(connection, look.project)
        at = look.at or datetime.now(UTC)
        asked = Asked(look.project, at, purged_up_to=terms.purged_up_to(at), topics_are_cut=look.topics_are_cut)
        if only is not None:
            asked = replace(asked, customers=only.customers, clients=only.clients)
        # A change of options shows in figures a moment before the ledger begins to be counted anew.
        checks = tuple(check for check in look.checks if not (terms.rebuilding and check.part is Part.LEDGER))
        return await looked(connection, replace(look, checks=checks), asked, terms)


async def confirmed(connection: Owner, look: Look, found: Findings) -> Findings:
    """What still differs after a while: the rest had only been on its way."""
    for seconds in look.waits():
        if not found.differences:
            break
        await asyncio.sleep(seconds)
        checks = tuple(dict.fromkeys(one.check for one in found.differences))
        only = await concerned(connection, look.project, found.differences)
        found = found.confirmed(await look_at(connection, replace(look, checks=checks), only))
    return found


@dataclass(frozen=True, slots=True)
class Concerned:
    """Clients with all their customers."""

    customers: Sequence[str]
    clients: Sequence[str]


async def concerned(connection: Owner, project: str, differences: Iterable[Difference]) -> Concerned | None:
    """Whom the differences are about; None where one is about the whole project."""
    found = list(differences)
    if any(one.client is None and one.customer is None for one in found):
        return None
    customers = {one.customer for one in found if one.customer is not None}
    clients = {one.client for one in found if one.client is not None}
    async with instant(connection):
        rows = await connection.fetch(CONCERNED, project, sorted(customers))
        clients |= {row["client"] for row in rows}
        members = await connection.fetch(MEMBERS, project, sorted(clients))
    return Concerned(sorted({*customers, *(row["customer"] for row in members)}), sorted(clients))
