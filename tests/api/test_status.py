"""The status tells how each connection stands, what is wrong with it and what to do: nothing is better than it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from libs.domain.schedule import Schedule, next_run
from libs.runtime.api_keys import Scope
from tests.api.builders import client_delivery, client_record, event_delivery, stripe_record
from tests.api.calling import Api, is_problem

PATH = "/api/integrations/stripe/status"
NOW = datetime.now(UTC)
REFUSED = """{"code": "key_refused", "message": "Stripe does not accept the key any more.", "hint": "Connect again.",
              "stripe_request_id": "req_1"}"""
NO_PERMISSION = """{"code": "permission_missing", "message": "The key may not read it.", "hint": "Give it.",
                    "stripe_request_id": "req_2"}"""


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


async def write(api: Api, statement: str, *values: object) -> None:
    connection = await asyncpg.connect(api.database_url)
    try:
        await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def connect(api: Api, id: str = "con_1", state: str = "active", error: str | None = None) -> None:  # noqa: A002
    await write(
        api,
        "INSERT INTO connections (project, id, account, livemode, name, state, credential, key_id, permissions, error)"
        " VALUES ('acme', $1, 'acct_1', $2, 'shop', $3, 'sealed', 'k', $4, $5)",
        id,
        id == "con_1",
        state,
        '[{"resource": "subscriptions", "read": true, "needed_for": "MRR"}]',
        error,
    )


async def sync(api: Api, id: str, state: str, at: datetime, **resources: tuple[str, str | None]) -> None:  # noqa: A002
    """A run that took a minute; resources by name with their state and last error."""
    await write(
        api,
        "INSERT INTO sync_runs (project, id, connection, mode, state, requested_at, started_at, finished_at)"
        " VALUES ('acme', $1, 'con_1', 'full', $2, $3, $3, $4)",
        *(id, state, at, at + timedelta(minutes=1)),
    )
    for place, (name, (its_state, error)) in enumerate(resources.items()):
        await write(
            api,
            "INSERT INTO sync_resources (project, run, name, place, state, rows, last_error)"
            " VALUES ('acme', $1, $2, $3, $4, 10, $5)",
            *(id, name, place, its_state, error),
        )


async def secret(api: Api, since: datetime) -> None:
    await write(
        api,
        "INSERT INTO webhook_secrets (project, id, secret, key_id, hint, created_at)"
        " VALUES ('acme', 'whs_1', 'sealed', 'k', '…', $1)",
        since,
    )


async def event(api: Api, id: str, at: datetime, source: str = "webhook") -> None:  # noqa: A002
    await api.holds(event_delivery(stripe_record(event_id=id, at=at, source=source)))


async def only(api: Api) -> dict[str, Any]:
    """The one connection's status."""
    answer = await api.get(PATH)
    assert answer.status == 200
    (found,) = answer.field("connections")
    shown: dict[str, Any] = found
    return shown


async def test_project_without_anything_says_so(api: Api) -> None:
    assert (await api.get(PATH)).content == {
        "connections": [],
        "mapping": {"customers": 0, "mapped": 0, "mrr_coverage": None, "livemode": True},
        "drift": {"checked_at": None, "found": None, "fixed": None},
        "webhook_url": "http://127.0.0.1:8081/webhooks/stripe/acme",
    }


async def test_a_good_connection(api: Api) -> None:
    await connect(api)
    await sync(api, "syn_1", "succeeded", ago(minutes=10), prices=("succeeded", None))
    found = await only(api)
    assert {name: found[name] for name in ("id", "account", "name", "livemode", "state", "error")} == {
        "id": "con_1",
        "account": "acct_1",
        "name": "shop",
        "livemode": True,
        "state": "active",
        "error": None,
    }
    assert datetime.fromisoformat(found["next_sync"]) > datetime.now(UTC)
    assert found["permissions"] == [{"resource": "subscriptions", "read": True, "needed_for": "MRR"}]
    assert datetime.fromisoformat(found["last_successful_sync"]) == ago(minutes=9)
    (resource,) = found["resources"]
    assert 600 <= resource.pop("lag_seconds") < 4000  # the run may have begun long before this test
    assert resource == {"name": "prices", "state": "succeeded", "rows": 10, "last_error": None}
    webhook = found["webhook"]
    assert webhook.pop("refused_at") is None
    assert webhook == {"state": "unset", "last_event_at": None, "events_24h": 0, "skew_seconds": None}


async def test_partial_is_no_success_and_names_what_is_missing(api: Api) -> None:
    await connect(api)
    await sync(api, "syn_1", "succeeded", ago(hours=5), prices=("succeeded", None), coupons=("succeeded", None))
    await sync(api, "syn_2", "partial", ago(hours=1), prices=("succeeded", None), coupons=("failed", NO_PERMISSION))
    found = await only(api)
    good = found["last_successful_sync"]
    assert datetime.fromisoformat(good) == ago(hours=5) + timedelta(minutes=1)
    assert (found["last_sync"]["id"], found["last_sync"]["state"]) == ("syn_2", "partial")
    assert found["error"] == {
        "code": "permission_missing",
        "message": "coupons: The key may not read it.",
        "hint": "Give it.",
        "stripe_request_id": "req_2",
        "resource": "coupons",
        "last_ok": good,
    }
    lags = {each["name"]: each["lag_seconds"] for each in found["resources"]}
    assert lags["prices"] < 4000
    assert lags["coupons"] > 17000


async def test_refused_key_is_the_error_before_all_others(api: Api) -> None:
    await connect(api, state="error", error=REFUSED)
    await sync(api, "syn_1", "partial", ago(hours=1), coupons=("failed", NO_PERMISSION))
    found = await only(api)
    assert found["state"] == "error"
    assert (found["error"]["code"], found["error"]["stripe_request_id"], found["error"]["last_ok"]) == (
        "key_refused",
        "req_1",
        None,
    )


async def test_disconnected_is_shown_without_error_and_without_next_sync(api: Api) -> None:
    await connect(api, state="disconnected", error=REFUSED)
    await write(api, "INSERT INTO event_cursors VALUES ('acme', 'con_1', now(), now(), NULL)")
    found = await only(api)
    assert (found["state"], found["error"], found["next_sync"]) == ("disconnected", None, None)


async def test_polling_tells_how_far_it_is_and_what_is_wrong(api: Api) -> None:
    await connect(api)
    await write(
        api,
        "INSERT INTO event_cursors VALUES ('acme', 'con_1', $1, $1, $2)",
        *(ago(minutes=5), '{"code": "stripe_unavailable", "message": "no answer", "hint": "wait"}'),
    )
    found = await only(api)
    assert datetime.fromisoformat(found["polled_until"]) == ago(minutes=5)
    assert datetime.fromisoformat(found["next_sync"]) == next_run(ago(minutes=5), Schedule())
    assert (found["error"]["code"], found["error"]["resource"]) == ("stripe_unavailable", "events")


@pytest.mark.parametrize(
    ("received", "polled", "state", "code"),
    [
        pytest.param([1], [], "healthy", None, id="one an hour ago"),
        pytest.param([30], [], "silent", None, id="none for a day"),
        pytest.param([], [], "silent", None, id="none ever"),
        pytest.param([2], [1], "silent", "webhook_silent", id="polling brought a newer one"),
        pytest.param([], [1], "silent", "webhook_silent", id="only polling brings any"),
        pytest.param([2], [0.1], "healthy", None, id="the polled one is so new that its webhook may come yet"),
        pytest.param([1], [2], "healthy", None, id="webhooks came again since"),
        pytest.param([], [50], "silent", None, id="polled from before there was a secret"),
    ],
)
async def test_state_of_webhooks(
    api: Api, received: list[float], polled: list[float], state: str, code: str | None
) -> None:
    await connect(api)
    await secret(api, ago(hours=48))
    for hours in received:
        await event(api, f"evt_w{hours}", ago(hours=hours))
    for hours in polled:
        await event(api, f"evt_p{hours}", ago(hours=hours), "events_api")
    found = await only(api)
    assert found["webhook"]["state"] == state
    assert found["webhook"]["events_24h"] == sum(hours < 24 for hours in received)
    assert (found["error"] or {}).get("code") == code


async def test_webhooks_of_another_mode_are_not_its_own(api: Api) -> None:
    await connect(api)
    await secret(api, ago(hours=48))
    await api.holds(event_delivery(stripe_record(at=ago(hours=1), livemode=False)))
    assert (await only(api))["webhook"]["last_event_at"] is None


async def test_mapping_counts_customers_whose_client_is_not_just_themselves(api: Api) -> None:
    customers = ("cus_1", "cus_2", "cus_3")
    await api.holds(*(event_delivery(stripe_record(customer=each)) for each in customers))
    await api.holds(
        client_delivery(client_record("customer:cus_1", exact={"usd": "1000"})),
        client_delivery(client_record("globex", exact={"usd": "2000"}, customers=("cus_2", "cus_3"))),
    )
    assert (await api.get(PATH)).field("mapping") == {
        "customers": 3,
        "mapped": 2,
        "mrr_coverage": "0.666667",
        "livemode": True,
    }


async def test_coverage_of_several_currencies_is_undefined_without_a_base(api: Api) -> None:
    await api.holds(client_delivery(client_record(exact={"usd": "1000", "eur": "500"})))
    assert (await api.get(PATH)).field("mapping", "mrr_coverage") is None


async def test_drift_is_that_of_the_last_comparison(api: Api) -> None:
    await connect(api)
    await connect(api, "con_2")
    for connection, hours, found in (("con_1", 30, 9), ("con_1", 6, 50), ("con_2", 5, 2)):
        await write(
            api,
            "INSERT INTO drift_reports (project, connection, checked_at, found, fixed) VALUES ('acme', $1, $2, $3, $3)",
            *(connection, ago(hours=hours), found),
        )
    drift = (await api.get(PATH)).field("drift")
    assert (datetime.fromisoformat(drift["checked_at"]), drift["found"], drift["fixed"]) == (ago(hours=6), 52, 52)


async def test_others_see_nothing_of_it(api: Api, other_project: str) -> None:
    await connect(api)
    stranger = await api.as_project(other_project, Scope.READ)
    assert (await stranger.get(PATH)).field("connections") == []
    assert is_problem(await api.get(f"{PATH}?x=1"), 400, "invalid_query")


async def test_delay_of_events_is_that_of_the_account_and_its_mode(api: Api) -> None:
    await connect(api)
    await secret(api, ago(hours=48))
    await event(api, "evt_1", ago(hours=1))
    seen = "INSERT INTO webhook_health (project, account, livemode, accepted, accepted_at, skew_seconds) VALUES"
    for account, livemode, at, skew in (
        ("acct_1", True, ago(hours=1), 0.73125),
        ("self", True, ago(hours=9), 5.0),
        ("acct_1", False, ago(minutes=1), 9.0),
        ("acct_2", True, ago(minutes=1), 9.0),
    ):
        await write(api, f"{seen} ('acme', $1, $2, 1, $3, $4)", account, livemode, at, skew)
    webhook = (await only(api))["webhook"]
    assert (webhook["state"], webhook["skew_seconds"]) == ("healthy", 0.731)


@pytest.mark.parametrize(
    ("refused", "state", "code"),
    [
        pytest.param(0.5, "failing", "webhook_failing", id="since the last good one"),
        pytest.param(2, "healthy", None, id="before the last good one"),
    ],
)
async def test_refused_signatures_are_told_until_a_good_one_comes(
    api: Api, refused: float, state: str, code: str | None
) -> None:
    await connect(api)
    await secret(api, ago(hours=48))
    await event(api, "evt_1", ago(hours=1))
    accepted = "INSERT INTO webhook_health (project, account, livemode, accepted, accepted_at) VALUES"
    await write(api, f"{accepted} ('acme', 'acct_1', true, 1, $1)", ago(hours=1))
    await write(api, "INSERT INTO webhook_refusals VALUES ('acme', 3, $1)", ago(hours=refused))
    found = await only(api)
    assert found["webhook"]["state"] == state
    assert (found["error"] or {}).get("code") == code


async def test_secret_that_does_not_decrypt_is_told(api: Api) -> None:
    await connect(api)
    await secret(api, ago(hours=48))
    await write(api, "UPDATE webhook_secrets SET unreadable_since = now()")
    found = await only(api)
    assert (found["webhook"]["state"], found["error"]["code"]) == ("failing", "webhook_secret_unreadable")
