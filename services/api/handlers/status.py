"""`GET /api/integrations/stripe/status`: how each connection stands, and what to do where it does not stand well."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from aiohttp import web

from libs.domain.metrics import rate_text, ratio
from libs.domain.policy import Policy
from libs.domain.schedule import Schedule, next_run
from services.api.answers import answer
from services.api.asked import Asked
from services.api.money import currency_of, in_one
from services.api.parameters import Query
from services.api.queries import figures, projects, status
from services.api.queries.status import Fields, Standing, Webhooks

DAY = timedelta(hours=24)
OF_CONNECTION = ("id", "account", "name", "livemode", "state", "connected_at", "disconnected_at")
OF_RUN = ("id", "mode", "state", "requested_at", "started_at", "finished_at")
WEBHOOKS_FAIL = {
    "code": "webhook_silent",
    "message": "Polling finds events that no webhook brought: the endpoint is missing or its signing secret is wrong.",
    "hint": "Check in Stripe's dashboard that the endpoint's address is right, and set its whsec_ secret here again.",
    "stripe_request_id": None,
}


async def stripe_status(asked: Asked) -> web.Response:
    """All connections with their syncs and webhooks, how far customers are mapped, and the last drift."""
    asked.query(Query)
    async with asked.database.reading(asked.project) as connection:
        found = await status.standings(connection, asked.project)
        policy = (await projects.settings(connection, asked.project)).policy()
        livemode = await projects.livemode(connection, asked.project, None)
        mapping = await status.mapping(connection, asked.project, livemode)
        mapped = await status.mapped_mrr(connection, asked.project, livemode)
        mrr = await figures.mrr(connection, asked.project, livemode)
        drift = await status.drift(connection, asked.project)
    mapping |= {"mrr_coverage": coverage(mapped, mrr, policy), "livemode": livemode}
    schedule = Schedule(policy.timezone)
    shown = [_shown(each, schedule, datetime.now(UTC)) for each in found]
    return answer({"connections": shown, "mapping": mapping, "drift": drift})


def coverage(mapped: Mapping[str, Fraction], mrr: Mapping[str, Fraction], policy: Policy) -> str | None:
    """The share of MRR that is of mapped clients; None without MRR, or where it has several currencies and no base."""
    today = datetime.now(ZoneInfo(policy.timezone)).date()
    if currency_of(mrr, policy, today) is None:
        return None
    return rate_text(ratio(in_one(mapped, policy, today), in_one(mrr, policy, today)))


def _shown(found: Standing, schedule: Schedule, now: datetime) -> Fields:
    connection, last_ok = found.connection, found.connection["last_successful_sync"]
    is_over = connection["state"] == "disconnected"
    error = None if is_over else _error(found, now)
    return {
        **{name: connection[name] for name in OF_CONNECTION},
        "last_successful_sync": last_ok,
        "last_sync": None if found.run is None else {name: found.run[name] for name in OF_RUN},
        "next_sync": _next_sync(connection, schedule, now),
        "polled_until": connection["polled_until"],
        "error": None if error is None else {**error, "last_ok": last_ok},
        "permissions": connection["permissions"],
        "resources": found.resources,
        "webhook": {
            "state": webhook_state(found.webhooks, now),
            "last_event_at": found.webhooks.last_event_at,
            "events_24h": found.webhooks.events_24h,
            "skew_seconds": None,  # measured by ingest, and told in its metrics only
        },
    }


def _error(found: Standing, now: datetime) -> Mapping[str, object] | None:
    """The first thing that is wrong, the worst first: the key, the last run, one of its resources, polling, webhooks.

    A resource that is tried again is told too: while it fails, the connection is not well.
    """
    for error in (found.connection["error"], found.run["error"] if found.run else None):
        if isinstance(error, dict):
            return error
    for resource in found.resources:
        error = resource["last_error"]
        if isinstance(error, dict) and resource["state"] != "succeeded":
            return {**error, "message": f"{resource['name']}: {error['message']}", "resource": resource["name"]}
    polling = found.connection["poll_error"]
    if isinstance(polling, dict):
        return {**polling, "resource": "events"}
    return WEBHOOKS_FAIL if webhook_state(found.webhooks, now) == "failing" else None


def _next_sync(connection: Fields, schedule: Schedule, now: datetime) -> datetime | None:
    """When events are polled next, as ingest reckons it; None where they aren't any more."""
    last = connection["polled_at"] or connection["connected_at"]
    if connection["state"] != "active" or not isinstance(last, datetime):
        return None
    return max(now, next_run(last, schedule))


def webhook_state(webhooks: Webhooks, now: datetime) -> str:
    """`unset`: no secret; `failing`: polling brought a newer event; `silent`: none for a day; else `healthy`."""
    if webhooks.secrets_since is None:
        return "unset"
    last, polled = webhooks.last_event_at, webhooks.polled_at
    if polled is not None and (last is None or polled > last):
        return "failing"
    return "healthy" if last is not None and now - last < DAY else "silent"
