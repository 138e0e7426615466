"""A client as the contract shows it: what it pays and how it stands, with its entry in the directory."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from http import HTTPStatus

from aiohttp import web

from libs.domain.policy import Policy
from libs.wire.codec import decode
from libs.wire.contribution_codec import exact_amount
from libs.wire.records import ClientRecord
from services.api.answers import answer
from services.api.asked import Asked
from services.api.database import Connection
from services.api.money import by_currency, total, yearly
from services.api.preconditions import version_tag
from services.api.problems import Refused, not_found
from services.api.queries import clients, projects
from services.api.queries.clients import ClientFound
from services.api.segments import Thresholds, segment_of, thresholds

# What a record says that names no money: as it is.
AS_TOLD = (
    "mrr_by_currency", "exact_by_currency", "customers", "subscriptions", "active_subscriptions", "contributions",
    "members", "incomplete", "first_paid_at", "caused_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a client is shown: the project's rules and thresholds, and the day whose rates hold."""

    policy: Policy
    limits: Thresholds
    day: date


async def terms(connection: Connection, project: str) -> Terms:
    """Those of a project, today."""
    policy = (await projects.settings(connection, project)).policy()
    return Terms(policy, await thresholds(connection, project), datetime.now(UTC).date())


def client_content(found: ClientFound, by: Terms) -> dict[str, object]:
    """All of a client; without revenue all its amounts are empty."""
    record = _record(found)
    exact = _amounts(record)
    return {
        "client": found.client,
        "name": found.name,
        "livemode": found.livemode,
        "mrr": total(exact, by.policy, by.day),
        "arr": total(yearly(exact), by.policy, by.day),
        "status": found.shown_status,
        "segment": segment_of(found.largest, by.limits),
        "health": None if found.health is None else {"score": found.health.score, "parts": found.health.parts},
        **{name: getattr(record, name) for name in AS_TOLD},
        "open_signals": found.open_signals,
        "other_mode": other_mode_content(found),
        "as_of": record.as_of,
        **directory_content(found),
    }


def other_mode_content(found: ClientFound) -> dict[str, object] | None:
    """What the client has in the other mode, which no figure of it counts: test data beside a client shown live."""
    other = found.other
    if other is None:
        return None
    side_by_side = by_currency(other.exact)
    return {
        "livemode": not found.livemode,
        "customers": other.customers,
        "active_subscriptions": other.active_subscriptions,
        "mrr_by_currency": side_by_side["by_currency"],
        "exact_by_currency": side_by_side["exact"],
    }


def amounts_of(found: ClientFound) -> dict[str, Fraction]:
    """Its exact MRR in minor units, by currency."""
    return _amounts(_record(found))


def _amounts(record: ClientRecord) -> dict[str, Fraction]:
    return {currency: exact_amount(text) for currency, text in record.exact_by_currency.items()}


def directory_content(found: ClientFound) -> dict[str, object]:
    """What people say of the client; nothing for one that is in no directory."""
    entry = found.directory
    return {
        "listed": entry is not None,
        "version": 0 if entry is None else entry.version,
        "stakeholder_emails": () if entry is None else entry.stakeholder_emails,
        "domains": () if entry is None else entry.domains,
        "stripe_customers": () if entry is None else entry.stripe_customers,
    }


async def client_answer(asked: Asked, client: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """The client as it is after a change of it. Raises Refused (404) where there is none."""
    async with asked.database.reading(asked.project) as connection:
        by = await terms(connection, asked.project)
        found = await clients.one(connection, asked.project, client)
    if found is None:
        raise Refused(not_found(f"client {client}"))
    response = answer(client_content(found, by), status)
    response.headers["ETag"] = version_tag(0 if found.directory is None else found.directory.version)
    return response


def _record(found: ClientFound) -> ClientRecord:
    if found.record is not None:
        return decode(found.record, ClientRecord)
    return ClientRecord(
        project="",
        client=found.client,
        livemode=True,
        status="none",
        mrr_by_currency={},
        exact_by_currency={},
        active_subscriptions=0,
        active_subscribers=0,
        customers=(),
        subscriptions=(),
        contributions={},
        as_of=found.as_of,
        revision=0,
    )
