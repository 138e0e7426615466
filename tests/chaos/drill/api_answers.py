"""All that the API says of a project, but for what tells of the telling: two projects can be compared byte for byte."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import ClientSession

from services.api.series import NEEDS

PERIOD = "from=2025-12-15&to=2026-07-10"
INSTANTS = ("2026-02-11T00:00:00Z", "2026-03-01T12:00:00Z", "2026-04-20T08:30:00Z", "2026-06-30T00:00:00Z")
PARTS = ("subscriptions", "movements", "invoices", "signals", "timeline")

# When it was asked or evaluated, and where it stood on the topics. Nothing else may differ.
OF_THE_TELLING = frozenset({"as_of", "freshness_seconds", "revision"})
SIGNED = "next_cursor"
"""Signed for its project; whether there is one is compared, and what is on the page that it leads to."""

LEDGER = "/api/mrr/movements?limit=1000"
WHOLE = (
    *(f"/api/clients?limit=200&sort={sort}" for sort in ("-mrr", "name")),
    "/api/clients?limit=200&status=churned",
    "/api/customers?limit=200",
    "/api/customers?limit=200&mapped=false",
    "/api/subscriptions?limit=200",
    f"/api/invoices?{PERIOD}",
    f"/api/trials?limit=200&{PERIOD}",
    f"/api/renewals?limit=200&{PERIOD}",
    f"/api/cancellations?limit=200&{PERIOD}",
    "/api/cancellations?limit=200&scheduled=true",
    "/api/payments/failed?limit=200",
    "/api/cards/expiring",
    "/api/segments",
    "/api/fx-rates",
    LEDGER,
    "/api/mrr/movements?limit=1000&currency=eur&kind=churn",
    f"/api/mrr/waterfall?{PERIOD}",
    f"/api/mrr/changes?{PERIOD}",
    "/api/mrr/definitions?limit=200",
    f"/api/metrics?{PERIOD}&compare=previous_period",
    f"/api/metrics/mrr?{PERIOD}&interval=day",
    f"/api/metrics/net?{PERIOD}&interval=week&compare=previous_year",
    f"/api/metrics/mrr?{PERIOD}&interval=week&currency=eur",
    f"/api/metrics/mrr?{PERIOD}&interval=month&segment=growth",
    f"/api/metrics/mrr?{PERIOD}&interval=week&client=big",
    "/api/metrics/cohorts",
    *(f"/api/metrics/{name}?{PERIOD}&interval=month" for name in sorted(NEEDS)),
)


@dataclass(frozen=True, slots=True)
class Asking:
    """One project, asked over HTTP with a key of its own."""

    session: ClientSession
    url: str
    key: str
    project: str

    async def everything(self, each: int) -> Mapping[str, bytes]:
        """Every answer by its question: the project's whole, and all about one client in so many."""
        found = {path: await self.pages(path) for path in WHOLE}
        listed = orjson.loads(found["/api/clients?limit=200&sort=name"])
        clients = sorted(one["client"] for page in listed for one in page["data"])
        for path in _about({"big", *clients[::each]}):
            found[path] = await self.pages(path)
        return found

    async def pages(self, path: str) -> bytes:
        """All pages of an answer."""
        found, cursor = [], None
        while True:
            content = await self.answer(
                path if cursor is None else f"{path}{'&' if '?' in path else '?'}cursor={cursor}"
            )
            cursor = content.get(SIGNED)
            found.append(_compared(content))
            if cursor is None:
                return orjson.dumps(found).replace(self.project.encode(), b"the project")

    async def answer(self, path: str) -> Any:
        """The JSON of one answer."""
        async with self.session.get(f"{self.url}{path}", headers={"Authorization": f"Bearer {self.key}"}) as response:
            assert response.status == 200, (path, response.status, await response.text())
            return orjson.loads(await response.read())


def _about(clients: set[str]) -> Iterator[str]:
    for client in sorted(clients):
        name = quote(client, safe="")
        yield f"/api/clients/{name}"
        yield from (f"/api/clients/{name}/{part}{'' if part == 'timeline' else '?limit=200'}" for part in PARTS)
        yield from (f"/api/mrr/explain?client={name}&at={at}" for at in INSTANTS)


def _compared(value: Any) -> Any:
    """The answer without what tells of the telling; a cursor only as there or not."""
    if isinstance(value, dict):
        kept = {name: _compared(one) for name, one in value.items() if name not in OF_THE_TELLING}
        return kept | {SIGNED: value[SIGNED] is not None} if SIGNED in value else kept
    return [_compared(one) for one in value] if isinstance(value, list) else value


def differences(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> Sequence[str]:
    """The questions that are answered differently, each with where the answers part."""
    return [
        f"{path}: {_parting(one.get(path, b''), other.get(path, b''))}"
        for path in sorted({*one, *other})
        if one.get(path) != other.get(path)
    ]


def _parting(one: bytes, other: bytes) -> str:
    place = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    begin = max(0, place - 120)
    return f"…{one[begin : place + 120]!r} ≠ …{other[begin : place + 120]!r}"
