"""The checks of `revstream doctor` on the accounts at Stripe: access, permissions, webhooks, delays, mapping."""

from collections.abc import Iterable, Sequence

import aiohttp
import asyncpg

from libs.cli.api_client import ApiClient, ApiRefused, Json
from libs.cli.asking import STRIPE
from libs.cli.findings import Finding, Place, good, problem, skipped
from libs.cli.mapping_told import mapped
from libs.runtime.postgres import EVERY_PROJECT

CONNECT_SECONDS = 5.0
MOST_AHEAD_SECONDS = 5.0
MOST_DELAY_SECONDS = 300.0
# Of the names in libs.stripe_gateway.permissions: that would load the whole of Stripe's package.
INDISPENSABLE = frozenset({"account", "subscriptions", "customers", "prices", "coupons"})
CONNECTIONS = """
SELECT project, account, livemode, state, error ->> 'message' AS message, error ->> 'hint' AS hint
FROM connections WHERE state <> 'disconnected' ORDER BY project, id
"""


async def stripe(place: Place, key: str | None) -> list[Finding]:
    """How connections and webhooks stand: of the key's project by the API, else connections alone from PostgreSQL."""
    if key is None or place.api is None:
        untold = "no API key was given"
        hint = "Give --api-key or set REVSTREAM_API_KEY."
        checks = ("permissions", "webhooks", "delay", "mapping")
        return [*await _stored_connections(place), *(skipped(check, untold, hint) for check in checks)]
    try:
        async with ApiClient(place.api.rstrip("/"), key) as api:
            status = await api.get(f"{STRIPE}/status")
    except ApiRefused as refused:
        return [problem("stripe", str(refused), "Give a key with the scope read.")]
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return [problem("stripe", f"the API does not answer: {type(error).__name__}", "Look at the api service.")]
    return [*_of_connections(status["connections"]), *mapping(status.get("mapping"))]


def _of_connections(connections: Sequence[Json]) -> list[Finding]:
    lasting = [each for each in connections if each["state"] != "disconnected"]
    found = _connections(_told_connection(each) for each in lasting)
    for check in (permissions, webhook, delay):
        found += [check(each) for each in lasting]
    return found


def permissions(connection: Json) -> Finding:
    """What the key may not read; a problem where MRR can't be right without it."""
    lacking = [each["resource"] for each in connection.get("permissions") or [] if not each["read"]]
    name = named(connection)
    if not lacking:
        return good("permissions", f"{name}: all may be read")
    told = f"{name}: {', '.join(lacking)} may not be read"
    if not INDISPENSABLE & set(lacking):
        return good("permissions", f"{told}; MRR does not need them")
    return problem("permissions", told, "Give the key read permission for these in Stripe's dashboard.")


def webhook(connection: Json) -> Finding:
    """Whether events come by themselves."""
    told, name = connection["webhook"], named(connection)
    error = connection["error"] if is_of_webhooks(connection["error"]) else None
    if told["state"] == "unset":
        return problem("webhooks", f"{name}: no signing secret is set", "Set the endpoint's whsec_ secret.")
    if error:
        return problem("webhooks", f"{name}: {error['message']}", error["hint"])
    if told["state"] == "failing":
        return problem("webhooks", f"{name}: signatures are refused", "Check the endpoint's signing secret.")
    return good("webhooks", f"{name}: {told['state']}, {told['events_24h']} events in 24 hours")


def delay(connection: Json) -> Finding:
    """How long after Stripe made them events come. Before they were made: our clock is slow."""
    skew, name = connection["webhook"].get("skew_seconds"), named(connection)
    if skew is None:
        return good("delay", f"{name}: no webhook was timed yet")
    if skew < -MOST_AHEAD_SECONDS:
        hint = "Let this machine follow a time server: signatures are taken within 300 s only."
        return problem("delay", f"{name}: events come {-skew:.0f} s before they were made: our clock is slow", hint)
    if skew > MOST_DELAY_SECONDS:
        hint = "Compare this machine's clock with a time server; else Stripe or what stands before us is slow."
        return problem("delay", f"{name}: events come {skew:.0f} s after they were made", hint)
    return good("delay", f"{name}: events come {skew:.1f} s after they were made")


def mapping(told: Json | None) -> list[Finding]:
    """How far customers are mapped to clients; those that are not are clients of their own, so it is no problem."""
    if not told:
        return []
    return [good("mapping", f"{mapped(told)} are mapped to clients")]


def is_of_webhooks(error: Json | None) -> bool:
    """Whether the endpoint is what is wrong, and not the account."""
    return error is not None and str(error.get("code", "")).startswith("webhook")


def named(connection: Json) -> str:
    """The account; one of test mode says so."""
    return str(connection["account"]) + ("" if connection.get("livemode", True) else " (TEST MODE)")


async def _stored_connections(place: Place) -> list[Finding]:
    if place.database is None:
        return [skipped("stripe", "neither an API key nor a database is known")]
    try:
        connection = await asyncpg.connect(place.database, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS)
        try:
            async with connection.transaction(readonly=True):
                await connection.execute(EVERY_PROJECT)
                rows = await connection.fetch(CONNECTIONS)
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError):
        return [skipped("stripe", "PostgreSQL does not tell")]
    return _connections((f"{row['project']}: {named(dict(row))}", row["state"], row) for row in rows)


def _told_connection(connection: Json) -> tuple[str, str, Json | None]:
    error = connection["error"]
    return named(connection), connection["state"], None if is_of_webhooks(error) else error


def _connections(found: "Iterable[tuple[str, str, Json | asyncpg.Record | None]]") -> list[Finding]:
    findings = []
    for name, state, error in found:
        if state == "active" and (error is None or error["message"] is None):
            findings.append(good("stripe", f"{name} is connected"))
        else:
            told, hint = (error["message"], error["hint"]) if error else (None, None)
            findings.append(problem("stripe", f"{name}: {told or state}", hint or "Connect the account again."))
    return findings or [good("stripe", "no account is connected yet")]
