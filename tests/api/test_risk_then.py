"""What was at risk when an earlier period ended: of whoever had an open signal then, what each paid then."""

from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

import msgspec

from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement, MovementKind, Reason
from libs.wire.records import SignalRecord
from tests.api.builders import movement_delivery, movement_record, signal_delivery, signal_record
from tests.api.calling import Api
from tests.domain.test_metrics import on

WITH_JANUARY = "/api/metrics?from=2025-02-01&to=2025-02-28&compare=previous_period"


class Life(NamedTuple):
    """When a client's signal was opened and resolved; what it paid in January, and from February on, in cents."""

    opened: datetime
    resolved: datetime | None
    before: Fraction
    after: Fraction


LIVES = {
    "open": Life(on(1, 5), None, Fraction(1000), Fraction(9000)),
    "resolved-in-time": Life(on(1, 5), on(1, 20), Fraction(2000), Fraction(2000)),
    "resolved-later": Life(on(1, 5), on(2, 3), Fraction(100, 3), Fraction(0)),
    "another-third": Life(on(1, 6), on(2, 4), Fraction(50, 3), Fraction(0)),
    "opened-later": Life(on(2, 1, 0), None, Fraction(4000), Fraction(4000)),
    "nothing-then": Life(on(1, 5), None, Fraction(0), Fraction(5000)),
}


async def test_who_had_an_open_signal_counts_once_with_what_it_paid_then(api: Api) -> None:
    for client, life in LIVES.items():
        await api.holds(signal_delivery(signal(client, life)))
        await api.holds(*(movement_delivery(movement_record(each)) for each in movements(client, life)))
    await api.holds(signal_delivery(msgspec.structs.replace(signal("open", LIVES["open"]), id="sig_second")))
    then = (await api.get(WITH_JANUARY)).field("comparison", "metrics", "revenue_at_risk")
    assert then == {"amount": "10.50", "currency": "usd", "exact": "1050"}


async def test_each_currency_of_a_client_counts_with_what_it_paid_last(api: Api) -> None:
    for client, life in LIVES.items():
        await api.holds(signal_delivery(signal(client, life)))
        told = [*movements(client, life), *movements(client, Life(*life[:2], 2 * life.before, Fraction(7)), "eur")]
        await api.holds(*(movement_delivery(movement_record(each)) for each in told))
    then = (await api.get(WITH_JANUARY)).field("comparison", "metrics", "revenue_at_risk")
    assert then == {"by_currency": {"eur": "21.00", "usd": "10.50"}, "exact": {"eur": "2100", "usd": "1050"}}


def signal(client: str, life: Life) -> SignalRecord:
    """As it stood last; a note was added in March where it was resolved."""
    record = signal_record(f"sig_{client}", client=client, status="resolved" if life.resolved else "open")
    updated = on(3, 1) if life.resolved else life.opened
    return msgspec.structs.replace(record, opened_at=life.opened, updated_at=updated, resolved_at=life.resolved)


def movements(client: str, life: Life, currency: str = "usd") -> list[Movement]:
    """New in January, something else from February on."""
    steps = [(on(1, 2), Fraction(0), life.before), (on(2, 1, 0), life.before, life.after)]
    return [
        Movement(
            id=f"{client}/{number}/{currency}",
            client=ClientId(client),
            kind=MovementKind.EXPANSION,
            currency=Currency(currency),
            before=before,
            after=after,
            occurred_at=at,
            reason=Reason.OTHER,
        )
        for number, (at, before, after) in enumerate(steps)
        if before != after
    ]
