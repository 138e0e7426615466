"""The whole way in one process: webhooks over HTTP, the fake Stripe behind them, and what revenue comes of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction

from aiohttp import ClientSession

from libs.fake_stripe.json_types import Json
from libs.fake_stripe.worth import Appraisal
from libs.wire.codec import encode
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import key_of
from libs.wire.topics import STRIPE_EVENTS
from services.ingest.bucket import Buckets
from services.ingest.edge import Address, EdgeLimits, public_site
from services.ingest.projects import ConnectedAccount
from services.ingest.seen_events import SeenEvents
from services.ingest.ties import Ties
from services.ingest.webhook import Doorkeeper, Webhook
from tests.ingest.fakes import NOW, MemoryProjects, body_of, project, signature
from tests.ingest.rig import PLENTY
from tests.ingest.stripe_rig import SCOPE, StripeRig, stripe_rig
from tests.mrr.in_memory import MemoryRecord, Stream, instant
from tests.stripe_gateway.merchants import Merchant
from tests.waiting import until

HERE = ConnectedAccount(SCOPE[1], SCOPE[2])
Worth = dict[str, dict[str, Fraction]]


@dataclass
class Pipeline:
    """A connected merchant and the edge that its webhooks come to."""

    rig: StripeRig
    projects: MemoryProjects
    ties: Ties
    session: ClientSession
    port: int

    @property
    def merchant(self) -> Merchant:
        return self.rig.merchant

    @property
    def records(self) -> list[StripeRecord]:
        return self.rig.publisher.records

    def types(self) -> list[str]:
        return [record.type for record in self.records]

    async def deliver(self, *events: Json) -> list[dict[str, object]]:
        """Send webhooks one after the other, each answered with 200; what the answers say."""
        return [await self._said(event) for event in events]

    async def status(self, event: Json, path: str = "p1") -> int:
        """The status that one webhook is answered with."""
        body = body_of(event)
        headers = {"Stripe-Signature": signature(body)}
        url = f"http://127.0.0.1:{self.port}/webhooks/stripe/{path}"
        async with self.session.post(url, data=body, headers=headers) as answer:
            return answer.status

    async def _said(self, event: Json) -> dict[str, object]:
        body = body_of(event)
        url = f"http://127.0.0.1:{self.port}/webhooks/stripe/p1"
        async with self.session.post(url, data=body, headers={"Stripe-Signature": signature(body)}) as answer:
            assert answer.status == 200, await answer.text()
            said: dict[str, object] = await answer.json()
            return said

    async def published(self, count: int) -> Sequence[StripeRecord]:
        """All records, as soon as there are so many."""
        await until(lambda: len(self.records) >= count, what=f"{count} records")
        return self.records

    def worth(self) -> Worth:
        """What the stream makes of all that was published."""
        stream = Stream(now=instant(self.merchant.fake))
        stream.feed(
            [MemoryRecord(STRIPE_EVENTS.name, n, key_of(each), encode(each)) for n, each in enumerate(self.records)]
        )
        return stream.worth()

    def truth(self) -> Worth:
        """What Stripe's own objects are worth."""
        fake = self.merchant.fake
        appraised = Appraisal(fake.world.store, fake.clock.now).by_customer()
        worth = {f"customer:{customer}": {c: a for c, a in each.items() if a} for customer, each in appraised.items()}
        return {client: amounts for client, amounts in worth.items() if amounts}


@asynccontextmanager
async def pipeline() -> AsyncIterator[Pipeline]:
    async with stripe_rig() as rig:
        projects, ties = MemoryProjects({"p1": project(accounts=(HERE,))}), Ties(rig.refetching)
        handler = Webhook(
            projects,
            rig.publisher,
            Doorkeeper(Buckets(PLENTY)),
            catalogues=rig.completing.catalogues,
            clock=lambda: NOW,
            lacking=rig.refetching.ask,
            published=ties.note,
            seen=SeenEvents(),
        )
        site = public_site(handler, Address("127.0.0.1", 0), EdgeLimits())
        async with site as port, ClientSession() as session:
            yield Pipeline(rig, projects, ties, session, port)
