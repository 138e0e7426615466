"""Who may ask for what: keys, scopes, and the wall between tenants."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from libs.runtime.api_keys import Scope, new_key
from services.api.access import KEPT_SECONDS, Access
from services.api.database import Database
from services.api.problems import Refused
from services.api.routes import ROUTES
from tests.api.builders import (
    client_delivery,
    client_record,
    event_delivery,
    failed_invoice,
    signal_delivery,
    signal_record,
    stripe_record,
)
from tests.api.calling import Api, is_problem

SECRETS = "/api/integrations/stripe/webhook-secrets"
SETTINGS = "/api/integrations/stripe/settings"
# What stands in a path for each of its parts; `{import:…}` names its shape too.
FILLED = {"client": "customer:cus_1", "customer": "cus_1", "alert": "sig_1", "name": "mrr", "import": "imp_0"}
PART = re.compile(r"\{(\w+)(?::[^}]*)?\}")
# They name nothing of anybody: a metric, and what a tenant may call its own.
NAMES_NOTHING = {"GET /api/metrics/{name}", "PUT /api/clients/{client}"}
ROUTE_IDS = [f"{route.method} {route.path}" for route in ROUTES]
BODIES: dict[str, dict[str, object]] = {
    "/api/keys": {"label": "x", "scopes": ["read"]},
    "/api/projects": {"name": "x"},
    SECRETS: {"secret": "whsec_0123456789"},
    SETTINGS: {"preset": "stripe"},
    "/api/integrations/stripe/key": {"key": "rk_live_1234567890"},
    "/api/integrations/stripe/sync": {"mode": "recent"},
    "/api/alerts/{alert}/snooze": {"hours": 1},
    "/api/customers/{customer}/client": {"client": "beta"},
}
# A run of `acme` on a connection of its own.
ADD_RUN = """
WITH added AS (
    INSERT INTO connections (project, id, account, livemode, name, state)
    VALUES ('acme', 'con_1', 'acct_1', true, 'Acme Ltd', 'active')
)
INSERT INTO sync_runs (project, id, connection, mode, state) VALUES ('acme', 'run_1', 'con_1', 'initial', 'queued')
"""


def address(path: str, **ids: str) -> str:
    """The path with an id in each of its places: one of `ids`, else one that nobody has."""
    known = FILLED | ids
    filled = PART.sub(lambda part: known.get(part[1], f"{part[1]}_x"), path)
    return filled + (f"?client={known['client']}" if path == "/api/mrr/explain" else "")


@pytest.mark.parametrize("route", ROUTES, ids=ROUTE_IDS)
@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(None, id="no key"),
        pytest.param("Bearer", id="an empty key"),
        pytest.param("Basic cnNrOng=", id="another scheme"),
        pytest.param(f"Bearer {new_key()}", id="a key of nobody"),
        pytest.param("Bearer rsk_ä", id="no ASCII"),
        pytest.param("Bearer " + "x" * 4000, id="a long one"),
    ],
)
async def test_every_route_asks_for_a_key(api: Api, route: Any, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = await api.with_key(None).call(route.method, address(route.path), headers=headers, json={})
    assert is_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", ["key", "api_key", "access_token", "authorization"])
async def test_a_key_in_the_query_is_not_read(api: Api, name: str) -> None:
    assert is_problem(await api.with_key(None).get(f"/api/metrics?{name}={api.key}"), 401, "unauthorized")


@pytest.mark.parametrize("route", ROUTES, ids=ROUTE_IDS)
async def test_every_route_asks_for_its_scope(api: Api, route: Any) -> None:
    others = [scope for scope in (Scope.READ, Scope.SYNC, Scope.ALERTS) if scope is not route.scope]
    caller = await api.as_project("acme", *others)
    answer = await caller.call(route.method, address(route.path), json=BODIES.get(route.path, {}))
    assert is_problem(answer, 403, "missing_scope")
    assert route.scope.value in answer.field("detail")


def name_of(route: Any) -> str:
    return f"{route.method} {route.path}"


# A stream has no end; what another tenant hears on it is tested with it.
ENDING = [route for route in ROUTES if not route.path.endswith("/stream")]


async def fill(api: Api) -> dict[str, str]:
    """Something of everything for `acme`; the ids that were given."""
    await api.holds(
        client_delivery(client_record(exact={"usd": "98765"})),
        event_delivery(stripe_record()),
        event_delivery(
            stripe_record("invoice.payment_failed", failed_invoice(), event_id="evt_2", at=datetime.now(UTC))
        ),
        signal_delivery(signal_record()),
    )
    key = await api.post("/api/keys", {"label": "x", "scopes": ["read"]})
    secret = await api.post(SECRETS, {"secret": "whsec_0123456789"})
    assert (key.status, secret.status) == (201, 201)
    assert (await api.patch(SETTINGS, {"preset": "baremetrics"})).status == 200
    connection = await asyncpg.connect(api.database_url)
    await connection.execute(ADD_RUN)
    await connection.close()
    return {"client": "customer:cus_1", "key": key.field("id"), "secret": secret.field("id"), "run": "run_1"}


@pytest.mark.parametrize("route", ENDING, ids=map(name_of, ENDING))
async def test_another_tenant_sees_nothing_through_any_route(api: Api, route: Any) -> None:
    ids = await fill(api)
    stranger = await api.as_project("stranger")
    path = address(route.path, **ids)
    answer = await stranger.call(route.method, path, json=BODIES.get(route.path, {}))
    asked_by_id = ("{" in route.path or "explain" in route.path) and name_of(route) not in NAMES_NOTHING
    assert is_problem(answer, 404, "not_found") if asked_by_id else answer.status < 500 or answer.status == 503
    traces = ["987.65", "sig_1", "acme", "Acme", *([] if "{" in route.path or asked_by_id else ids.values())]
    told = json.dumps(answer.content)
    assert [trace for trace in traces if trace in told and trace not in path] == []
    still_there = [await api.get("/api/keys"), await api.get(SECRETS)]
    assert ids["key"] in json.dumps(still_there[0].content)
    assert ids["secret"] in json.dumps(still_there[1].content)


async def test_counts_of_another_tenant_are_not_counted(api: Api) -> None:
    await fill(api)
    stranger = await api.as_project("stranger")
    said = (await stranger.get("/api/metrics")).field("metrics")
    assert (said["customers"], said["failed_payments"], said["active_subscriptions"]) == (0, 0, 0)


async def test_a_revoked_key_is_out_at_once_here_and_soon_elsewhere(api: Api, opened: Database) -> None:
    made = await api.post("/api/keys", {"label": "x", "scopes": ["read"]})
    reader = api.with_key(made.field("key"))
    clock = [0.0]
    elsewhere = Access(opened, lambda: clock[0])
    header = f"Bearer {made.field('key')}"
    assert (await reader.get("/api/metrics")).status == 200
    assert (await elsewhere.caller(header)).project == "acme"
    assert (await api.delete(f"/api/keys/{made.field('id')}")).status == 204
    assert (await reader.get("/api/metrics")).status == 401
    clock[0] = KEPT_SECONDS + 1
    with pytest.raises(Refused):
        await elsewhere.caller(header)


async def test_a_key_dies_when_its_time_has_come(api: Api, opened: Database) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
    made = await api.post("/api/keys", {"scopes": ["read"], "expires_at": soon})
    clock = [0.0]
    access = Access(opened, lambda: clock[0])
    await access.caller(f"Bearer {made.field('key')}")
    connection = await asyncpg.connect(api.database_url)
    await connection.execute(
        "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = $1", made.field("id")
    )
    await connection.close()
    clock[0] = 6.0
    with pytest.raises(Refused):
        await access.caller(f"Bearer {made.field('key')}")
