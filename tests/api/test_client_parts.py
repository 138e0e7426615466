"""What belongs to one client, and all that happened to it in one order."""

from datetime import timedelta
from fractions import Fraction
from typing import Any
from urllib.parse import quote

import pytest

from libs.domain.identity import ClientId, Currency
from libs.domain.ledger import Movement, MovementKind, Reason
from tests.api.builders import (
    NOW,
    client_delivery,
    client_record,
    event_delivery,
    failed_invoice,
    movement_delivery,
    movement_record,
    signal_delivery,
    signal_record,
    stripe_record,
)
from tests.api.calling import Api, is_problem

PARTS = ("subscriptions", "movements", "invoices", "signals", "timeline")
CLIENT = "a/b 🚀"
PATH = f"/api/clients/{quote(CLIENT, safe='')}"


def movement(number: int, minutes: int) -> Movement:
    return Movement(
        id=f"mov_{number}",
        client=ClientId(CLIENT),
        kind=MovementKind.EXPANSION,
        currency=Currency("usd"),
        before=Fraction(number * 100),
        after=Fraction(number * 100 + 100),
        occurred_at=NOW + timedelta(minutes=minutes),
        reason=Reason.OTHER,
    )


async def lives(api: Api) -> None:
    """A client to whom several things happened, some of them in the same second."""
    await api.holds(client_delivery(client_record(CLIENT, customers=("cus_1", "cus_2"))))
    await api.holds(*(movement_delivery(movement_record(movement(n, n % 3))) for n in range(6)))
    await api.holds(
        *(
            event_delivery(
                stripe_record(
                    "invoice.payment_failed", bill(f"in_{n}"), event_id=f"evt_f{n}", at=NOW + timedelta(minutes=n)
                )
            )
            for n in range(3)
        ),
        event_delivery(
            stripe_record("invoice.paid", paid("in_1"), event_id="evt_p", at=NOW + timedelta(minutes=2), rank=2)
        ),
    )
    await api.holds(*(signal_delivery(signal_record(f"sig_{n}", client=CLIENT)) for n in range(2)))


def bill(invoice: str) -> dict[str, Any]:
    return failed_invoice(1, invoice) | {"created": int(NOW.timestamp()), "amount_remaining": 1000, "amount_paid": 0}


def paid(invoice: str) -> dict[str, Any]:
    at = int(NOW.timestamp()) + 60
    amounts = {"amount_remaining": 0, "amount_paid": 1000, "status_transitions": {"paid_at": at}}
    return bill(invoice) | amounts | {"status": "paid"}


async def pages(api: Api, part: str, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await api.get(f"{PATH}/{part}?limit={limit}" + (f"&cursor={quote(cursor)}" if cursor else ""))
        assert page.status == 200, page.content
        assert page.field("client") == CLIENT
        found += page.field("data")
        cursor = page.field("next_cursor")
    return found


@pytest.mark.parametrize("part", PARTS)
async def test_pages_of_any_length_are_the_whole_list(api: Api, part: str) -> None:
    await lives(api)
    whole = await pages(api, part, 200)
    for limit in (1, 2, 5):
        assert await pages(api, part, limit) == whole


async def test_a_timeline_merges_what_happened_the_newest_first(api: Api) -> None:
    await lives(api)
    events = await pages(api, "timeline", 200)
    assert [each["at"] for each in events] == sorted((each["at"] for each in events), reverse=True)
    kinds = [each["kind"] for each in events]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "movement": 6,
        "payment_failed": 3,
        "payment": 1,
        "signal": 2,
    }
    (payment,) = [each for each in events if each["kind"] == "payment"]
    assert (payment["invoice"]["invoice"], payment["invoice"]["status"]) == ("in_1", "paid")
    failed = [each for each in events if each["kind"] == "payment_failed"]
    assert {each["invoice"]["invoice"] for each in failed} == {"in_0", "in_1", "in_2"}
    assert all(each["movement"]["client"] == CLIENT for each in events if each["kind"] == "movement")


async def test_the_parts_of_a_client(api: Api) -> None:
    await lives(api)
    assert [each["id"] for each in await pages(api, "movements", 200)][:2] == ["mov_5", "mov_2"]
    assert {each["invoice"] for each in await pages(api, "invoices", 200)} == {"in_0", "in_1", "in_2"}
    assert {each["id"] for each in await pages(api, "signals", 200)} == {"sig_0", "sig_1"}
    subscriptions = await pages(api, "subscriptions", 200)
    assert [each["subscription"] for each in subscriptions] == ["sub_cus_1_usd"]


@pytest.mark.parametrize("part", PARTS)
async def test_a_client_of_the_directory_alone_has_none(api: Api, part: str) -> None:
    await api.put(PATH, {})
    assert await pages(api, part, 50) == []


@pytest.mark.parametrize("part", PARTS)
async def test_another_projects_client_is_not_found(api: Api, other_project: str, part: str) -> None:
    await lives(api)
    theirs = await api.as_project(other_project)
    assert is_problem(await theirs.get(f"{PATH}/{part}"), 404, "not_found")
    first = await api.get(f"{PATH}/{part}?limit=1")
    cursor = first.field("next_cursor")
    if cursor is not None:
        await theirs.put(PATH, {})
        answer = await theirs.get(f"{PATH}/{part}?limit=1&cursor={quote(cursor)}")
        assert is_problem(answer, 400, "invalid_query")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=x", "page=2", "limit=a"])
async def test_a_bad_query_is_named(api: Api, query: str) -> None:
    await api.put(PATH, {})
    assert is_problem(await api.get(f"{PATH}/timeline?{query}"), 400, "invalid_query")
