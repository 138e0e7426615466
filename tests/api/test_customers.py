"""Customers over HTTP: whose each is and by what, and what giving one to a client by hand would move."""

from typing import Any
from urllib.parse import quote

import msgspec

from libs.runtime.api_keys import Scope
from libs.wire.records import ClientRecord
from tests.api.builders import client_delivery, client_record, event_delivery, member, stripe_record
from tests.api.calling import Api, FakeSender, is_problem

Fields = dict[str, Any]


def with_members(record: ClientRecord, **fields: Any) -> ClientRecord:
    """The record with something to tell of how its customers were matched."""
    told = tuple(member(each.customer, offset=each.revision.offset, **fields) for each in record.members)
    return msgspec.structs.replace(record, members=told)


async def person(api: Api, customer: str, email: str | None, **metadata: str) -> None:
    content: dict[str, object] = {
        "object": "customer",
        "id": customer,
        "email": email,
        "metadata": metadata,
        "created": 1,
        "livemode": True,
    }
    await api.holds(
        event_delivery(stripe_record("customer.created", content, customer=customer, event_id=f"evt_{customer}"))
    )


async def own(api: Api, customer: str, usd: str, revision: int = 1) -> None:
    """The customer as its own client."""
    record = client_record(f"customer:{customer}", exact={"usd": usd}, customers=(customer,), revision=revision)
    await api.holds(client_delivery(record))


async def listed(api: Api, query: str) -> list[str]:
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await api.get(f"/api/customers?limit=2&{query}" + (f"&cursor={quote(cursor)}" if cursor else ""))
        assert page.status == 200, page.content
        found += [each["customer"] for each in page.field("data")]
        cursor = page.field("next_cursor")
    return found


async def test_customers_without_a_client_come_by_mrr(api: Api) -> None:
    for number in range(5):
        await own(api, f"cus_{number}", str(number * 100))
    await api.holds(client_delivery(client_record("acme", exact={"usd": "9900"}, customers=("cus_a",))))
    assert await listed(api, "mapped=false") == ["cus_4", "cus_3", "cus_2", "cus_1", "cus_0"]
    assert await listed(api, "mapped=false&sort=mrr") == ["cus_0", "cus_1", "cus_2", "cus_3", "cus_4"]
    assert await listed(api, "mapped=true") == await listed(api, "client=acme") == ["cus_a"]
    assert (await listed(api, ""))[0] == "cus_a"
    first = (await api.get("/api/customers?limit=1")).field("data")[0]
    assert first["mrr"] == {"by_currency": {"usd": "99.00"}, "exact": {"usd": "9900"}}


async def test_how_a_customer_was_matched_and_who_else_claims_it(api: Api) -> None:
    record = with_members(client_record("customer:cus_1"), conflicts=("acme", "beta"), email_domain="acme.com")
    await api.holds(client_delivery(record))
    assert await listed(api, "conflicts=true") == ["cus_1"]
    assert await listed(api, "conflicts=false") == []
    shown = await api.get("/api/customers/cus_1/client")
    assert (shown.field("matched_by"), shown.field("conflicts")) == ("nothing", ["acme", "beta"])
    assert shown.field("assigned_to") is None


async def test_a_customer_is_given_to_a_client_by_hand_and_taken_back(api: Api, sender: FakeSender) -> None:
    await own(api, "cus_1", "1000")
    await api.put("/api/clients/acme", {})
    await api.put("/api/clients/beta", {"stripe_customers": ["cus_1"]})
    sender.sent.clear()
    given = await api.put("/api/customers/cus_1/client", {"client": "acme"})
    assert (given.status, given.field("client"), given.field("before")) == (200, "acme", "customer:cus_1")
    assert {each.key for each in sender.sent} == {b"acme/acme", b"acme/beta"}
    assert (await api.get("/api/customers/cus_1/client")).field("assigned_to") == "acme"
    assert (await api.get("/api/clients/beta")).field("stripe_customers") == []
    assert (await api.delete("/api/customers/cus_1/client")).status == 204
    assert is_problem(await api.delete("/api/customers/cus_1/client"), 404, "not_found")
    assert (await api.get("/api/clients/acme")).field("stripe_customers") == []


async def test_what_does_not_exist_is_not_found(api: Api, other_project: str) -> None:
    theirs = await api.as_project(other_project)
    await own(api, "cus_1", "1000")
    await theirs.put("/api/clients/theirs", {})
    for caller, customer, client in ((api, "cus_9", "acme"), (api, "cus_1", "theirs"), (theirs, "cus_1", "theirs")):
        assert is_problem(await caller.put(f"/api/customers/{customer}/client", {"client": client}), 404, "not_found")
    assert is_problem(await theirs.get("/api/customers/cus_1/client"), 404, "not_found")
    assert is_problem(await theirs.delete("/api/customers/cus_1/client"), 404, "not_found")
    assert (await theirs.get("/api/customers")).field("data") == []
    reader = await api.as_project("acme", Scope.READ)
    assert is_problem(await reader.put("/api/customers/cus_1/client", {"client": "acme"}), 403, "missing_scope")


async def test_a_preview_tells_what_would_move_and_changes_nothing(api: Api, sender: FakeSender) -> None:
    await own(api, "cus_1", "1000")
    await api.holds(client_delivery(client_record("acme", exact={"usd": "500"}, customers=("cus_2",))))
    await api.put("/api/clients/acme", {"domains": ["acme.com"]})
    sender.sent.clear()
    for asked in (
        await api.put("/api/customers/cus_1/client?preview=true", {"client": "acme"}),
        await api.put("/api/customers/cus_1/client", {"client": "acme", "preview": True}),
    ):
        assert asked.field("moves") == [
            {
                "customer": "cus_1",
                "from": "customer:cus_1",
                "to": "acme",
                "matched_by": "manual",
                "conflicts": [],
                "mrr": usd("10.00", "1000"),
            }
        ]
        assert {each["client"]: (each["before"], each["after"]) for each in asked.field("clients")} == {
            "acme": (usd("5.00", "500"), usd("15.00", "1500")),
            "customer:cus_1": (usd("10.00", "1000"), usd("0.00", "0")),
        }
    assert sender.sent == []
    assert (await api.get("/api/customers/cus_1/client")).field("assigned_to") is None


def usd(shown: str, exact: str) -> Fields:
    return {"by_currency": {"usd": shown}, "exact": {"usd": exact}}


async def test_a_preview_of_a_clients_entry_runs_the_rules(api: Api) -> None:
    for customer, email in (("cus_1", "ann@acme.com"), ("cus_2", "bob@eu.acme.com"), ("cus_3", "eve@other.com")):
        await person(api, customer, email)
        await own(api, customer, "1000")
    await person(api, "cus_4", "zed@nowhere.com", client_id="acme")
    await own(api, "cus_4", "200")
    asked = await api.put(
        "/api/clients/acme?preview=true", {"domains": ["acme.com"], "stakeholder_emails": ["eve@other.com"]}
    )
    assert asked.status == 200, asked.content
    told = {each["customer"]: each["matched_by"] for each in asked.field("moves")}
    by_rule = {"cus_1": "domain", "cus_2": "domain", "cus_3": "stakeholder_email", "cus_4": "metadata"}
    assert told == by_rule
    assert asked.field("mrr") == usd("32.00", "3200")
    assert asked.field("complete") is True
    assert is_problem(await api.get("/api/clients/acme"), 404, "not_found")


async def test_taking_back_goes_to_whom_the_rules_say(api: Api) -> None:
    await person(api, "cus_1", "ann@acme.com")
    await api.put("/api/clients/acme", {"domains": ["acme.com"]})
    await api.put("/api/clients/beta", {"stripe_customers": ["cus_1"]})
    await api.holds(client_delivery(client_record("beta", customers=("cus_1",))))
    asked = await api.call("DELETE", "/api/customers/cus_1/client?preview=true")
    assert [(each["from"], each["to"], each["matched_by"]) for each in asked.field("moves")] == [
        ("beta", "acme", "domain")
    ]


async def test_coverage_of_mapping_is_a_share_of_mrr(api: Api) -> None:
    await own(api, "cus_1", "1000")
    await api.holds(client_delivery(client_record("acme", exact={"usd": "3000"}, customers=("cus_2",))))
    mapping = (await api.get("/api/integrations/stripe/status")).field("mapping")
    assert mapping == {"customers": 2, "mapped": 1, "mrr_coverage": "0.750000", "livemode": True}


async def test_the_newest_version_of_a_customer_tells_its_domain(api: Api) -> None:
    await own(api, "cus_1", "1000")
    await person(api, "cus_1", "Ann@Acme.com")
    assert (await api.get("/api/customers/cus_1/client")).field("email_domain") == "acme.com"
