"""MRR in plain SQL over raw objects equals MRR by the rules: of the page's scenarios, and of played histories."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import orjson
import pytest

from libs.cli.auditing.scripts import script
from libs.cli.auditing.session import AUDITING, instant
from libs.cli.auditing.terms import OWN, Asked, ask
from libs.cli.servers import Owner, owner
from libs.domain.contribution import contribution
from libs.domain.customer_state import EMPTY, fold
from libs.domain.fact import Fact
from libs.domain.policy import PRESETS, Policy, policy_of
from libs.fake_stripe import FakeStripe
from libs.fake_stripe.history import HistorySpec, play
from libs.wire.codec import encode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Catalogue, Origin, envelope, read, snapshot_record, to_record
from services.api.read_model import versions
from services.api.read_model.projection import Delivered
from tests.api.told_scenario import scenario_of, stripe_records
from tests.docs.test_examples import EXAMPLES

SAME = Fraction(1, 10**50)
PROJECT = "acme"
UNUSUAL = {
    "include_trials": True,
    "include_metered": True,
    "past_due_churn_after_days": 3,
    "strip_inclusive_tax": True,
    "subtract_discounts": {"forever": False, "repeating": True, "once": True},
    "pause_collection": "include",
    "day_factor": "30",
    "week_factor": "4.3333",
}
Amounts = Mapping[tuple[str, str], tuple[Fraction, bool]]
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Told:
    """Records of one account, as they lie in the read model, and the instant at which they are looked at."""

    records: Sequence[StripeRecord]
    at: datetime


async def by_sql(looking: Owner, told: Told, policy: Policy) -> Amounts:
    """By policy and subscription: exact up to a hundred decimals, and whether it counts."""
    rows = [
        versions.read(Delivered("stripe.events", 0, place, 0, None, encode(record), ()))
        for place, record in enumerate(told.records)
        if record.customer
    ]
    async with instant(looking):
        await looking.execute("DELETE FROM object_versions")
        await versions.write(looking, rows)
        await ask(looking, Asked(PROJECT, told.at), policy)
        for name in ("words", "objects", "prices", "mrr"):
            await looking.execute(script(name))
        found = await looking.fetch("SELECT policy, subscription, amount, counted, is_sure FROM audit_mrr")
    assert all(row["is_sure"] for row in found)
    return {(row["policy"], row["subscription"]): (Fraction(row["amount"]), row["counted"]) for row in found}


def by_rules(told: Told, policy: Policy) -> Amounts:
    """The same by the product's own rules."""
    facts: dict[str, list[Fact]] = {}
    for record in told.records:
        facts.setdefault(record.customer or "", []).extend(read(record))
    states = [fold(EMPTY, each, None) for each in facts.values()]
    return {
        (name, share.mrr.subscription): (share.mrr.amount, share.mrr.counted)
        for name, each in {OWN: policy, **PRESETS}.items()
        for state in states
        for share in contribution(state, each, told.at).subscriptions
    }


def differing(ours: Amounts, theirs: Amounts) -> list[tuple[object, ...]]:
    """What is not the same on both sides; subscriptions that ended long ago are in SQL alone, and add nothing."""
    nothing = Fraction(0), False
    return [
        (*name, ours.get(name), theirs.get(name))
        for name in ours.keys() | theirs.keys()
        if abs(ours.get(name, nothing)[0] - theirs.get(name, nothing)[0]) > SAME
        or ours.get(name, nothing)[1] != theirs.get(name, nothing)[1]
    ]


def played(seed: int, snapshots: bool, events: bool) -> Told:
    """An account's history told by its events, by what is there in the end, or by both."""
    fake = FakeStripe(seed=seed, start=datetime.now(UTC) - timedelta(days=185))
    play(fake.engine, HistorySpec(seed=seed, customers=20, months=6))
    catalogue, origin = Catalogue(), Origin(PROJECT, "acct_1", livemode=False)
    there = fake.snapshot()
    for kind in there.keys() & {"coupons", "prices", "discounts"}:
        for one in there[kind]:
            catalogue.learn(one)
    now = fake.clock.moment
    records = [to_record(envelope(orjson.dumps(event)), origin, catalogue) for event in fake.events if events]
    shown = ((kind, one) for kind in ("customers", "subscriptions") for one in there[kind] if snapshots)
    told = [
        snapshot_record({"object": kind[:-1], **one}, now, replace(origin, source="snapshot"), catalogue)
        for kind, one in shown
    ]
    return Told([*_published(records), *told], now)


def _published(records: Iterable[StripeRecord]) -> list[StripeRecord]:
    return [record for record in records if record.customer]


PAGES = [(name, scenario) for name, scenario, _ in EXAMPLES if name.startswith("mrr.md")]


async def test_every_scenario_of_the_page(migrated: str) -> None:
    async with owner(migrated, AUDITING) as looking:
        for name, content in PAGES:
            scenario = scenario_of(content)
            told, policy = Told(stripe_records(content), scenario.as_of), scenario.policy
            assert differing(await by_sql(looking, told, policy), by_rules(told, policy)) == [], name


MOST = 2**63 - 1
AS_OF = 1_740_830_400  # 1 March 2025, noon
LONG_AGO = AS_OF - 400 * 86_400
MONTHLY = {"interval": "month", "interval_count": 1, "usage_type": "licensed"}
THIRD_OFF: Json = {"id": "T", "percent_off": 33.333, "duration": "forever", "valid": True}
ONE_OFF: Json = {"id": "O", "amount_off": 700, "currency": "usd", "duration": "forever", "valid": True}
TIERS = [{"up_to": 10, "unit_amount": 500, "flat_amount": 99}, {"up_to": 20, "unit_amount_decimal": "300.125"}]


def priced(number: int, **more: object) -> Json:
    price = {"id": f"price_{number}", "currency": "usd", "unit_amount": 1000, "recurring": MONTHLY, "product": "prod_a"}
    return {**price, **more}


def subscribed(number: int, *items: Json, **more: object) -> Json:
    """A subscription of a customer of its own."""
    listed = [{"id": f"si_{number}_{place}", "quantity": 1, **item} for place, item in enumerate(items)]
    return {
        "id": f"sub_{number}",
        "customer": f"cus_{number}",
        "status": "active",
        "currency": "usd",
        "start_date": LONG_AGO,
        "items": {"data": listed},
        **more,
    }


def discounted(coupon: Json, **more: object) -> list[Json]:
    return [
        {"id": f"di_{coupon['id']}", "object": "discount", "start": LONG_AGO, "end": None, "coupon": coupon, **more}
    ]


def tiered(number: int, mode: str, quantity: int) -> Json:
    price = priced(number, unit_amount=None, billing_scheme="tiered", tiers_mode=mode, tiers=TIERS)
    return {"price": price, "quantity": quantity}


def packed(number: int, rounding: str, quantity: int) -> Json:
    return {"price": priced(number, transform_quantity={"divide_by": 3, "round": rounding}), "quantity": quantity}


WEEKS, YEAR = {**MONTHLY, "interval": "week", "interval_count": 3}, {**MONTHLY, "interval": "year"}
OPTIONS = {"eur": {"unit_amount": 900, "unit_amount_decimal": "900.5"}}
ENDLESS: Json = {"id": "R", "percent_off": 50, "duration": "repeating", "duration_in_months": 1, "valid": True}
LATE_JANUARY = AS_OF - 29 * 86_400 + 6 * 3600  # a month later is after the last of February
ODD: list[Json] = [
    subscribed(
        1, {"price": priced(1, unit_amount=MOST, recurring=WEEKS), "quantity": MOST}, discounts=discounted(THIRD_OFF)
    ),
    subscribed(2, packed(2, "up", MOST), packed(3, "down", MOST), packed(4, "up", 0), packed(5, "down", 2)),
    subscribed(3, {"price": priced(6, currency_options=OPTIONS), "quantity": 3}, currency="eur"),
    subscribed(
        5, tiered(7, "volume", 10), tiered(8, "graduated", 20), tiered(9, "graduated", 0), tiered(10, "volume", 21)
    ),
    subscribed(
        6,
        {
            "price": priced(11, tax_behavior="inclusive"),
            "tax_rates": [{"id": "a", "percentage": 7.5, "inclusive": True}],
        },
        {"price": priced(12, unit_amount=777)},
        default_tax_rates=[{"id": "b", "percentage": 19, "inclusive": True}, {"id": "c", "percentage": 2}],
        discounts=discounted(ONE_OFF),
    ),
    subscribed(
        7,
        {"price": priced(13, recurring=YEAR, unit_amount=100_000)},
        {"price": priced(14, product="prod_b"), "discounts": discounted(ENDLESS, start=LATE_JANUARY)},
        discounts=[*discounted({**ONE_OFF, "applies_to": {"products": ["prod_a"]}}), *discounted(THIRD_OFF)],
    ),
    subscribed(8, {"price": priced(15)}, pause_collection={"behavior": "void", "resumes_at": AS_OF - 60}),
    subscribed(9, {"price": priced(16)}, cancel_at=AS_OF - 60),
    subscribed(10, {"price": priced(17)}, status="past_due", current_period_start=AS_OF - 31 * 86_400),
    subscribed(11, {"price": priced(18)}, discounts=discounted({**THIRD_OFF, "id": "U", "duration": "once"})),
    subscribed(12, {"price": priced(19, recurring={**MONTHLY, "usage_type": "metered"}), "quantity": None}),
]


@pytest.mark.parametrize("options", [{}, UNUSUAL], ids=["default", "unusual"])
async def test_odd_shapes(migrated: str, options: dict[str, object]) -> None:
    own = {"id": "cus_11", "discount": discounted({**THIRD_OFF, "id": "V"})[0]}
    scenario: Json = {"as_of": AS_OF, "policy": options, "customers": [own], "subscriptions": ODD}
    told, policy = Told(stripe_records(scenario), scenario_of(scenario).as_of), scenario_of(scenario).policy
    ours = by_rules(told, policy)
    async with owner(migrated, AUDITING) as looking:
        assert differing(await by_sql(looking, told, policy), ours) == []
    assert len(ours) == len(ODD) * (len(PRESETS) + 1)


@pytest.mark.parametrize(
    ("seed", "snapshots", "events"), [(1, False, True), (3, True, True)], ids=["events", "lists too"]
)
async def test_played_histories(migrated: str, seed: int, snapshots: bool, events: bool) -> None:
    told, policy = played(seed, snapshots, events), policy_of("default", UNUSUAL)
    ours = by_rules(told, policy)
    async with owner(migrated, AUDITING) as looking:
        assert differing(await by_sql(looking, told, policy), ours) == []
    assert sum(amount > 0 for amount, _ in ours.values()) > 40
