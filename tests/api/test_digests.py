"""A digest tells what happened and what is open, once per period."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from libs.domain.identity import Currency
from libs.domain.ledger import MovementKind
from libs.domain.metrics import Bridge
from services.api.deliveries.digest_text import DigestFacts, OpenSignal, digest_text
from services.api.deliveries.digesting import send_digests
from tests.api.posting import Post

BRIDGE = Bridge.of(Fraction(100_000), {MovementKind.NEW: Fraction(5_000), MovementKind.CHURN: Fraction(-11_200)})
WORST = OpenSignal("acme", "payment_failed", "high", "payment of 10.00 USD failed at attempt 2")


def test_a_digest_is_plain_lines() -> None:
    facts = DigestFacts(date(2026, 3, 2), date(2026, 3, 8), {Currency("usd"): BRIDGE}, 4, 3, 2, 7, [WORST])
    assert digest_text(facts) == (
        "revstream, 2026-03-02 to 2026-03-08\n"
        "MRR 1000.00 → 938.00 USD, -6.2 % (new +50.00, churn -112.00)\n"
        "Signals: 3 opened, 2 resolved, 7 open now; failed payments: 4\n"
        "• high: acme, payment_failed – payment of 10.00 USD failed at attempt 2\n"
        "… and 6 more"
    )


def test_a_digest_of_an_empty_project_says_so() -> None:
    day = date(2026, 3, 2)
    assert "MRR: nothing yet" in digest_text(DigestFacts(day, day, {}, 0, 0, 0, 0, []))


async def test_a_digest_is_sent_once_whoever_sends_it(by_post: Post) -> None:
    await by_post.endpoint(type="slack", digest={"every": "day", "hour": 8})
    await by_post.endpoint("/standard", digest={"every": "week", "hour": 8, "weekday": "monday"})
    await by_post.happens("sig_1")
    await by_post.go()
    by_post.receiver.got.clear()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=9, minute=0)
    by_post.now = tomorrow
    sent = [await send_digests(by_post.database, lambda: tomorrow) for _ in range(3)]
    await by_post.go()
    monday = tomorrow.weekday() == 0
    assert sent == [1 + monday, 0, 0]
    (slack, *_) = by_post.receiver.at("/hook")
    assert slack.content["text"].startswith(f"revstream, {(tomorrow - timedelta(days=1)).date()}")
    assert "payment_failed – Payment of 10.00 usd failed" in slack.content["text"]
