"""How clients' MRR went in the last weeks: a short line beside each row of a list."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from libs.domain.money import major_text, round_half_up
from services.api.client_content import amounts_of
from services.api.database import Connection
from services.api.queries import movements
from services.api.queries.clients import ClientFound
from services.api.queries.ledger import Scope
from services.api.queries.movements import Step

WEEKS = 12
WEEK = timedelta(days=7)
Lines = Mapping[str, dict[str, object]]


async def courses(connection: Connection, scope: Scope, shown: Sequence[ClientFound], now: datetime) -> Lines:
    """By client: its largest currency, and its MRR in it at the end of each of the last weeks, the oldest first."""
    ends = [now - WEEK * back for back in reversed(range(WEEKS))]
    steps: dict[tuple[str, str], list[Step]] = {}
    for step in await movements.steps(connection, scope, [one.client for one in shown], ends[0]):
        steps.setdefault((step.client, step.currency), []).append(step)
    found: dict[str, dict[str, object]] = {}
    for one in shown:
        exact = amounts_of(one)
        codes = exact or {code: Fraction(0) for client, code in steps if client == one.client}
        if not codes:
            continue
        currency = max(sorted(codes), key=lambda code: codes[code])
        values = at_ends(steps.get((one.client, currency), []), ends, codes[currency])
        told = [major_text(round_half_up(value), currency) for value in values]
        found[one.client] = {"currency": currency, "values": told}
    return found


def at_ends(steps: Sequence[Step], ends: Sequence[datetime], now: Fraction) -> list[Fraction]:
    """The amount at each instant, by the steps after the first of them (in order) and what it is now."""
    values, level = list[Fraction](), steps[0].before if steps else now
    later = list(steps)
    for end in ends:
        while later and later[0].at <= end:
            level = later.pop(0).after
        values.append(level)
    return values
