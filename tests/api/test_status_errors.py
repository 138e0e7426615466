"""Each thing that can be wrong with a connection has a code of its own, and always says what to do."""

from datetime import UTC, datetime
from typing import Any

import pytest

from libs.stripe_gateway import StripeRefused, StripeUnavailable
from services.api.connection_errors import Told, error_of, webhook_state
from services.api.handlers.status import permissions_now
from services.api.queries.edge_health import Secrets, Webhooks
from services.api.queries.status import Fields, Standing
from services.ingest.accounts import error_content
from services.ingest.faults import fault_content
from services.ingest.postgres_accounts import NO_PLATFORM_KEY, UNREADABLE

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LAST_OK = datetime(2026, 3, 1, 11, tzinfo=UTC)
EARLIER = datetime(2026, 3, 1, 10, tzinfo=UTC)
HELD = Secrets(EARLIER, 1, 0)
HEALTHY = Webhooks(HELD, LAST_OK, 10, None, accepted_at=LAST_OK)
ALWAYS = {"code", "message", "hint", "resource", "stripe_request_id", "last_ok"}


def standing(
    error: Told | None = None,
    run: Fields | None = None,
    resource: Told | None = None,
    webhooks: Webhooks = HEALTHY,
    poll_error: Told | None = None,
) -> Standing:
    connection: Fields = {
        "state": "active" if error is None else "error",
        "error": error,
        "poll_error": poll_error,
        "last_successful_sync": LAST_OK,
    }
    failed: list[Fields] = [{"name": "invoices", "state": "failed", "last_error": resource}]
    return Standing(connection, run, failed if resource else [], webhooks)


def refused(status: int, code: str | None = None, path: str = "/v1/invoices") -> Fields:
    return error_content(StripeRefused(path, status, code, "req_1"))


def unavailable(status: int | None, code: str | None = None) -> Fields:
    return fault_content(StripeUnavailable("/v1/events", status, code, "req_1" if status else None))


def edge(**changed: Any) -> Webhooks:
    found: dict[str, Any] = {"secrets": HELD, "last_event_at": EARLIER, "events_24h": 1, "polled_at": None}
    return Webhooks(**{**found, "accepted_at": EARLIER, **changed})


WRONG = [
    pytest.param(standing(refused(401)), "key_refused", "req_1", "invoices", id="key rolled or deleted"),
    pytest.param(standing(refused(401, "api_key_expired")), "key_expired", "req_1", "invoices", id="key expired"),
    pytest.param(standing(refused(403, "account_invalid")), "access_revoked", "req_1", "invoices", id="access revoked"),
    pytest.param(standing(UNREADABLE), "credential_unreadable", None, None, id="key does not decrypt"),
    pytest.param(standing(NO_PLATFORM_KEY), "platform_key_missing", None, None, id="no platform key"),
    pytest.param(standing(resource=refused(403)), "permission_missing", "req_1", "invoices", id="permission lost"),
    pytest.param(standing(poll_error=unavailable(None)), "stripe_unreachable", None, "events", id="network down"),
    pytest.param(standing(poll_error=unavailable(500)), "stripe_unavailable", "req_1", "events", id="Stripe down"),
    pytest.param(standing(run={"state": "partial", "error": None}), "sync_partial", None, None, id="sync partial"),
    pytest.param(standing(run={"state": "failed", "error": None}), "sync_failed", None, None, id="sync failed"),
    pytest.param(
        standing(webhooks=edge(secrets=Secrets(EARLIER, 2, 1))),
        *("webhook_secret_unreadable", None, "webhooks"),
        id="signing secret does not decrypt",
    ),
    pytest.param(standing(webhooks=edge(refused_at=NOW)), "webhook_failing", None, "webhooks", id="signatures refused"),
    pytest.param(
        standing(webhooks=edge(wrong_mode_at=NOW, accepted_at=None)),
        *("webhook_wrong_mode", None, "webhooks"),
        id="wrong mode",
    ),
    pytest.param(
        standing(webhooks=edge(polled_at=LAST_OK)), "webhook_silent", None, "webhooks", id="polling finds more"
    ),
]


@pytest.mark.parametrize(("found", "code", "request_id", "resource"), WRONG)
def test_what_is_wrong_has_its_code_and_says_what_to_do(
    found: Standing, code: str, request_id: str | None, resource: str | None
) -> None:
    error = error_of(found, NOW)
    assert error is not None
    assert set(error) == ALWAYS
    assert (error["code"], error["stripe_request_id"], error["resource"]) == (code, request_id, resource)
    assert error["last_ok"] == LAST_OK
    assert all(str(error[name]).endswith((".", "start.")) for name in ("message", "hint"))


def test_codes_are_all_different() -> None:
    codes = [str(each.values[1]) for each in WRONG]
    assert len(codes) == len(set(codes))


def test_permission_names_the_resource_in_its_words() -> None:
    error = error_of(standing(resource=refused(403, path="/v1/coupons")), NOW)
    assert error is not None
    assert "coupons" in str(error["message"])
    assert "coupons" in str(error["hint"])


def test_permissions_are_corrected_by_what_the_last_sync_met() -> None:
    tried: list[Fields] = [{"resource": name, "read": True} for name in ("account", "invoices", "coupons")]
    tried += [{"resource": name, "read": False} for name in ("refunds", "disputes")]
    met: list[Fields] = [
        {"name": "invoices", "state": "failed", "last_error": refused(403)},
        {"name": "coupons", "state": "failed", "last_error": unavailable(500)},
        {"name": "refunds", "state": "succeeded", "last_error": None},
        {"name": "disputes", "state": "queued", "last_error": None},
    ]
    now = {str(each["resource"]): each["read"] for each in permissions_now(tried, met)}
    assert now == {"account": True, "invoices": False, "coupons": True, "refunds": True, "disputes": False}


def test_nothing_wrong_is_no_error() -> None:
    assert error_of(standing(run={"state": "succeeded", "error": None}), NOW) is None


def test_disconnected_connection_has_no_error() -> None:
    found = standing(refused(401))
    assert error_of(Standing({**found.connection, "state": "disconnected"}, None, [], HEALTHY), NOW) is None


@pytest.mark.parametrize(
    ("webhooks", "state"),
    [
        pytest.param(edge(secrets=Secrets()), "unset", id="no secret"),
        pytest.param(edge(), "healthy", id="events come"),
        pytest.param(edge(refused_at=LAST_OK), "failing", id="refused since the last good one"),
        pytest.param(edge(refused_at=EARLIER, accepted_at=LAST_OK), "healthy", id="good ones came since"),
        pytest.param(edge(secrets=Secrets(EARLIER, 1, 1)), "failing", id="the only secret does not decrypt"),
        pytest.param(edge(secrets=Secrets(EARLIER, 2, 1)), "healthy", id="another secret decrypts"),
        pytest.param(edge(polled_at=LAST_OK), "silent", id="polling brought a newer one"),
        pytest.param(edge(last_event_at=None), "silent", id="none ever"),
        pytest.param(edge(wrong_mode_at=NOW), "healthy", id="a live endpoint that brings test events too"),
    ],
)
def test_state_of_webhooks(webhooks: Webhooks, state: str) -> None:
    assert webhook_state(webhooks, NOW) == state


def test_test_events_at_a_live_endpoint_are_no_error() -> None:
    assert error_of(standing(webhooks=edge(wrong_mode_at=NOW)), NOW) is None
