"""Erasing what is kept of a person: nowhere an e-mail, and no other figure."""

from typing import Any

import asyncpg
import msgspec
import pytest

from libs.runtime.api_keys import Scope
from libs.wire.codec import decode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import read
from libs.wire.stripe_event.erasing import emails_in, without_email
from services.api.erasing import Erasing, sweep, tell_one
from services.api.read_model.projection import Delivered
from services.api.read_model.rebuilding import rebuild
from tests.api.builders import NOW, client_delivery, client_record, event_delivery, stripe_record
from tests.api.calling import Api, FakeSender, is_problem
from tests.api.test_customers import with_members

PATH = "/api/customers/cus_1/personal-data"
EMAIL = "ann.secret@acme.com"
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


def person(**more: Any) -> dict[str, Any]:
    return {"object": "customer", "id": "cus_1", "email": EMAIL, "metadata": {}, "created": 1, "livemode": True} | more


def versions() -> list[Delivered]:
    changed = stripe_record("customer.updated", person(email="Ann.Secret@Acme.com"), event_id="evt_2", rank=3)
    before = msgspec.structs.replace(changed, previous_attributes=msgspec.Raw(msgspec.json.encode({"email": EMAIL})))
    return [event_delivery(stripe_record("customer.created", person())), event_delivery(before)]


async def found_in(api: Api, *texts: str) -> list[str]:
    """The tables with any of the texts in a row, in clear or within bytes."""
    connection = await asyncpg.connect(api.database_url)
    found = []
    for (table,) in await connection.fetch(TABLES):
        rows = [str(row[0]).casefold() for row in await connection.fetch(f'SELECT t::text FROM "{table}" AS t')]
        wanted = [
            form for text in texts for form in (text.casefold(), text.encode().hex(), text.title().encode().hex())
        ]
        if any(form in row for row in rows for form in wanted):
            found.append(table)
    await connection.close()
    return sorted(found)


def work(api: Api, sender: FakeSender) -> Erasing:
    return Erasing(api.parts.database, sender, api.topic(), api.parts.erasures)


async def known(api: Api) -> None:
    """A customer that found its client by its e-mail; the client names the address too."""
    await api.put("/api/clients/acme", {"domains": ["acme.com"], "stakeholder_emails": [EMAIL, "bob@acme.com"]})
    await api.holds(client_delivery(with_members(client_record("acme"), matched_by="stakeholder_email")))
    await api.holds(*versions())


async def test_no_table_holds_the_email_and_no_figure_changes(api: Api, sender: FakeSender) -> None:
    await known(api)
    assert await found_in(api, EMAIL) == ["customers", "directory", "directory_claims", "object_versions"]
    before = [(await api.get(path)).content for path in ("/api/metrics", "/api/mrr/explain?client=acme")]
    assert (await api.delete(PATH)).status == 202
    assert await found_in(api, EMAIL) == []
    assert await tell_one(work(api, sender)) is True
    assert [(await api.delete(PATH)).status for _ in range(2)] == [204, 204]
    assert await tell_one(work(api, sender)) is False
    after = [(await api.get(path)).content for path in ("/api/metrics", "/api/mrr/explain?client=acme")]
    assert after[0]["metrics"] == before[0]["metrics"]
    assert after[1]["mrr"] == before[1]["mrr"]


async def test_a_customer_keeps_its_client_and_the_streams_forget(api: Api, sender: FakeSender) -> None:
    await known(api)
    sender.sent.clear()
    await api.delete(PATH)
    await tell_one(work(api, sender))
    assert [each.topic for each in sender.sent] == ["clients.directory", "stripe.events"]
    entry = await api.get("/api/clients/acme")
    assert (entry.field("stripe_customers"), entry.field("stakeholder_emails")) == (["cus_1"], ["bob@acme.com"])
    told = sender.sent[-1]
    assert told.key == b"acme/cus_1"
    assert told.value is not None
    record = decode(told.value, StripeRecord)
    assert (record.type, record.source, record.version.created > NOW) == ("customer.snapshot", "snapshot", True)
    assert EMAIL not in str(told)
    (fact,) = read(record)
    assert fact.content.email is None  # type: ignore[union-attr]  # a customer


async def test_the_email_stays_away_whatever_is_delivered_again(api: Api, sender: FakeSender) -> None:
    await known(api)
    await api.delete(PATH)
    await api.holds(*versions())
    await api.holds(event_delivery(stripe_record("customer.updated", person(), event_id="evt_9", rank=3)))
    assert await found_in(api, EMAIL) == []
    await rebuild(api.parts.database)
    await api.holds(*versions(), client_delivery(client_record("acme")))
    assert await found_in(api, EMAIL) == []


async def test_what_was_on_its_way_is_swept(api: Api, sender: FakeSender, migrated: str) -> None:
    await known(api)
    connection = await asyncpg.connect(migrated)
    rows = await connection.fetch("SELECT digest, record FROM object_versions")
    await api.delete(PATH)
    await tell_one(work(api, sender))
    for row in rows:
        await connection.execute("UPDATE object_versions SET record = $2 WHERE digest = $1", *row)
    await connection.close()
    assert await found_in(api, EMAIL) == ["object_versions"]
    await sweep(api.parts.database)
    assert await found_in(api, EMAIL) == []


async def test_kafka_away_leaves_it_to_be_told(api: Api, sender: FakeSender) -> None:
    await known(api)
    sender.is_away = True
    assert (await api.delete(PATH)).status == 202
    sender.is_away = False
    assert (await api.delete(PATH)).status == 202, "asked again, still to be told"
    await tell_one(work(api, sender))
    assert (await api.delete(PATH)).status == 204


async def test_only_ones_own_customers_are_erased(api: Api, other_project: str) -> None:
    await known(api)
    theirs = await api.as_project(other_project)
    assert is_problem(await theirs.delete(PATH), 404, "not_found")
    assert is_problem(await api.delete("/api/customers/cus_9/personal-data"), 404, "not_found")
    reader = await api.as_project("acme", Scope.READ)
    assert is_problem(await reader.delete(PATH), 403, "missing_scope")
    assert "customers" in await found_in(api, EMAIL)


@pytest.mark.parametrize(
    "content", [person(email=None), person(), {"object": "customer", "id": "cus_1", "deleted": True}]
)
def test_a_record_without_its_email_names_none_and_keeps_the_rest(content: dict[str, Any]) -> None:
    bare = without_email(stripe_record("customer.updated", content))
    assert list(emails_in(bare)) == []
    assert {**msgspec.json.decode(bare.object), "email": None} == {**content, "email": None}
