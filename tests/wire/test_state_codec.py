from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings

from libs.domain.client_state import NO_CUSTOMERS, ClientState, totals, with_contribution
from libs.domain.contribution import contribution
from libs.domain.customer_state import EMPTY, CustomerState, fold
from libs.domain.fact import Fact
from libs.domain.policy import DEFAULT
from libs.domain.subscription import Item
from libs.wire.codec import MalformedRecord, decode_activity, encode
from libs.wire.contribution_codec import (
    ClientOrigin,
    Origin,
    client_record,
    contribution_changed,
    customer_revenue,
    exact_amount,
    exact_text,
)
from libs.wire.records import ContributionChanged, IncompleteSubscription, Revision
from libs.wire.state_codec import decode_client, decode_customer, encode_client, encode_customer
from tests.counts import examples
from tests.domain.account_lives import account_lives
from tests.domain.states import T0, WINDOW, after, subscription, told

BIG = 2**70


def origin(offset: int = 0) -> Origin:
    return Origin(
        project="p1",
        client="acme",
        customer="cus_1",
        account="acct_1",
        livemode=True,
        occurred_at=T0,
        revision=Revision(0, offset, 0, T0),
    )


def client_origin() -> ClientOrigin:
    return ClientOrigin(project="p1", client="acme", livemode=True, revision=3, as_of=after(9))


def priced(amount: str) -> Item:
    item = subscription().items[0]
    return replace(item, price=replace(item.price, unit_amount=Decimal(amount)))


def record_of(*facts: Fact, offset: int = 0) -> ContributionChanged:
    return contribution_changed(contribution(fold(EMPTY, facts, WINDOW), DEFAULT, after(60)), origin(offset))


def client_of(*facts: Fact) -> ClientState:
    return with_contribution(NO_CUSTOMERS, customer_revenue(record_of(*facts)))


@settings(max_examples=examples(150, 5000))
@given(account_lives)
def test_a_customers_state_comes_back_as_it_was(facts: list[Fact]) -> None:
    state = fold(EMPTY, facts, timedelta(days=1))
    data = encode_customer(state)
    assert decode_customer(data) == state
    assert encode_customer(decode_customer(data)) == data


def test_the_empty_states_come_back() -> None:
    assert decode_customer(encode_customer(EMPTY)) == EMPTY == CustomerState()
    assert decode_client(encode_client(NO_CUSTOMERS)) == NO_CUSTOMERS


@settings(max_examples=examples(100, 5000))
@given(account_lives)
def test_a_contribution_survives_its_record_and_the_clients_state_its_bytes(facts: list[Fact]) -> None:
    record = record_of(*facts)
    assert decode_activity(encode(record)) == record
    state = with_contribution(NO_CUSTOMERS, customer_revenue(record))
    assert decode_client(encode_client(state)) == state


def test_a_sum_beyond_64_bits_stays_exact() -> None:
    huge = replace(subscription(quantity=BIG), items=(replace(priced("0.0003"), quantity=10**6),))
    state = client_of(told(replace(huge, items=(replace(huge.items[0], quantity=2**62),))))
    assert totals(decode_client(encode_client(state))) == {"usd": Fraction(3 * 2**62, 10_000)}


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x80\xff", encode_client(NO_CUSTOMERS)[:-1], b"\x93\x01\x02\x03"])
def test_bytes_that_are_no_state_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedRecord):
        decode_client(data)
    with pytest.raises(MalformedRecord):
        decode_customer(data)


@pytest.mark.parametrize(("amount", "text"), [(Fraction(5), "5"), (Fraction(-1, 3), "-1/3"), (Fraction(BIG), str(BIG))])
def test_exact_amounts_are_written_as_fractions(amount: Fraction, text: str) -> None:
    assert exact_text(amount) == text
    assert exact_amount(text) == amount


@pytest.mark.parametrize("text", ["", "1.5", "1/0", "x", "1/2/3", "9" * 5000])
def test_what_is_no_fraction_is_malformed(text: str) -> None:
    with pytest.raises(MalformedRecord, match="fraction"):
        exact_amount(text)


def test_a_status_that_no_subscription_has_is_malformed() -> None:
    record = record_of(told(subscription()))
    share = record.subscriptions[0]
    strange = {"subscription": "sub_1", "status": "snoozing", "currency": "usd", "exact": "1", "counted": True}
    spoiled = type(share)(**strange, rule="counted")  # type: ignore[arg-type]  # fields of mixed types
    with pytest.raises(MalformedRecord, match="sub_1"):
        customer_revenue(replace_subscriptions(record, spoiled))


def replace_subscriptions(record: ContributionChanged, share: object) -> ContributionChanged:
    from msgspec.structs import replace as changed

    return changed(record, subscriptions=(share,))


def test_a_clients_record_shows_rounded_amounts_beside_exact_ones() -> None:
    yearly = replace(subscription("sub_y"), items=(priced("1000.5"),))
    record = client_record(client_of(told(yearly), told(subscription("sub_a"))), DEFAULT, client_origin())
    assert record.mrr_by_currency == {"usd": "20.01"}
    assert record.exact_by_currency == {"usd": "4001/2"}
    assert record.status == "active"
    assert (record.active_subscriptions, record.active_subscribers) == (2, 1)
    assert record.customers == ("cus_1",)
    assert record.subscriptions == ("sub_a", "sub_y")
    assert [share.exact for share in record.contributions["cus_1"]] == ["1000", "2001/2"]
    assert record.first_paid_at == T0
    assert record.revision == 3


def test_a_clients_record_names_what_is_incomplete() -> None:
    record = client_record(client_of(told(subscription(gaps=("items",)))), DEFAULT, client_origin())
    assert record.incomplete == (IncompleteSubscription("sub_1", "items"),)


def test_a_client_without_customers_has_a_record_too() -> None:
    record = client_record(NO_CUSTOMERS, DEFAULT, client_origin())
    assert record.status == "none"
    assert record.mrr_by_currency == {}
    assert record.as_of == after(9)
