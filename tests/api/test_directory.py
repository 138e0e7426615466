"""The directory over HTTP: what people say of clients, stored once and told to the streams."""

import asyncio
from urllib.parse import quote

import asyncpg
import pytest

from libs.runtime.api_keys import Scope
from libs.wire.codec import decode
from libs.wire.records import DirectoryRecord
from services.api.read_model.rebuilding import rebuild
from tests.api.builders import client_delivery, client_record, signal_delivery, signal_record
from tests.api.calling import Api, FakeSender, is_problem

ACME = {"name": "Acme Inc.", "stakeholder_emails": ["Ann@Acme.com"], "domains": ["ACME.com"], "stripe_customers": []}


def path(client: str) -> str:
    return f"/api/clients/{quote(client, safe='')}"


def told(sender: FakeSender) -> list[tuple[bytes, DirectoryRecord | None]]:
    return [(each.key, None if each.value is None else decode(each.value, DirectoryRecord)) for each in sender.sent]


async def test_a_client_is_stored_told_and_shown(api: Api, sender: FakeSender) -> None:
    made = await api.put(path("acme"), ACME)
    assert (made.status, made.field("client"), made.field("version")) == (201, "acme", 1)
    assert made.field("stakeholder_emails") == ["ann@acme.com"]
    ((key, record),) = told(sender)
    assert record is not None
    assert (key, record.client, record.version, record.domains) == (b"acme/acme", "acme", 1, ("acme.com",))
    assert record.updated_at is not None
    shown = await api.get(path("acme"))
    assert (shown.status, shown.field("name"), shown.field("status")) == (200, "Acme Inc.", "none")
    assert shown.field("mrr") == {"by_currency": {}, "exact": {}}
    assert [each["client"] for each in (await api.get("/api/clients")).field("data")] == ["acme"]


async def test_the_same_again_is_no_change(api: Api, sender: FakeSender) -> None:
    await api.put(path("acme"), ACME)
    again = await api.put(path("acme"), ACME)
    assert (again.status, again.field("version")) == (200, 1)
    assert len(sender.sent) == 1


@pytest.mark.parametrize("client", ["a/b", "🚀 Rockets & Söhne", "50%", "a?b#c", "import", "x" * 255, "…/../x"])
async def test_any_id_works_when_it_is_encoded(api: Api, client: str) -> None:
    assert (await api.put(path(client), {"name": "A"})).status == 201
    assert (await api.get(path(client))).field("client") == client
    assert (await api.delete(path(client))).status == 204
    assert is_problem(await api.get(path(client)), 404, "not_found")


@pytest.mark.parametrize(
    ("client", "body", "field"),
    [
        pytest.param("acme", {"stakeholder_emails": ["no mail"]}, "stakeholder_emails[0]", id="no e-mail"),
        pytest.param("acme", {"stakeholder_emails": ["a@b.co", 7]}, "stakeholder_emails[1]", id="no text"),
        pytest.param("acme", {"domains": ["acme.com", "co.uk"]}, "domains[1]", id="a public suffix"),
        pytest.param("acme", {"domains": ["gmail.com"]}, "domains[0]", id="free mail"),
        pytest.param("acme", {"domains": ["mailinator.com"]}, "domains[0]", id="throw-away mail"),
        pytest.param("acme", {"domains": ["https://acme.com/x"]}, "domains[0]", id="an address"),
        pytest.param("acme", {"stripe_customers": [" "]}, "stripe_customers[0]", id="empty customer"),
        pytest.param("acme", {"name": "a\u0000b"}, "name", id="U+0000"),
        pytest.param("acme", {"name": "x" * 501}, "name", id="long name"),
        pytest.param("acme", {"nmae": "A"}, "body", id="unknown field"),
        pytest.param("customer:cus_1", {}, "client", id="reserved"),
        pytest.param("x" * 256, {}, "client", id="long id"),
        pytest.param(" acme", {}, "client", id="space around"),
        pytest.param("a\u0000b", {}, "client", id="U+0000 in the id"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, sender: FakeSender, client: str, body: object, field: str) -> None:
    answer = await api.put(path(client), body)
    assert is_problem(answer, 400, "invalid_body")
    assert field in [error["field"] for error in answer.field("errors")]
    assert sender.sent == []


async def test_all_faults_are_named_at_once(api: Api) -> None:
    answer = await api.put(path("acme"), {"stakeholder_emails": ["x"], "domains": ["gmail.com", "localhost"]})
    fields = [error["field"] for error in answer.field("errors")]
    assert fields == ["stakeholder_emails[0]", "domains[0]", "domains[1]"]


async def test_a_customer_has_one_client_by_hand(api: Api) -> None:
    await api.put(path("acme"), {"stripe_customers": ["cus_1"]})
    answer = await api.put(path("beta"), {"stripe_customers": ["cus_1", "cus_2"]})
    assert is_problem_with(answer, 409, "customer_already_assigned")
    assert answer.field("claimed") == [{"customer": "cus_1", "client": "acme"}]
    assert is_problem(await api.get(path("beta")), 404, "not_found")
    assert (await api.put(path("acme"), {})).status == 200
    assert (await api.put(path("beta"), {"stripe_customers": ["cus_1", "cus_2"]})).status == 201


def is_problem_with(answer: object, status: int, code: str) -> bool:
    """As is_problem, where the problem has fields of its own."""
    content = answer.content  # type: ignore[attr-defined]  # an Answer
    return (content["status"], content["code"]) == (status, code)


async def test_nobody_overwrites_what_they_have_not_seen(api: Api) -> None:
    made = await api.put(path("acme"), {"name": "A"})
    stale = made.headers["ETag"]
    fresh = (await api.put(path("acme"), {"name": "B"}, **{"If-Match": stale})).headers["ETag"]
    assert fresh != stale
    assert is_problem(await api.put(path("acme"), {"name": "C"}, **{"If-Match": stale}), 412, "precondition_failed")
    shown = (await api.get(path("acme"))).headers["ETag"]
    await api.holds(client_delivery(client_record("acme")))  # revenue changes by itself: that is no conflict
    assert (await api.put(path("acme"), {"name": "C"}, **{"If-Match": shown})).status == 200
    assert (await api.put(path("acme"), {"name": "C"}, **{"If-Match": shown})).status == 200, "the change was made"
    assert is_problem(await api.put(path("acme"), {}, **{"If-None-Match": "*"}), 412, "precondition_failed")
    assert is_problem(await api.put(path("beta"), {}, **{"If-Match": "*"}), 412, "precondition_failed")


async def test_what_kafka_could_not_take_is_told_when_it_is_back(api: Api, sender: FakeSender) -> None:
    sender.is_away = True
    assert is_problem(await api.put(path("acme"), ACME), 503, "not_now")
    assert (await api.get(path("acme"))).field("name") == "Acme Inc."
    sender.is_away = False
    assert await api.topic().publish_all() == 1
    assert [record.name for _, record in told(sender) if record] == ["Acme Inc."]
    assert await api.topic().publish_all() == 0


async def test_changes_at_once_are_told_in_their_order(api: Api, sender: FakeSender) -> None:
    answers = await asyncio.gather(*(api.put(path("acme"), {"name": f"name {n}"}) for n in range(12)))
    assert {answer.status for answer in answers} <= {200, 201}
    versions = [record.version for _, record in told(sender) if record]
    assert versions == sorted(versions)
    assert versions[-1] == 12
    last = told(sender)[-1][1]
    assert last is not None
    assert last.name == (await api.get(path("acme"))).field("name")


async def test_a_deleted_client_is_told_and_its_revenue_stays(api: Api, sender: FakeSender) -> None:
    await api.put(path("acme"), ACME)
    await api.holds(client_delivery(client_record("acme")))
    assert (await api.delete(path("acme"))).status == 204
    assert told(sender)[-1] == (b"acme/acme", None)
    shown = await api.get(path("acme"))
    assert (shown.field("name"), shown.field("mrr", "amount"), shown.field("listed")) == ("acme", "10.00", False)
    assert is_problem(await api.delete(path("acme")), 404, "not_found")
    assert (await api.put(path("acme"), ACME)).field("version") == 3


async def test_a_name_stays_whatever_the_streams_tell(api: Api) -> None:
    await api.holds(client_delivery(client_record("acme", revision=1)))
    await api.put(path("acme"), ACME)
    await api.holds(client_delivery(client_record("acme", revision=2, exact={"usd": "700"})))
    shown = await api.get(path("acme"))
    assert (shown.field("name"), shown.field("mrr", "amount")) == ("Acme Inc.", "7.00")
    assert [each["client"] for each in (await api.get("/api/clients?q=acme%20inc")).field("data")] == ["acme"]


async def test_clients_with_and_without_revenue_are_one_list(api: Api) -> None:
    for number in range(5):
        await api.put(path(f"listed {number}"), {"name": f"Listed {number}"})
    revenue = [client_record(f"paying {n}", exact={"usd": str(n * 100)}, customers=(f"cus_{n}",)) for n in range(5)]
    await api.holds(*map(client_delivery, revenue))
    for sort in ("-mrr", "mrr", "name", "-name"):
        found = await pages(api, f"sort={sort}")
        assert len(found) == len(set(found)) == 10
    assert (await pages(api, "sort=-mrr"))[:4] == ["paying 4", "paying 3", "paying 2", "paying 1"]
    assert (await pages(api, "sort=name"))[:5] == sorted(f"listed {n}" for n in range(5))
    assert await pages(api, "min_mrr=3") == ["paying 4", "paying 3"]
    assert len(await pages(api, "status=none")) == 5


async def pages(api: Api, query: str) -> list[str]:
    """The clients of all pages of three."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await api.get(f"/api/clients?limit=3&{query}" + (f"&cursor={quote(cursor)}" if cursor else ""))
        assert page.status == 200, page.content
        found += [each["client"] for each in page.field("data")]
        cursor = page.field("next_cursor")
    return found


async def test_a_rebuilt_read_model_still_lists_the_directory(api: Api) -> None:
    await api.put(path("acme"), ACME)
    await api.holds(client_delivery(client_record("other")))
    await rebuild(api.parts.database)
    assert [each["name"] for each in (await api.get("/api/clients")).field("data")] == ["Acme Inc."]


async def test_the_directory_of_another_project_is_not_there(api: Api, other_project: str) -> None:
    theirs = await api.as_project(other_project)
    await theirs.put(path("acme"), ACME | {"stripe_customers": ["cus_1"]})
    assert is_problem(await api.get(path("acme")), 404, "not_found")
    assert is_problem(await api.delete(path("acme")), 404, "not_found")
    assert (await api.get("/api/clients")).field("data") == []
    assert (await api.put(path("mine"), {"stripe_customers": ["cus_1"]})).status == 201
    assert (await theirs.get(path("acme"))).field("version") == 1


async def test_changing_the_directory_needs_admin(api: Api) -> None:
    reader = await api.as_project("acme", Scope.READ)
    assert is_problem(await reader.put(path("acme"), ACME), 403, "missing_scope")
    assert is_problem(await reader.delete(path("acme")), 403, "missing_scope")


async def test_a_row_at_a_time_is_claimed_even_behind_our_back(migrated: str, api: Api) -> None:
    await api.put(path("acme"), {"stripe_customers": ["cus_1"]})
    await api.put(path("beta"), {})
    connection = await asyncpg.connect(migrated)
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO directory_claims VALUES ('acme', 'customer', 'cus_1', 'beta')")
    await connection.close()


@pytest.mark.parametrize(
    ("segment", "expected"),
    [("enterprise", ["e"]), ("growth", ["g"]), ("starter", ["s"]), ("at_risk", ["g"])],
)
async def test_clients_of_a_segment(api: Api, segment: str, expected: list[str]) -> None:
    for client, minor in (("e", "100000"), ("g", "99999"), ("s", "9999"), ("zero", "0")):
        await api.holds(client_delivery(client_record(client, exact={"usd": minor}, customers=(f"cus_{client}",))))
    await api.holds(signal_delivery(signal_record(client="g")))
    await api.put(path("listed"), {})
    answer = await api.get(f"/api/clients?segment={segment}")
    assert [each["client"] for each in answer.field("data")] == expected
    shown = {each["client"]: each["segment"] for each in (await api.get("/api/clients")).field("data")}
    assert shown == {"e": "enterprise", "g": "growth", "s": "starter", "zero": None, "listed": None}
