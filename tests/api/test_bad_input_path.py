"""Odd input on its whole way: a signed webhook or an import in, the stages, the read model, the API's answer out."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from libs.wire import stripe_event
from libs.wire.codec import encode
from libs.wire.records import StripeRecord
from libs.wire.topics import STRIPE_EVENTS
from services.api.read_model.projection import Delivered
from tests.api.builders import PROJECT, delivered
from tests.api.calling import Api
from tests.api.test_imports import imported
from tests.ingest.fakes import NOW, body_of, event, subscription
from tests.ingest.rig import Edge, running_edge
from tests.mrr.in_memory import MemoryRecord, Stream

Json = dict[str, Any]
NEW, CHANGED = "customer.subscription.created", "customer.subscription.updated"
LARGEST = 2**63 - 1
LATER = "2027-01-15T08:01:00Z"  # a minute after the edge's clock


@dataclass
class Noted(Stream):
    """The stages, with all that they publish."""

    outputs: list[Delivered] = field(default_factory=list)

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        self.outputs.append(delivered(value, topic, key or b""))
        if not topic.endswith(".dead-letters"):
            super().take(topic, key, value)


@dataclass
class Way:
    """From the edge to the API."""

    edge: Edge
    api: Api
    stream: Noted = field(default_factory=lambda: Noted(now=datetime.fromtimestamp(NOW + 60, UTC)))
    offset: int = 0
    letters: list[str] = field(default_factory=list)

    async def webhook(self, kind: str, content: Json, second: int = 0) -> int:
        """Post it signed, and let it go all the way; the webhook's status."""
        body = body_of(
            event(kind, id=f"evt_{self.offset}", created=NOW + second, livemode=True, data={"object": content})
        )
        known = len(self.edge.publisher.records)
        status = (await self.edge.post(body)).status
        await self.goes_on(self.edge.publisher.records[known:])
        return status

    async def goes_on(self, records: list[StripeRecord]) -> None:
        """Records of `stripe.events` through both stages and the read model."""
        told = [msgspec.structs.replace(record, project=PROJECT) for record in records]
        self.stream.outputs.clear()
        arrived = list(self._arrived(told))
        result = self.stream.by_customer.compute(arrived, self.stream.customers)
        self.letters += [
            dict(headers)["dl_reason"].decode() for topic, _, _, headers in result.outputs if "dead" in topic
        ]
        self.stream.feed_result(result)
        await self.api.holds(*(delivered(encode(one), STRIPE_EVENTS.name) for one in told), *self.stream.outputs)

    def _arrived(self, records: list[StripeRecord]) -> Iterator[MemoryRecord]:
        for record in records:
            self.offset += 1
            yield MemoryRecord(STRIPE_EVENTS.name, self.offset, stripe_event.key_of(record), encode(record))

    async def client(self, name: str = "customer:cus_1") -> Json:
        """What the API says of the client."""
        answer = await self.api.get(f"/api/clients/{quote(name, safe='')}")
        assert answer.status == 200, answer.content
        found: Json = answer.content
        return found

    async def explained(self) -> Json:
        """What its explanation adds up to."""
        found: Json = (await self.api.get(f"/api/mrr/explain?client=customer:cus_1&at={LATER}")).content
        return found


@pytest.fixture
async def way(api: Api) -> AsyncIterator[Way]:
    async with running_edge() as edge:
        yield Way(edge, api)


def line(**changes: Any) -> Json:
    items: Any = subscription()["items"]
    return {**items["data"][0], **changes}


def priced(**changes: Any) -> Json:
    return line(price={**line()["price"], **changes})


def holding(*lines: Json, **changes: Any) -> Json:
    return {**subscription(), "items": {"object": "list", "data": list(lines), "has_more": False}, **changes}


async def test_a_currency_that_nobody_knows_is_kept_apart_and_named_where_a_rate_lacks(way: Way) -> None:
    of = holding(priced(currency="zzz"), currency="zzz")
    assert await way.webhook(NEW, of) == 200
    assert (await way.client())["mrr_by_currency"] == {"zzz": "10.00"}
    await way.api.patch("/api/integrations/stripe/settings", {"base_currency": "usd"})
    told = (await way.api.get("/api/metrics")).content
    assert told["metrics"]["mrr"]["by_currency"] == {"zzz": "10.00"}
    assert (await way.api.get("/api/fx-rates")).field("missing_rates") == ["zzz"]


async def test_a_negative_quantity_is_put_aside_with_its_reason_and_changes_no_figure(way: Way) -> None:
    await way.webhook(NEW, subscription())
    assert await way.webhook(CHANGED, holding(line(quantity=-1)), second=1) == 200
    assert ["$.items.data[0].quantity" in letter for letter in way.letters] == [True]
    assert (await way.client())["mrr"]["amount"] == "10.00"
    await way.webhook(CHANGED, holding(line(quantity=2)), second=2)
    assert (await way.client())["mrr"]["amount"] == "20.00"
    assert (await way.explained())["exact_by_currency"] == {"usd": "2000"}


async def test_amounts_up_to_the_largest_number_are_exact_and_one_more_is_refused(way: Way) -> None:
    of = holding(line(price={**line()["price"], "unit_amount": LARGEST}, quantity=LARGEST))
    assert await way.webhook(NEW, of) == 200
    found, whole = await way.client(), LARGEST * LARGEST
    assert found["exact_by_currency"] == {"usd": str(whole)}
    assert found["mrr"]["amount"] == f"{whole // 100}.{whole % 100:02}"
    assert found["arr"]["amount"] == f"{12 * whole // 100}.{12 * whole % 100:02}"
    movements = (await way.api.get("/api/mrr/movements")).field("data")
    assert [one["exact"] for one in movements] == [str(whole)]
    assert (await way.explained())["exact_by_currency"] == {"usd": str(whole)}
    total = (await way.api.get("/api/metrics")).field("metrics", "mrr")
    assert Fraction(total["amount"]) == Fraction(whole, 100)
    assert await way.webhook(CHANGED, holding(priced(unit_amount=LARGEST + 1)), second=1) == 400


MANY = [line(id=f"si_{n}", price={**line()["price"], "id": f"price_{n}", "unit_amount": n}) for n in range(10_000)]


def listed(count: int) -> StripeRecord:
    """The subscription with so many items, as a sync reads it whole from Stripe."""
    origin = stripe_event.Origin(project=PROJECT, account="acct_1", livemode=True)
    at = datetime.fromtimestamp(NOW + 30, UTC)
    return stripe_event.snapshot_record(holding(*MANY[:count]), at, origin, stripe_event.Catalogue())


async def test_of_thousands_of_items_each_counts(way: Way) -> None:
    cut = {**holding(*MANY[:10]), "items": {"object": "list", "data": MANY[:10], "has_more": True}}
    assert await way.webhook(NEW, cut) == 200
    assert [one["reason"] for one in (await way.client())["incomplete"]] == ["items"]
    await way.goes_on([listed(5_000)])
    found = await way.client()
    assert (found["incomplete"], found["exact_by_currency"]) == ([], {"usd": str(sum(range(5_000)))})
    explained = await way.explained()
    assert explained["exact_by_currency"] == found["exact_by_currency"]
    assert len(explained["subscriptions"][0]["items"]) == 5_000


async def test_more_items_than_a_record_holds_are_told_as_incomplete_and_not_left_out(way: Way) -> None:
    cut = stripe_event.cut_short(listed(10_000))
    assert cut is not None
    await way.goes_on([cut])
    found = await way.client()
    assert [one["reason"] for one in found["incomplete"]] == ["items"]
    assert found["exact_by_currency"] == {"usd": str(sum(range(10)))}
    assert (await way.explained())["incomplete"] == [{"subscription": "sub_1", "reason": "items"}]
    assert (await way.api.get("/api/metrics")).field("incomplete_clients") == 1


ODD = ("a/b 🚀", "=1+1", "a/../b", "50%?#&")


@pytest.mark.parametrize("client", ODD, ids=ascii)
async def test_a_client_of_any_name_out_of_a_file_has_its_customers_revenue(way: Way, client: str) -> None:
    await way.webhook(NEW, subscription())
    found = await imported(way.api, f'client,name,stripe_customers\n"{client}","=cmd|x",cus_1\n')
    assert found["state"] == "succeeded"
    for topic, key, value in [(one.topic, one.key, one.value) for one in way.api.parts.sender.sent]:  # type: ignore[attr-defined]  # the fake's
        if topic == "clients.directory":
            way.stream.directory.apply(key or b"", value)
    way.stream.outputs.clear()
    way.stream.wake()
    await way.api.holds(*way.stream.outputs)
    told = await way.client(client)
    assert (told["client"], told["name"], told["mrr"]["amount"]) == (client, "=cmd|x", "10.00")
    place = f"/api/clients/{quote(client, safe='')}"
    assert [one["kind"] for one in (await way.api.get(f"{place}/movements")).field("data")] == ["new"]
    assert (await way.api.get(f"{place}/timeline")).status == 200
    assert (await way.api.get(f"/api/mrr/movements?client={quote(client, safe='')}")).field("data")[0][
        "client"
    ] == client
    [listed_] = (await way.api.get("/api/clients")).field("data")
    assert listed_["client"] == client
