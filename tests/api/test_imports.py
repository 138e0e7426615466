"""Imports of clients: what files may hold, and what becomes of one whose process dies half-way."""

import asyncio
from io import BytesIO
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.runtime.api_keys import Scope
from libs.runtime.kafka import KafkaUnavailable
from libs.wire.csv_cells import escaped
from services.api.directory_entry import Entry
from services.api.importing.checking import Readied, accepted, readied
from services.api.importing.reading import CSV, JSON, Row, Unreadable, read_rows
from services.api.importing.work import Imports, take_one
from services.api.outlet import Outgoing
from services.api.queries import directory
from tests.api.calling import Answer, Api, FakeSender, is_problem

Fields = dict[str, Any]
IMPORT = "/api/clients/import"


def work(api: Api) -> Imports:
    return Imports(api.parts.database, api.topic(), api.parts.imports)


async def sent(api: Api, content: str | bytes, kind: str = CSV, query: str = "") -> Answer:
    body = BytesIO(content.encode() if isinstance(content, str) else content)
    return await api.call("POST", f"{IMPORT}{query}", data=body, headers={"Content-Type": kind})


async def imported(api: Api, content: str | bytes, kind: str = CSV, query: str = "") -> Fields:
    """The import after all work on it."""
    answer = await sent(api, content, kind, query)
    assert answer.status == 202, answer.content
    while await take_one(work(api)):
        pass
    found: Fields = (await api.get(f"/api/clients/imports/{answer.field('import', 'id')}")).field("import")
    assert found["finished_at"] is not None
    return found


def counts(found: Fields) -> tuple[object, ...]:
    return tuple(found[name] for name in ("state", "rows", "stored", "unchanged", "refused", "published"))


def told(found: Fields) -> list[tuple[int, str]]:
    return [(error["row"], error["field"]) for error in found["errors"]]


async def test_a_file_is_stored_and_told(api: Api, sender: FakeSender) -> None:
    file = "client,name,stakeholder_emails,domains\nacme,Acme,ann@acme.com; bob@acme.com,acme.com\nbeta,Beta,,\n"
    assert counts(await imported(api, file)) == ("succeeded", 2, 2, 0, 0, 2)
    assert {each.key for each in sender.sent} == {b"acme/acme", b"acme/beta"}
    shown = await api.get("/api/clients/acme")
    assert shown.field("stakeholder_emails") == ["ann@acme.com", "bob@acme.com"]
    assert counts(await imported(api, file)) == ("succeeded", 2, 0, 2, 0, 0)
    assert len(sender.sent) == 2


async def test_a_dry_run_tells_the_same_and_changes_nothing(api: Api, sender: FakeSender) -> None:
    await api.put("/api/clients/beta", {"name": "Beta"})
    sender.sent.clear()
    file = "client,name,domains\nacme,Acme,gmail.com\nbeta,Beta\ngamma,Gamma,gamma.com"
    found = await imported(api, file, query="?dry_run=true")
    assert counts(found) == ("partial", 3, 1, 1, 1, 0)
    assert told(found) == [(2, "domains[0]")]
    assert sender.sent == []
    assert is_problem(await api.get("/api/clients/gamma"), 404, "not_found")


async def test_json_rows_are_checked_one_by_one(api: Api) -> None:
    rows = [{"client": "acme", "name": "Acme"}, {"client": "b", "name": 7}, {"name": "?"}, 8, {"client": "c", "x": 1}]
    found = await imported(api, msgspec.json.encode(rows), JSON)
    assert counts(found) == ("partial", 5, 1, 0, 4, 1)
    assert told(found) == [(2, "name"), (3, "client"), (4, "row"), (5, "row")]


async def test_what_a_file_does_not_give_stays(api: Api) -> None:
    await api.put("/api/clients/acme", {"name": "Acme", "domains": ["acme.com"], "stripe_customers": ["cus_1"]})
    await imported(api, "client,stakeholder_emails\nacme,ann@acme.com\n")
    shown = await api.get("/api/clients/acme")
    assert (shown.field("name"), shown.field("domains")) == ("Acme", ["acme.com"])
    await imported(api, "client,domains\nacme,\n")
    assert (await api.get("/api/clients/acme")).field("domains") == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ('=HYPERLINK("http://evil";"x")', '=HYPERLINK("http://evil";"x")'),
        ("+1", "+1"),
        ("@SUM(A1)", "@SUM(A1)"),
        ("-2+3|cmd", "-2+3|cmd"),
        ("'=1+1", "=1+1"),
        ("'Hoofd", "'Hoofd"),
        ('Smith, Jones & "Co"', 'Smith, Jones & "Co"'),
        ("ÄÖÜ 🚀", "ÄÖÜ 🚀"),
    ],
)
async def test_cells_are_text_and_nothing_else(api: Api, name: str, kept: str) -> None:
    cell = '"' + name.replace('"', '""') + '"'
    await imported(api, f"\ufeffclient,name\r\nacme,{cell}\r\n".encode())
    assert (await api.get("/api/clients/acme")).field("name") == kept


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=20))
def test_a_cell_that_is_written_is_read_again(text: str) -> None:
    cell = escaped(text)
    assert not cell.startswith(("=", "+", "-", "@"))
    quoted = '"' + cell.replace('"', '""') + '"'
    rows, errors = read_rows(f"client,name\nacme,{quoted}\n".encode(), CSV)
    assert errors == []
    wanted = text[1:] if text.startswith("'") and text[1:].startswith(("=", "+", "-", "@")) else text
    assert rows[0].fields["name"] == wanted


@pytest.mark.parametrize(
    ("file", "field"),
    [
        pytest.param(b"\xff\xfeclient", "body", id="not UTF-8"),
        pytest.param(b"", "client", id="empty"),
        pytest.param(b"name\nAcme\n", "client", id="no client column"),
        pytest.param(b"client,phone\na,1\n", "phone", id="unknown column"),
        pytest.param(b"client,name,name\na,b,c\n", "name", id="column twice"),
        pytest.param(b'client,name\na,"b\n', "body", id="open quote"),
        pytest.param(b'client,name\na,"b"c\n', "body", id="text after a quote"),
        pytest.param(b"client,name\na," + b"x" * 200_000, "body", id="a huge cell"),
    ],
)
async def test_a_file_that_makes_no_sense_is_refused_whole(api: Api, file: bytes, field: str) -> None:
    answer = await sent(api, file)
    assert is_problem(answer, 400, "invalid_body")
    assert answer.field("errors")[0]["field"] == field


@pytest.mark.parametrize("content", [b"{}", b"nonsense", b"[" * 100_000, b"\xff", b'"x"', b""])
async def test_json_that_makes_no_sense_is_refused_whole(api: Api, content: bytes) -> None:
    assert is_problem(await sent(api, content, JSON), 400, "invalid_body")


async def test_rows_that_are_wrong_are_named_and_the_others_stored(api: Api) -> None:
    file = (
        "client;name;stakeholder_emails;domains;stripe_customers\r\n"
        "acme;Acme;ann@acme.com;acme.com;cus_1\r\n"
        "\r\n"
        "acme;Again;;;\r\n"
        "nul;a\0b;;;\r\n"
        "long;x;;;;y;z\r\n"
        ";no id;;;\r\n"
        "customer:cus_1;;;;\r\n"
        "other;;;;cus_1\r\n"
        "mail;;nobody;co.uk;\r\n"
    )
    found = await imported(api, file)
    assert counts(found) == ("partial", 8, 1, 0, 7, 1)
    assert told(found) == [
        (4, "client"),
        (5, "name"),
        (6, "row"),
        (7, "client"),
        (8, "client"),
        (9, "stripe_customers"),
        (10, "stakeholder_emails[0]"),
        (10, "domains[0]"),
    ]


async def test_too_much_is_refused_before_it_is_read(api: Api) -> None:
    assert is_problem(await sent(api, b"client\n" + b"x" * 10_000_000), 413, "body_too_large")
    rows = "client\n" + "".join(f"c{n}\n" for n in range(50_001))
    assert is_problem(await sent(api, rows), 413, "too_many_rows")
    assert is_problem(await sent(api, b"client", "application/xml"), 415, "content_type_not_supported")


async def test_customers_change_hands_within_a_file(api: Api) -> None:
    await api.put("/api/clients/a", {"stripe_customers": ["cus_1"]})
    await api.put("/api/clients/c", {"stripe_customers": ["cus_3"]})
    found = await imported(api, "client,stripe_customers\nb,cus_1\na,cus_2\nd,cus_3\n")
    assert counts(found)[:5] == ("partial", 3, 2, 0, 1)
    assert told(found) == [(4, "stripe_customers")]
    assert (await api.get("/api/clients/b")).field("stripe_customers") == ["cus_1"]
    assert (await api.get("/api/clients/a")).field("stripe_customers") == ["cus_2"]


class DyingSender(FakeSender):
    """Takes some records, and then no more."""

    left = 0

    async def send(self, records: Any) -> None:
        if len(records) > self.left:
            self.sent.extend(records[: self.left])
            self.left = 0
            raise KafkaUnavailable("the process died")
        self.left -= len(records)
        await super().send(records)


async def test_an_import_that_dies_half_way_is_ended_by_the_next_process(api: Api, sender: FakeSender) -> None:
    file = "client,name\n" + "".join(f"client {n:04},Name {n}\n" for n in range(1_200))
    answer = await sent(api, file)
    dying = DyingSender()
    dying.left = 700
    died = Imports(api.parts.database, type(api.topic())(api.parts.database, dying), asyncio.Event())
    with pytest.raises(KafkaUnavailable):
        await take_one(died)
    path = f"/api/clients/imports/{answer.field('import', 'id')}"
    half = (await api.get(path)).field("import")
    assert (half["state"], half["stored"], half["published"]) == ("publishing", 1_200, 500)
    assert await take_one(work(api)) is True
    assert counts((await api.get(path)).field("import")) == ("succeeded", 1_200, 1_200, 0, 0, 1_200)
    everything: list[Outgoing] = [*dying.sent, *sender.sent]
    assert len({each.key for each in everything}) == 1_200
    async with api.parts.database.every_project() as connection:
        assert await directory.unpublished(connection, None, None, 10) == []
    assert await take_one(work(api)) is False


async def test_a_process_that_dies_while_storing_leaves_the_file(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = await sent(api, "client\nacme\nbeta\n")

    async def dies(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(directory, "store", dies)
        with pytest.raises(ConnectionResetError):
            await take_one(work(api))
    path = f"/api/clients/imports/{answer.field('import', 'id')}"
    assert (await api.get(path)).field("import", "state") == "queued"
    assert await take_one(work(api)) is True
    assert counts((await api.get(path)).field("import")) == ("succeeded", 2, 2, 0, 0, 2)


async def test_imports_belong_to_their_project(api: Api, other_project: str) -> None:
    answer = await sent(api, "client\nacme\n")
    theirs = await api.as_project(other_project)
    path = f"/api/clients/imports/{answer.field('import', 'id')}"
    assert is_problem(await theirs.get(path), 404, "not_found")
    reader = await api.as_project("acme", Scope.READ)
    assert is_problem(await sent(reader, "client\nacme\n"), 403, "missing_scope")
    assert (await reader.get(path)).status == 200


claims = st.lists(st.sets(st.sampled_from(["x", "y", "z"])), min_size=1, max_size=5)


@given(claims, st.dictionaries(st.sampled_from(["x", "y", "z"]), st.sampled_from(["c0", "c1", "other"])))
def test_no_two_accepted_rows_and_no_holder_outside_share_a_customer(
    wanted: list[set[str]], holders: dict[str, str]
) -> None:
    rows = [Row(n, f"c{n}", {"stripe_customers": sorted(each)}) for n, each in enumerate(wanted)]
    found, _ = readied(rows)
    entries, errors = accepted(found, {}, holders)
    taken = [customer for entry in entries for customer in entry.stripe_customers]
    assert len(taken) == len(set(taken))
    kept = {entry.client for entry in entries}
    assert all(holders.get(each, "") in {"", *kept} for each in taken)
    assert len(entries) + len(errors) == len(wanted)


def test_a_row_over_an_entry_changes_what_it_gives_only() -> None:
    row = Row(2, "acme", {"name": "New"})
    held = Entry("acme", "Old", ("a@b.co",), ("b.co",), ("cus_1",))
    assert Readied(row, Entry("acme", "New")).over(held) == Entry("acme", "New", ("a@b.co",), ("b.co",), ("cus_1",))


def test_a_header_alone_is_no_row() -> None:
    assert read_rows(b"client,name\n\n , \n", CSV) == ([], [])
    with pytest.raises(Unreadable):
        read_rows(b"", CSV)
