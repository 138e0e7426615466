"""`GET /api/integrations/stripe/status`: how each connection stands, and what to do where it does not stand well."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from aiohttp import web

from libs.domain.metrics import rate_text, ratio
from libs.domain.policy import Policy
from libs.domain.schedule import Schedule, next_run
from services.api.answers import answer
from services.api.asked import Asked
from services.api.connection_errors import error_of, webhook_state
from services.api.money import currency_of, in_one
from services.api.parameters import Query
from services.api.queries import figures, projects, schedules, status
from services.api.queries.status import Fields, Standing
from services.api.sharing import shared

OF_CONNECTION = (
    "id",
    "account",
    "name",
    "livemode",
    "state",
    "method",
    "scope",
    "connected_at",
    "disconnected_at",
    "last_successful_sync",
    "polled_until",
)
OF_RUN = ("id", "mode", "state", "requested_at", "started_at", "finished_at")


@shared
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
        schedule = await schedules.schedule(connection, asked.project, policy.timezone)
    mapping |= {"mrr_coverage": coverage(mapped, mrr, policy), "livemode": livemode}
    shown = [_shown(each, schedule, datetime.now(UTC)) for each in found]
    address = f"{asked.parts.webhook_base}/webhooks/stripe/{asked.project}"
    return answer({"connections": shown, "mapping": mapping, "drift": drift, "webhook_url": address})


def coverage(mapped: Mapping[str, Fraction], mrr: Mapping[str, Fraction], policy: Policy) -> str | None:
    """The share of MRR that is of mapped clients; None without MRR, or where it has several currencies and no base."""
    today = datetime.now(ZoneInfo(policy.timezone)).date()
    if currency_of(mrr, policy, today) is None:
        return None
    return rate_text(ratio(in_one(mapped, policy, today), in_one(mrr, policy, today)))


def _shown(found: Standing, schedule: Schedule, now: datetime) -> Fields:
    connection, webhooks = found.connection, found.webhooks
    return {
        **{name: connection[name] for name in OF_CONNECTION},
        "last_sync": None if found.run is None else {name: found.run[name] for name in OF_RUN},
        "next_sync": _next_sync(connection, schedule, now),
        "error": error_of(found, now),
        "deauthorization": connection["deauthorization"],
        "permissions": permissions_now(connection["permissions"], found.resources),
        "resources": found.resources,
        "webhook": {
            "state": webhook_state(webhooks, now),
            "last_event_at": webhooks.last_event_at,
            "events_24h": webhooks.events_24h,
            "skew_seconds": None if webhooks.skew_seconds is None else round(webhooks.skew_seconds, 3),
            "refused_at": webhooks.refused_at,
        },
    }


def permissions_now(tried: object, resources: Sequence[Fields]) -> list[Fields]:
    """What may be read: as it was tried when the account was connected, corrected by what the last sync has met."""
    met = {str(each["name"]): _may_be_read(each) for each in resources}
    held = tried if isinstance(tried, list) else []
    return [{**each, "read": each["read"] if (now := met.get(each["resource"])) is None else now} for each in held]


def _may_be_read(resource: Fields) -> bool | None:
    """None where the sync has not got far enough to tell."""
    error = resource["last_error"]
    if isinstance(error, dict) and error.get("code") == "permission_missing":
        return False
    return True if resource["state"] == "succeeded" else None


def _next_sync(connection: Fields, schedule: Schedule, now: datetime) -> datetime | None:
    """When events are polled next, as ingest reckons it; None where they aren't by themselves."""
    last = connection["polled_at"] or connection["connected_at"]
    if connection["state"] != "active" or not isinstance(last, datetime):
        return None
    planned = next_run(last, schedule)
    if planned is None:
        return None
    again_at = connection["again_at"]
    return max(now, planned, again_at if isinstance(again_at, datetime) else planned)
