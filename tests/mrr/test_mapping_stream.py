"""Customers on the way to their client: whom a change concerns, what each client is told, and when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import pytest

from libs.domain.fact import Fact
from libs.runtime.changes_due import NEVER
from libs.wire.codec import encode
from libs.wire.movement_codec import client_of_name, ledger_name
from libs.wire.records import DirectoryRecord
from libs.wire.topics import REVENUE_CLIENTS
from services.mrr.client_entry import decode_entry, encode_entry, next_change_of
from services.mrr.customer_entry import UNTOLD, checked_of, glance_of
from services.mrr.waking import Waking
from tests.domain.states import after, subscription
from tests.domain.states import told as version
from tests.mrr.in_memory import remember
from tests.mrr.lives import FactStream, of, with_email

NOW = after(days=20)
LIFE: list[Fact] = [version(subscription(), after()), with_email("anna@shop.acme.test", after())]


@dataclass
class Entries:
    """A stage's table as what wakes it sees it."""

    entries: Mapping[bytes, bytes]
    submitted: list[bytes] = field(default_factory=list)
    partitions: frozenset[int] = frozenset({0})

    def state(self, partition: int) -> Mapping[bytes, bytes]:
        return self.entries

    def submit(self, keys: Iterable[bytes]) -> None:
        self.submitted += keys


def stream_of(*customers: str) -> FactStream:
    stream = FactStream(now=NOW)
    for name in customers:
        stream.deliver(of(name, LIFE))
    return stream


def members(stream: FactStream) -> dict[str, list[str]]:
    found = {name: [one.customer for one in record.members] for name, record in stream.revenue.items()}
    return {name: customers for name, customers in found.items() if customers}


def test_a_customer_that_moves_is_transferred_with_all_that_it_pays() -> None:
    stream = stream_of("cus_1")
    stream.say("acme", after(days=10), domains=("acme.test",))
    stream.wake()
    [member] = stream.revenue["acme"].members
    assert members(stream) == {"acme": ["cus_1"]}
    assert (member.matched_by, member.email_domain, member.conflicts) == ("domain", "shop.acme.test", ())
    moved = [(one.client, one.kind, one.exact, one.occurred_at) for one in stream.movements()]
    assert moved == [
        ("customer:cus_1", "new", "1000", after()),
        ("customer:cus_1", "transfer", "-1000", after(days=10)),
        ("acme", "transfer", "1000", after(days=10)),
    ]


def test_the_record_of_the_new_client_is_the_later_one_for_the_customer() -> None:
    stream = stream_of("cus_1")
    before = stream.revenue["customer:cus_1"].members[0].revision
    stream.say("acme", NOW, domains=("acme.test",))
    stream.wake()
    assert stream.revenue["acme"].members[0].revision > before


def test_a_client_whose_last_customer_left_is_none_until_one_comes_back() -> None:
    stream = stream_of("cus_1", "cus_2")
    stream.say("acme", after(days=10), domains=("acme.test",))
    stream.wake()
    assert set(stream.revenue) == {"acme"}
    stream.say("acme", after(days=12), domains=())
    stream.wake()
    assert members(stream) == {"customer:cus_1": ["cus_1"], "customer:cus_2": ["cus_2"]}
    assert set(stream.revenue) == {"customer:cus_1", "customer:cus_2"}
    assert sum(int(one.exact) for one in stream.movements()) == 2000


def test_that_a_client_is_gone_is_told_again_by_a_worker_whose_table_knows_nothing_of_it() -> None:
    stream = stream_of("cus_1")
    stream.say("acme", after(days=10), domains=("acme.test",))
    stream.wake()
    replayed = stream.by_client.compute(stream.activity, {})
    told = {key: value for topic, key, value, _ in replayed.outputs if topic == REVENUE_CLIENTS.name}
    assert told[b"acme/customer:cus_1"] is None
    assert told[b"acme/acme"] is not None


def test_conflicts_are_told_and_nobody_gets_the_customer() -> None:
    stream = stream_of("cus_1")
    for client in ("acme", "bolt"):
        stream.say(client, NOW, domains=("acme.test",))
    stream.wake()
    [member] = stream.revenue["customer:cus_1"].members
    assert member.conflicts == ("acme", "bolt")
    assert members(stream) == {"customer:cus_1": ["cus_1"]}


CHANGES = {
    "its domain": ({"domains": ("acme.test",)}, {"cus_1", "cus_2"}),
    "a domain below it": ({"domains": ("shop.acme.test",)}, {"cus_1", "cus_2"}),
    "its address": ({"stakeholder_emails": ("Anna@shop.acme.test",)}, {"cus_1", "cus_2"}),
    "given by hand": ({"stripe_customers": ("cus_2",)}, {"cus_2"}),
    "somebody else's": ({"domains": ("other.test",)}, set()),
    "a free one": ({"domains": ("gmail.com",)}, set()),
}


@pytest.mark.parametrize(("claims", "concerned"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_looked_at_by_the_customers_that_it_may_concern_and_no_others(
    claims: dict[str, tuple[str, ...]], concerned: set[str]
) -> None:
    stream = stream_of("cus_1", "cus_2")
    stream.deliver(of("cus_3", [with_email("x@gmail.com", after())]))
    customers, clients = Entries(stream.customers), Entries(stream.clients)
    Waking(stream.by_customer, stream.by_client, stream.policies, stream.directory).follow(customers, clients)
    record = msgspec.convert({"project": "acme", "client": "big", "version": 1, **claims}, DirectoryRecord)
    stream.directory.apply(b"acme/big", encode(record))
    assert {key.decode().partition("/")[2] for key in customers.submitted if key in stream.customers} == concerned


def test_a_restart_finds_the_customers_that_belong_elsewhere_by_now() -> None:
    stream = stream_of("cus_1", "cus_2")
    stream.deliver(of("cus_3", [with_email("x@other.test", after())]))
    stream.say("acme", NOW, domains=("acme.test",))
    table = Entries(stream.customers)
    waking = Waking(stream.by_customer, stream.by_client, stream.policies, stream.directory)
    waking.customers_gained(table, {0})
    assert set(table.submitted) == {b"acme/cus_1", b"acme/cus_2"}


def test_whom_a_customer_is_told_to_is_remembered_before_it_is_told() -> None:
    stream = FactStream(now=NOW)
    records = stream.records(of("cus_1", LIFE))
    first = stream.by_customer.compute(records, {})
    ahead = first.ahead[b"acme/cus_1"]
    assert ahead is not None
    assert checked_of(ahead) == UNTOLD
    assert glance_of(ahead).client == "customer:cus_1"
    stream.published(first)  # and the worker is gone
    remember(stream.customers, type(first)(changes=first.ahead))
    stream.say("acme", after(days=10), domains=("acme.test",))
    stream.now += timedelta(seconds=7)
    stream.feed(records)
    stream.wake()
    assert members(stream) == {"acme": ["cus_1"]}
    assert sum(int(one.exact) for one in stream.movements()) == 1000


def test_live_and_test_customers_of_a_client_share_no_record_and_no_ledger() -> None:
    assert ledger_name("acme", True) == "acme"
    assert ledger_name("acme", False) != "acme"
    assert ledger_name("customer:cus_1", False) == "customer:cus_1"
    assert client_of_name(ledger_name("acme", False)) == "acme"


def test_rates_begin_to_hold_by_the_clock() -> None:
    stream = FactStream(now=after(days=5))
    stream.settle(base_currency="eur", fx={"usd": {"2025-01-01": "0.50", "2025-01-11": "0.60"}})
    stream.deliver(of("cus_1", LIFE))
    assert [one.kind for one in stream.movements()] == ["new"]
    due = int(after(days=10).timestamp())
    assert list(stream.by_client.due.due(due - 1)) == []
    stream.now = after(days=10)
    [key] = stream.by_client.due.due(due)
    result = stream.by_client.recheck([key], stream.clients)
    stream.read(result)
    told = [(one.kind, one.exact, one.occurred_at) for one in stream.movements()]
    assert told == [("new", "500", after()), ("fx", "100", after(days=10))]
    assert stream.revenue["customer:cus_1"].booked == {"eur": "600"}


def test_another_policy_goes_on_from_closed_books() -> None:
    stream = FactStream(now=after(days=30))
    gone = version(subscription("sub_1", quantity=3), after(days=10))
    late = version(subscription("sub_1", quantity=4, status="past_due"), after(days=20))
    stream.deliver(of("cus_1", [version(subscription(), after()), gone, late]))
    before = stream.revenue["customer:cus_1"]
    stream.settle(include_past_due=False)
    stream.wake()
    record = stream.revenue["customer:cus_1"]
    assert (before.booked, record.booked) == ({"usd": "4000"}, {})
    assert record.books_closed_at == after(days=16)
    last = stream.movements()[-1]
    assert (last.kind, last.exact_before, last.exact_after, last.occurred_at) == ("churn", "3000", "0", after(days=20))


def test_the_entry_of_a_client_with_many_customers_is_packed() -> None:
    stream = stream_of("cus_1")
    [data] = stream.clients.values()
    entry = decode_entry(data)
    [one] = entry.contributions
    told = (msgspec.structs.replace(one.told, customer=f"cus_{number}") for number in range(2000))
    many = tuple(msgspec.structs.replace(one, told=each) for each in told)
    large = msgspec.structs.replace(entry, contributions=many)
    packed = encode_entry(large, NOW)
    assert decode_entry(packed) == large
    assert len(packed) < 2000 * 100
    assert (next_change_of(packed), next_change_of(data)) == (int(NOW.timestamp()), NEVER)
