"""Stand-ins that keep to the same contracts as Kafka and PostgreSQL, and signed events made by hand."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from libs.wire.records import StripeRecord
from libs.wire.stripe_event import cut_short
from services.ingest.projects import ConnectedAccount, Project, StoreUnavailable
from services.ingest.publisher import NotPublished, RecordTooLarge

SECRET = b"whsec_test"
NOW = 1_800_000_000


class MemoryPublisher:
    """Keeps records in memory; `is_reachable` False stands for a broker that is away."""

    def __init__(self, most_bytes: int = 2 * 1024 * 1024) -> None:
        self.records: list[StripeRecord] = []
        self.is_reachable = True
        self._most_bytes = most_bytes

    async def publish(self, record: StripeRecord) -> None:
        await self.offer(record)

    def offer(self, record: StripeRecord) -> "asyncio.Future[None]":
        if len(bytes(record.object)) > self._most_bytes:
            cut = cut_short(record)
            if cut is None:
                raise RecordTooLarge(record.type)
            record = cut
        if not self.is_reachable:
            raise NotPublished("the broker is away")
        self.records.append(record)
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        acknowledged.set_result(None)
        return acknowledged


@dataclass
class MemoryProjects:
    """Projects by id; `is_reachable` False stands for a database that is away."""

    by_id: dict[str, Project] = field(default_factory=dict)
    is_reachable: bool = True
    asked: int = 0

    def known(self, project: str) -> Project | None:
        return self.by_id.get(project) if self.is_reachable else None

    async def find(self, project: str) -> Project | None:
        self.asked += 1
        if not self.is_reachable:
            raise StoreUnavailable("the database is away")
        return self.by_id.get(project)

    async def every(self) -> dict[str, Project]:
        self.asked += 1
        if not self.is_reachable:
            raise StoreUnavailable("the database is away")
        return dict(self.by_id)


def project(
    name: str = "p1", *secrets: bytes, accounts: tuple[ConnectedAccount, ...] = (), unreadable: int = 0
) -> Project:
    return Project(name, secrets or (SECRET,), accounts, unreadable)


def subscription(**changes: object) -> dict[str, object]:
    price = {"id": "price_1", "object": "price", "currency": "usd", "unit_amount": 1000, "type": "recurring",
             "billing_scheme": "per_unit", "product": "prod_1",
             "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"}}  # fmt: skip
    item = {"id": "si_1", "object": "subscription_item", "price": price, "quantity": 1}
    return {"id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active", "currency": "usd",
            "items": {"object": "list", "data": [item], "has_more": False}} | changes  # fmt: skip


def event(kind: str = "customer.subscription.updated", **changes: object) -> dict[str, object]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": NOW,
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": subscription()},
    } | changes


def body_of(value: Mapping[str, object]) -> bytes:
    return json.dumps(value).encode()


def v1(body: bytes, secret: bytes = SECRET, at: int | str = NOW) -> str:
    return hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def signature(body: bytes, secret: bytes = SECRET, at: int = NOW) -> str:
    """The header that Stripe would send."""
    return f"t={at},v1={v1(body, secret, at)}"
