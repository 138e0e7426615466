"""Connecting by OAuth over HTTP: the exact answer to everything that can come back, and how often Stripe was asked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from libs.fake_stripe.rest.outage import Mode
from libs.runtime.api_keys import Scope
from libs.runtime.health import Readiness
from services.api.deauthorizing import give_back_due
from services.api.edge import Address, site
from services.api.site import application
from tests.api.calling import Answer, Api
from tests.api.oauth_rig import CALLBACK, DEAUTHORIZE, PATH, TOKEN, OAuthRig, oauth_rig
from tests.stripe_gateway.merchants import Merchant


@pytest.fixture
async def rig(api: Api) -> AsyncIterator[OAuthRig]:
    async with oauth_rig(api, Merchant()) as made:
        yield made


async def nothing_connected(rig: OAuthRig, answer: Answer, code: str, status: int = 400) -> None:
    """The answer is this problem, and no connection came of it."""
    assert (answer.status, answer.field("code")) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.field("hint")
    assert await rig.rows("SELECT FROM connections") == []


async def test_start_names_what_is_asked_for_and_keeps_only_a_hash(rig: OAuthRig) -> None:
    answer = await rig.api.get(f"{PATH}/start")
    url = urlsplit(answer.field("url"))
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    state = asked.pop("state")
    assert url.path == "/oauth/authorize"
    assert asked == {
        "response_type": "code",
        "client_id": "ca_fake",
        "scope": "read_only",
        "redirect_uri": f"http://127.0.0.1:8080{CALLBACK}",
    }
    assert len(state) >= 43  # 256 bits
    (row,) = await rig.rows("SELECT *, expires_at - created_at AS lives FROM oauth_states")
    assert (row["project"], row["scope"], row["livemode"], row["lives"].seconds) == ("acme", "read_only", False, 600)
    assert state not in str(dict(row))


async def test_browser_that_follows_a_link_is_sent_to_stripe(rig: OAuthRig) -> None:
    headers = {"Accept": "text/html,*/*;q=0.8"}
    answer = await rig.api.call("GET", f"{PATH}/start", headers=headers, allow_redirects=False)
    assert (answer.status, answer.headers["Cache-Control"]) == (303, "no-store")
    returned = await rig.agreed(answer.headers["Location"])
    assert (await rig.back(returned)).status == 200


async def test_owner_who_agrees_has_the_account_connected_and_read(rig: OAuthRig) -> None:
    answer = await rig.connected()
    assert answer.status == 200
    assert answer.field("connection", "account") == rig.merchant.fake.world.settings.account
    assert answer.field("connection", "livemode") is False
    assert (answer.field("run", "mode"), answer.field("run", "state")) == ("initial", "queued")
    assert all(each["read"] for each in answer.field("permissions"))
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    (row,) = await rig.rows("SELECT * FROM connections")
    assert (row["method"], row["scope"], row["credential"]) == ("oauth", "read_only", None)
    assert rig.merchant.calls(TOKEN) == 1
    assert await rig.audited() == [("connection.connected", row["id"])]


async def test_browser_is_sent_to_the_dashboard(rig: OAuthRig) -> None:
    returned = await rig.agreed(await rig.begun())
    answer = await rig.back(returned, Accept="text/html,application/xhtml+xml")
    (row,) = await rig.rows("SELECT id FROM connections")
    assert (answer.status, answer.headers["Location"]) == (303, f"http://127.0.0.1:8080/?connected={row['id']}")


async def test_state_works_once(rig: OAuthRig) -> None:
    returned = await rig.agreed(await rig.begun())
    first, second = await rig.back(returned), await rig.back(returned)
    assert first.status == 200
    assert (second.status, second.field("code")) == (400, "oauth_state_used")
    assert rig.merchant.calls(TOKEN) == 1
    assert rig.merchant.fake.server.access.connected


async def test_of_two_at_once_one_redeems(rig: OAuthRig) -> None:
    returned = await rig.agreed(await rig.begun())
    answers = await asyncio.gather(*(rig.back(returned) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400, 400]
    assert rig.merchant.calls(TOKEN) == 1


async def test_head_uses_nothing_up(rig: OAuthRig) -> None:
    returned = await rig.agreed(await rig.begun())
    ahead = await rig.api.with_key(None).call("HEAD", f"{CALLBACK}?state={returned['state']}&code=ac_1")
    assert (ahead.status, ahead.headers["Allow"]) == (405, "GET")
    assert (await rig.back(returned)).status == 200


FORGED = [
    pytest.param({"state": "forged", "code": "ac_1"}, "oauth_state_invalid", id="unknown state"),
    pytest.param({"state": "x" * 501, "code": "ac_1"}, "oauth_response_invalid", id="a state too long"),
    pytest.param({"code": "ac_1"}, "oauth_response_invalid", id="no state"),
    pytest.param({"state": "", "code": "ac_1"}, "oauth_response_invalid", id="an empty state"),
    pytest.param({"state": "forged"}, "oauth_response_invalid", id="neither code nor error"),
    pytest.param({"state": "s", "code": "c", "error": "e"}, "oauth_response_invalid", id="both code and error"),
    pytest.param({"state": "a\0b", "code": "ac_1"}, "oauth_state_invalid", id="U+0000 in the state"),
]


@pytest.mark.parametrize(("returned", "code"), FORGED)
async def test_forged_answers_reach_nobody(rig: OAuthRig, returned: dict[str, str], code: str) -> None:
    await rig.begun()
    await nothing_connected(rig, await rig.back(returned), code)
    assert rig.merchant.calls(TOKEN) == 0


async def test_repeated_parameter_is_no_answer_of_stripes(rig: OAuthRig) -> None:
    returned = await rig.agreed(await rig.begun())
    path = f"{CALLBACK}?state={returned['state']}&code={returned['code']}&code=ac_other"
    await nothing_connected(rig, await rig.api.with_key(None).get(path), "oauth_response_invalid")
    assert rig.merchant.calls(TOKEN) == 0


async def test_state_expires(rig: OAuthRig) -> None:
    returned = await rig.agreed(await rig.begun())
    await rig.rows("UPDATE oauth_states SET expires_at = now() - interval '1 second'")
    await nothing_connected(rig, await rig.back(returned), "oauth_state_expired")
    await nothing_connected(rig, await rig.back(returned), "oauth_state_used")
    assert rig.merchant.calls(TOKEN) == 0


async def test_denial_connects_nothing_and_ends_the_attempt(rig: OAuthRig) -> None:
    rig.merchant.fake.server.oauth.decision = "deny"
    returned = await rig.agreed(await rig.begun())
    assert returned["error"] == "access_denied"
    await nothing_connected(rig, await rig.back(returned), "oauth_access_denied")
    await nothing_connected(rig, await rig.back(returned), "oauth_state_used")
    assert rig.merchant.calls(TOKEN) == 0
    (row,) = await rig.rows("SELECT outcome FROM oauth_states")
    assert row["outcome"] == "oauth_access_denied"
    assert await rig.audited() == [("connection.refused", "oauth")]


async def test_another_error_of_stripe_is_not_repeated(rig: OAuthRig) -> None:
    returned = await rig.agreed(await rig.begun())
    answer = await rig.back({"state": returned["state"], "error": "<script>alert(1)</script>"})
    await nothing_connected(rig, answer, "oauth_failed_at_stripe")
    assert "script" not in str(answer.content)


async def test_scope_that_was_not_asked_for_is_not_redeemed(rig: OAuthRig) -> None:
    returned = await rig.agreed(await rig.begun())
    await nothing_connected(rig, await rig.back({**returned, "scope": "read_write"}), "oauth_wrong_scope")
    assert rig.merchant.calls(TOKEN) == 0


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        pytest.param("granted_scope", "read_write", "oauth_wrong_scope", id="scope"),
        pytest.param("granted_livemode", True, "oauth_wrong_mode", id="mode"),
    ],
)
async def test_grant_of_something_else_is_given_back(rig: OAuthRig, field: str, value: object, code: str) -> None:
    setattr(rig.merchant.fake.server.oauth, field, value)
    await nothing_connected(rig, await rig.connected(), code)
    assert rig.api.parts.given_back.is_set()
    await give_back_due(rig.api.parts.database, rig.platform)
    assert (rig.merchant.calls(TOKEN), rig.merchant.calls(DEAUTHORIZE)) == (1, 1)
    assert not rig.merchant.fake.server.access.connected


async def test_code_that_came_before_is_not_sent_to_stripe(rig: OAuthRig) -> None:
    first = await rig.agreed(await rig.begun())
    assert (await rig.back(first)).status == 200
    second = await rig.agreed(await rig.begun())
    answer = await rig.back({**second, "code": first["code"]})
    assert (answer.status, answer.field("code")) == (400, "oauth_code_used")
    assert rig.merchant.calls(TOKEN) == 1
    assert rig.merchant.fake.server.access.connected


async def test_code_that_stripe_does_not_take_names_its_request(rig: OAuthRig) -> None:
    returned = await rig.agreed(await rig.begun())
    answer = await rig.back({**returned, "code": "ac_made_up"})
    await nothing_connected(rig, answer, "oauth_code_refused")
    assert answer.field("stripe_request_id").startswith("req_")
    assert "ac_made_up" not in str(answer.content)


@pytest.mark.parametrize("mode", ["slow", "error_500", "rate_limit_429"])
async def test_redemption_without_an_answer_is_not_tried_again(rig: OAuthRig, mode: Mode) -> None:
    returned = await rig.agreed(await rig.begun())
    rig.merchant.fake.server.oauth.outage.mode = mode
    rig.merchant.fake.server.oauth.outage.slow_seconds = 1.0
    answer = await rig.back(returned)
    await nothing_connected(rig, answer, "oauth_outcome_unknown", 503)
    assert "Retry-After" in answer.headers
    await nothing_connected(rig, await rig.back(returned), "oauth_state_used")
    assert rig.merchant.calls(TOKEN) == 1
    rig.merchant.fake.server.oauth.outage.mode = "none"
    assert (await rig.connected()).status == 200


async def test_callback_with_a_key_of_another_project_ends_nothing(rig: OAuthRig, other_project: str) -> None:
    returned = await rig.agreed(await rig.begun())
    stranger = await rig.api.as_project(other_project)
    await nothing_connected(rig, await rig.back(returned, key=stranger.key), "oauth_state_invalid")
    assert rig.merchant.calls(TOKEN) == 0
    assert (await rig.back(returned, key=rig.api.key)).status == 200


async def test_account_is_of_the_project_that_began(rig: OAuthRig, other_project: str) -> None:
    stranger = await rig.api.as_project(other_project)
    await rig.back(await rig.agreed(await rig.begun(stranger)))
    (row,) = await rig.rows("SELECT project FROM connections")
    assert row["project"] == other_project
    assert (await rig.api.get(f"{PATH}/status")).field("connections") == []


async def test_key_that_was_revoked_meanwhile_connects_nothing(rig: OAuthRig) -> None:
    made = await rig.api.post("/api/keys", {"label": "short", "scopes": ["admin"]})
    returned = await rig.agreed(await rig.begun(rig.api.with_key(made.field("key"))))
    await rig.api.delete(f"/api/keys/{made.field('id')}")
    await nothing_connected(rig, await rig.back(returned), "oauth_key_revoked")
    assert rig.merchant.calls(TOKEN) == 0


async def test_wrong_key_of_the_platform_is_our_fault(rig: OAuthRig) -> None:
    parts = replace(rig.api.parts, platform=replace(rig.platform, key="sk_test_rolled"))
    async with site(application(parts, Readiness()), Address("127.0.0.1", 0)) as port:
        wrong = OAuthRig(replace(rig.api, url=f"http://127.0.0.1:{port}", parts=parts), rig.merchant)
        await nothing_connected(wrong, await wrong.connected(), "oauth_platform_key_refused", 409)


async def test_without_a_platform_there_is_no_oauth(api: Api) -> None:
    for caller, path in ((api, f"{PATH}/start"), (api.with_key(None), f"{CALLBACK}?state=s&code=c")):
        answer = await caller.get(path)
        assert (answer.status, answer.field("code")) == (409, "oauth_not_configured")
        assert "STRIPE_CLIENT_ID" in answer.field("hint")


async def test_beginning_needs_a_key_with_admin(rig: OAuthRig) -> None:
    assert (await rig.api.with_key(None).get(f"{PATH}/start")).status == 401
    reader = await rig.api.as_project("acme", Scope.READ, Scope.SYNC)
    assert (await reader.get(f"{PATH}/start")).status == 403


async def test_stripe_that_does_not_tell_permissions_costs_no_connection(rig: OAuthRig) -> None:
    rig.merchant.fake.server.access.rate_limit = 0  # reads are refused; Connect's own calls are not
    answer = await rig.connected()
    assert (answer.status, answer.field("permissions")) == (200, [])
    assert len(await rig.rows("SELECT FROM connections WHERE state = 'active'")) == 1
