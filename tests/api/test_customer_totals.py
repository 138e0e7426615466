"""Totals over customers: exact, and steady while a customer moves from one client to another."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.api.database import Connection
from services.api.queries import figures
from services.api.read_model.projection import Delivered
from tests.api.builders import PROJECT, client_delivery, client_record
from tests.api.calling import Api
from tests.api.test_read_model import take

EMPTY = "TRUNCATE clients, client_mrr, customers, customer_mrr"
SUMMED = """
SELECT currency, exact_den, sum(exact_num) AS exact_num FROM customer_mrr
WHERE project = $1 AND livemode GROUP BY currency, exact_den
"""


async def mrr(connection: Connection) -> dict[str, Fraction]:
    return dict(await figures.mrr(connection, PROJECT, True))


def record(client: str, customers: dict[str, str], revision: int) -> Delivered:
    """A client with these customers and their USD; contributions are merged from records of one customer each."""
    parts = [
        client_record(client, exact={"usd": usd}, customers=(one,), revision=revision) for one, usd in customers.items()
    ]
    whole = client_record(client, exact={}, customers=tuple(customers), revision=revision)
    contributions = {customer: shares for part in parts for customer, shares in part.contributions.items()}
    fields = {name: getattr(whole, name) for name in whole.__struct_fields__}
    return client_delivery(type(whole)(**fields | {"contributions": contributions}))


@pytest.mark.parametrize("order", list(itertools.permutations(range(2))), ids=["the old first", "the new first"])
async def test_a_total_stands_still_while_a_customer_moves(applier: Connection, order: tuple[int, ...]) -> None:
    await take(applier, record("a", {"cus_1": "1000/3", "cus_2": "500"}, 1), record("b", {"cus_3": "70"}, 1))
    before = await mrr(applier)
    assert before == {"usd": Fraction(1000, 3) + 570}
    told = (record("a", {"cus_2": "500"}, 2), record("b", {"cus_3": "70", "cus_1": "1000/3"}, 2))
    for number in order:
        await take(applier, told[number])
        assert await mrr(applier) == before
    rows = await applier.fetch("SELECT customer, client FROM customers ORDER BY customer")
    assert [tuple(row) for row in rows] == [("cus_1", "b"), ("cus_2", "a"), ("cus_3", "b")]


async def test_an_older_record_does_not_take_a_customer_back(applier: Connection) -> None:
    await take(applier, record("b", {"cus_1": "200"}, 5))
    await take(applier, record("a", {"cus_1": "100"}, 4))
    assert await applier.fetchval("SELECT client FROM customers") == "b"
    assert await mrr(applier) == {"usd": Fraction(200)}


async def test_customers_by_themselves_are_counted_as_not_mapped(applier: Connection) -> None:
    await take(applier, record("customer:cus_1", {"cus_1": "100"}, 1), record("b", {"cus_2": "300"}, 1))
    rows = await applier.fetch("SELECT mapped, num FROM mrr_totals ORDER BY mapped")
    assert [tuple(row) for row in rows] == [(False, 100), (True, 300)]
    counts = await figures.counts(applier, PROJECT, True)
    assert (counts.customers, counts.active_subscriptions, counts.active_subscribers) == (2, 2, 2)


moves = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["cus_1", "cus_2", "cus_3"]), st.fractions(0, 1000)), max_size=12
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves, st.randoms(use_true_random=False))
async def test_kept_totals_are_the_sum_of_the_rows(
    applier: Connection, history: list[tuple[str, str, Fraction]], random: object
) -> None:
    await applier.execute(EMPTY)
    told = [record(client, {customer: str(usd)}, revision) for revision, (client, customer, usd) in enumerate(history)]
    random.shuffle(told)  # type: ignore[attr-defined]  # a random.Random
    for each in told:
        await take(applier, each)
    assert await mrr(applier) == figures.by_currency(await applier.fetch(SUMMED, PROJECT))
    latest = {customer: usd for _, customer, usd in history}
    assert sum((await mrr(applier)).values()) == sum(latest.values())


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_a_client_of_both_modes_is_shown_by_its_live_record(applier: Connection, order: tuple[int, ...]) -> None:
    told = (
        client_delivery(client_record("acme", exact={"usd": "100"}, customers=("cus_1",), revision=1)),
        client_delivery(client_record("acme", exact={"usd": "200"}, customers=("cus_1",), revision=2)),
        client_delivery(client_record("acme", exact={"usd": "7"}, customers=("cus_t",), revision=9, livemode=False)),
    )
    for number in order:
        await take(applier, told[number])
    assert await applier.fetchval("SELECT minor FROM client_mrr") == 200
    assert await mrr(applier) == {"usd": Fraction(200)}
    assert dict(await figures.mrr(applier, PROJECT, False)) == {"usd": Fraction(7)}


async def test_a_client_shown_live_tells_what_it_has_in_test_mode(api: Api) -> None:
    test = client_record("acme", exact={"usd": "700", "eur": "50/3"}, customers=("cus_t",), revision=9, livemode=False)
    live = client_record("acme", exact={"usd": "100"}, customers=("cus_1",), revision=1)
    await api.holds(client_delivery(test), client_delivery(live))
    answer = await api.get("/api/clients/acme")
    assert (answer.field("livemode"), answer.field("mrr", "amount")) == (True, "1.00")
    assert answer.field("other_mode") == {
        "livemode": False,
        "customers": 1,
        "active_subscriptions": 2,
        "mrr_by_currency": {"eur": "0.17", "usd": "7.00"},
        "exact_by_currency": {"eur": "50/3", "usd": "700"},
    }
    (listed,) = (await api.get("/api/clients")).field("data")
    assert listed["other_mode"] == answer.field("other_mode")


async def test_a_client_of_one_mode_has_nothing_in_the_other(api: Api) -> None:
    await api.holds(client_delivery(client_record("acme")))
    assert (await api.get("/api/clients/acme")).field("other_mode") is None
