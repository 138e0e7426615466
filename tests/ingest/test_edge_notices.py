"""What the edge tells besides records: the end of access, refused signatures, another mode, the delay of events."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import ClientSession

from services.ingest.bucket import Buckets
from services.ingest.catalogues import Scope
from services.ingest.edge import Address, public_site
from services.ingest.edge_health import EdgeHealth
from services.ingest.projects import ConnectedAccount, StoreUnavailable
from services.ingest.webhook import Doorkeeper, Webhook
from tests.ingest.fakes import NOW, MemoryProjects, MemoryPublisher, body_of, event, project, signature
from tests.ingest.rig import PLENTY, USUAL, Answer, Edge

ENDED = event("account.application.deauthorized", account="acct_1", data={"object": {"object": "application"}})


class Noted(EdgeHealth):
    """Remembers what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[object, ...]] = []

    def accepted(self, scope: Scope, created: float, now: float) -> None:
        self.told.append(("accepted", scope, now - created))

    def wrong_mode(self, scope: Scope, now: float) -> None:
        self.told.append(("wrong_mode", scope))

    def refused(self, project: str, now: float) -> None:
        self.told.append(("refused", project))


class Revocations:
    """Hears of the end of access; `is_away` stands for a database that can't note it."""

    def __init__(self) -> None:
        self.heard: list[tuple[Scope, datetime]] = []
        self.is_away = False

    async def __call__(self, scope: Scope, at: datetime) -> None:
        if self.is_away:
            raise StoreUnavailable("the database is away")
        self.heard.append((scope, at))


async def sent(body: bytes, health: EdgeHealth, revoked: Revocations, header: str | None = None) -> Answer:
    """Post a body to an edge whose project p1 has the account acct_1 in live mode."""
    known = replace(project(), accounts=(ConnectedAccount("acct_1", livemode=True),))
    projects, publisher, doorkeeper = MemoryProjects({"p1": known}), MemoryPublisher(), Doorkeeper(Buckets(PLENTY))
    handler = Webhook(projects, publisher, doorkeeper, clock=lambda: NOW, health=health, revoked=revoked)
    async with public_site(handler, Address("127.0.0.1", 0), USUAL) as port, ClientSession() as session:
        answer = await Edge(port, projects, publisher, session).post(body, header)
        assert publisher.records == [] or answer.json == {"received": True}
        return answer


async def test_end_of_access_is_told_before_it_is_acknowledged() -> None:
    revoked = Revocations()
    answer = await sent(body_of(ENDED), Noted(), revoked)
    assert (answer.status, answer.json) == (200, {"received": True, "ignored": "deauthorized"})
    created = ENDED["created"]
    assert isinstance(created, int)
    assert revoked.heard == [(("p1", "acct_1", bool(ENDED["livemode"])), datetime.fromtimestamp(created, UTC))]


async def test_end_of_access_that_can_t_be_noted_is_sent_again() -> None:
    revoked = Revocations()
    revoked.is_away = True
    answer = await sent(body_of(ENDED), Noted(), revoked)
    assert (answer.status, answer.json["code"]) == (503, "not_now")


async def test_end_of_access_without_an_account_is_nobodys() -> None:
    revoked = Revocations()
    answer = await sent(body_of({**ENDED, "account": None}), Noted(), revoked)
    assert answer.json == {"received": True, "ignored": "type"}
    assert revoked.heard == []


async def test_delay_of_a_published_event_is_noted() -> None:
    health = Noted()
    body = body_of(event(created=NOW - 3, livemode=True))
    assert (await sent(body, health, Revocations())).status == 200
    assert health.told == [("accepted", ("p1", "acct_1", True), 3.0)]


async def test_event_of_another_mode_is_noted() -> None:
    health = Noted()
    answer = await sent(body_of(event(livemode=False, account="acct_1")), health, Revocations())
    assert answer.json == {"received": True, "ignored": "wrong_mode"}
    assert health.told == [("wrong_mode", ("p1", "acct_1", False))]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        pytest.param(signature(b"{}", b"whsec_other"), [("refused", "p1")], id="signed with another secret"),
        pytest.param("t=1", [], id="no claim of a signature at all"),
    ],
)
async def test_refused_signature_is_noted(header: str, told: list[tuple[object, ...]]) -> None:
    health = Noted()
    assert (await sent(b"{}", health, Revocations(), header)).status == 400
    assert health.told == told
