"""`revstream connect`, `status` and `sync`: what they ask, what they print, how they end."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.migrations import upgrade
from libs.runtime.api_keys import digest
from tests.cli.scripted_api import KEY, Answers, revstream, scripted_api

STRIPE = "/api/integrations/stripe"
CONNECTED = {
    "connection": {"id": "con_1", "account": "acct_1", "livemode": False, "name": "shop", "state": "active"},
    "permissions": [
        {"resource": "subscriptions", "read": True, "needed_for": "MRR"},
        {"resource": "disputes", "read": False, "needed_for": "dispute signals"},
    ],
    "run": {"id": "syn_1", "mode": "initial", "state": "queued"},
}
REFUSED = {"code": "stripe_key_invalid", "detail": "Stripe does not accept this key.", "hint": "Copy it in full."}


def run(state: str, rows: int = 0, **changes: object) -> dict[str, Any]:
    resource = {"name": "subscriptions", "state": state, "rows": rows, "pages": 1, "last_error": None}
    return {"id": "syn_1", "mode": "full", "connection": "con_1", "state": state, "error": None,
            "resources": [resource]} | changes  # fmt: skip


def status(**changes: object) -> dict[str, Any]:
    connection = {
        "id": "con_1",
        "account": "acct_1",
        "name": "shop",
        "livemode": False,
        "state": "active",
        "error": None,
        "last_successful_sync": "2026-11-01T10:00:00Z",
        "next_sync": None,
        "last_sync": {"id": "syn_1", "state": "partial"},
        "resources": [{"name": "prices", "state": "succeeded", "rows": 7, "lag_seconds": 1.0, "last_error": None}],
        "webhook": {"state": "silent", "last_event_at": None, "events_24h": 0, "skew_seconds": None},
    }
    drift = {"checked_at": "2026-11-01T02:00:00Z", "found": 3, "fixed": 3}
    mapping = {"customers": 9, "mapped": 4, "mrr_coverage": "0.5"}
    return {"connections": [connection | changes], "mapping": mapping, "drift": drift}


ERROR = {"code": "key_refused", "message": "Stripe refuses the [key].", "hint": "Connect again.",
         "stripe_request_id": "req_1", "last_ok": None}  # fmt: skip


async def test_connect_shows_what_the_key_may_read() -> None:
    async with scripted_api(**{f"POST {STRIPE}/key": [(201, CONNECTED)]}) as api:
        ended = await api.revstream("connect", "--key", "rk_test_1", "--label", "shop")
    assert api.asked == [(f"POST {STRIPE}/key", {"key": "rk_test_1", "label": "shop"}, f"Bearer {KEY}")]
    assert ended.code == 0
    for told in ("subscriptions", "dispute signals", "TEST MODE", "acct_1 is connected as con_1", "syn_1"):
        assert told in ended.output
    assert "rk_test_1" not in ended.output + ended.errors


async def test_connect_for_programs_and_a_key_that_stripe_refuses() -> None:
    async with scripted_api(**{f"POST {STRIPE}/key": [(201, CONNECTED), (400, REFUSED)]}) as api:
        assert (await api.revstream("connect", "--key", "rk_test_1", "--json")).json == [CONNECTED]
        ended = await api.revstream("connect", "--key", "rk_test_2")
    assert (ended.code, ended.output) == (1, "")
    assert "Stripe does not accept this key. Copy it in full." in ended.errors


async def test_connect_by_oauth_tells_where_to_agree() -> None:
    address = "https://connect.stripe.com/oauth/authorize?state=s"
    begun: dict[str, object] = {"url": address, "livemode": False, "scope": "read_only"}
    async with scripted_api(**{f"GET {STRIPE}/start": [(200, begun)]}) as api:
        ended = await api.revstream("connect", "--oauth")
        both = await api.revstream("connect", "--oauth", "--key", "rk_test_1")
        neither = await api.revstream("connect")
    assert ended.code == 0
    assert address in ended.output
    assert "TEST MODE" in ended.output
    assert (both.code, neither.code) == (2, 2)
    assert "either --key or --oauth" in both.errors


async def test_connect_by_project_uses_a_key_that_soon_ends(database: str) -> None:
    await upgrade(database)
    async with scripted_api(**{f"POST {STRIPE}/key": [(201, CONNECTED)]}) as api:
        ended = await api.revstream("connect", "--key", "rk_test_1", "--project", "acme", DATABASE_URL=database)
    assert ended.code == 0
    ((_, _, authorization),) = api.asked
    connection = await asyncpg.connect(database)
    await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
    row = await connection.fetchrow("SELECT project, sha256, expires_at < now() + interval '11 minutes' FROM api_keys")
    await connection.close()
    assert row is not None
    assert tuple(row) == ("acme", digest(str(authorization).removeprefix("Bearer ")), True)


async def test_status_tells_people_how_it_stands() -> None:
    async with scripted_api(**{f"GET {STRIPE}/status": [(200, status())]}) as api:
        ended = await api.revstream("status")
    assert ended.code == 0
    for told in ("shop (acct_1, TEST MODE)", "syn_1: partial", "silent, 0 events", "7 rows", "4 of 9", "3 differences"):
        assert told in ended.output


async def test_status_ends_with_1_when_something_is_wrong() -> None:
    wrong = status(state="error", error=ERROR)
    async with scripted_api(**{f"GET {STRIPE}/status": [(200, wrong)]}) as api:
        people, program = await api.revstream("status"), await api.revstream("status", "--json")
    assert (people.code, program.code) == (1, 1)
    assert program.json == [wrong]
    assert "Stripe refuses the [key]. (Stripe request req_1)" in people.output
    assert "Connect again." in people.output


async def test_sync_without_watching_starts_a_run() -> None:
    async with scripted_api(**{f"POST {STRIPE}/sync": [(202, {"run": run("queued")})]}) as api:
        ended = await api.revstream("sync", "--json", "--connection", "con_1")
    assert api.asked[0][1] == {"mode": "full", "connection": "con_1"}
    assert (ended.code, ended.json) == (0, [{"run": run("queued")}])


@pytest.mark.parametrize(("last", "code"), [("succeeded", 0), ("partial", 1), ("failed", 1), ("cancelled", 1)])
async def test_watched_sync_tells_each_change_and_how_it_ended(last: str, code: int) -> None:
    answers: Answers = {
        f"POST {STRIPE}/sync": [(202, {"run": run("queued")})],
        f"GET {STRIPE}/syncs/syn_1": [(200, {"run": run("running", 100)}), (200, {"run": run(last, 120)})],
    }
    async with scripted_api(**answers) as api:
        ended = await api.revstream("sync", "--watch", "--json")
    assert ended.code == code
    assert ended.json == [{"run": run("queued")}, {"run": run("running", 100)}, {"run": run(last, 120)}]


async def test_what_runs_is_called_off() -> None:
    answers: Answers = {
        f"GET {STRIPE}/syncs": [(200, {"data": [run("running", 5), run("succeeded", 9)]}), (200, {"data": []})],
        f"DELETE {STRIPE}/syncs/syn_1": [(200, {"run": run("cancelled", 5)})],
    }
    async with scripted_api(**answers) as api:
        cancelled, nothing = await api.revstream("sync", "--cancel", "--json"), await api.revstream("sync", "--cancel")
    assert (cancelled.code, cancelled.json) == (0, [{"run": run("cancelled", 5)}])
    assert (nothing.code, nothing.errors) == (1, "revstream: no sync is running\n")


async def test_a_sync_that_runs_already_is_watched_and_for_people_told_in_lines() -> None:
    refused = {"code": "sync_running", "detail": "not finished", "hint": "", "run": run("running", 5)}
    answers: Answers = {
        f"POST {STRIPE}/sync": [(409, refused)],
        f"GET {STRIPE}/syncs/syn_1": [(200, {"run": run("failed", 9, error=ERROR)})],
    }
    async with scripted_api(**answers) as api:
        watched, started = await api.revstream("sync", "--watch"), await api.revstream("sync")
    assert (watched.code, started.code) == (1, 1)
    assert "subscriptions=9" in watched.errors
    assert "Connect again." in watched.errors
    assert "not finished" in started.errors


async def test_without_a_key_or_an_api_each_says_what_to_do(tmp_path: Path) -> None:
    nowhere = await revstream("status", "--api-key", KEY, REVSTREAM_HOME=str(tmp_path))
    assert (nowhere.code, "revstream up" in nowhere.errors) == (3, True)
    away = await revstream("sync", "--api-key", KEY, PUBLIC_URL="http://127.0.0.1:1")
    assert (away.code, "no API of revstream answers" in away.errors) == (3, True)
    keyless = await revstream("status", PUBLIC_URL="http://127.0.0.1:1")
    assert (keyless.code, "REVSTREAM_API_KEY" in keyless.errors) == (2, True)


@pytest.mark.parametrize(("status_code", "code"), [(401, 2), (403, 2), (503, 3), (404, 1)])
async def test_a_refusal_is_a_sentence_and_an_exit_code(status_code: int, code: int) -> None:
    problem = {"code": "some_code", "detail": "What happened.", "hint": "What to do."}
    async with scripted_api(**{f"GET {STRIPE}/status": [(status_code, problem)]}) as api:
        ended = await api.revstream("status")
    assert (ended.code, ended.output) == (code, "")
    assert "What happened. What to do." in ended.errors
    assert "Traceback" not in ended.errors
