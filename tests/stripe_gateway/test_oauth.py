"""OAuth over HTTP against the fake Stripe: what a code gives, what it gives a second time, and the end of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.rest.outage import Mode
from libs.stripe_gateway import (
    StripeApi,
    StripeFault,
    StripeRefused,
    StripeRejected,
    StripeUnavailable,
    open_account,
)
from libs.stripe_gateway.oauth import Grant, Platform, deauthorized, redeemed

BACK = "http://127.0.0.1:8080/back"


@pytest.fixture
def fake() -> FakeStripe:
    made = FakeStripe()
    made.server.oauth.outage.slow_seconds = 1.0
    return made


@pytest.fixture
async def platform(fake: FakeStripe) -> AsyncIterator[Platform]:
    async with fake.serve() as url:
        yield Platform("ca_fake", "sk_test_platform", url, seconds=0.3)


async def returned(platform: Platform) -> dict[str, str]:
    """What Stripe sends the merchant back with."""
    url = platform.authorize_url("the state", BACK)
    async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as answer:
        assert answer.status == 302
        back = urlsplit(answer.headers["Location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
        return {name: value[0] for name, value in parse_qs(back.query).items()}


def token_calls(fake: FakeStripe) -> int:
    return sum(path == "/oauth/token" for _, path in fake.server.calls)


async def test_code_is_redeemed_for_the_account(fake: FakeStripe, platform: Platform) -> None:
    back = await returned(platform)
    assert (back["state"], back["scope"]) == ("the state", "read_only")
    grant = await redeemed(platform, back["code"])
    assert grant == Grant(fake.world.settings.account, False, "read_only", grant.request_id)
    assert grant.request_id
    assert fake.server.access.connected


async def test_denial_comes_back_without_a_code(fake: FakeStripe, platform: Platform) -> None:
    fake.server.oauth.decision = "deny"
    back = await returned(platform)
    assert back["error"] == "access_denied"
    assert "code" not in back


async def test_second_redemption_is_rejected_and_revokes(fake: FakeStripe, platform: Platform) -> None:
    code = (await returned(platform))["code"]
    await redeemed(platform, code)
    with pytest.raises(StripeRejected) as rejected:
        await redeemed(platform, code)
    assert rejected.value.code == "invalid_grant"
    assert not fake.server.access.connected


async def test_wrong_key_of_the_platform_is_refused(platform: Platform) -> None:
    code = (await returned(platform))["code"]
    with pytest.raises(StripeRefused):
        await redeemed(replace(platform, key="sk_test_wrong"), code)


@pytest.mark.parametrize("mode", ["slow", "error_500", "rate_limit_429"])
async def test_redemption_is_one_request_whatever_happens(fake: FakeStripe, platform: Platform, mode: Mode) -> None:
    code = (await returned(platform))["code"]
    fake.server.oauth.outage.mode = mode
    with pytest.raises(StripeUnavailable):
        await redeemed(platform, code)
    assert token_calls(fake) == 1


async def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(StripeUnavailable):
        await redeemed(Platform("ca_fake", "sk_test_platform", "http://127.0.0.1:9", seconds=0.3), "ac_1")


async def test_access_is_given_back_and_giving_it_back_again_is_no_fault(fake: FakeStripe, platform: Platform) -> None:
    await redeemed(platform, (await returned(platform))["code"])
    account = fake.world.settings.account
    await deauthorized(platform, account)
    assert not fake.server.access.connected
    assert [each["type"] for each in fake.events] == ["account.application.deauthorized"]
    await deauthorized(platform, account)


async def test_unknown_platform_has_given_nothing_back(fake: FakeStripe, platform: Platform) -> None:
    await redeemed(platform, (await returned(platform))["code"])
    with pytest.raises(StripeRejected) as rejected:
        await deauthorized(replace(platform, client_id="ca_other"), fake.world.settings.account)
    assert rejected.value.code == "invalid_client"
    assert fake.server.access.connected


async def test_no_secret_is_in_a_platform_or_a_fault(fake: FakeStripe, platform: Platform) -> None:
    code = (await returned(platform))["code"]
    fake.server.oauth.outage.mode = "error_500"
    with pytest.raises(StripeFault) as fault:
        await redeemed(platform, code)
    told = f"{platform!r} {fault.value!r} {fault.value} {fault.value.__cause__!r}"
    assert platform.key not in told
    assert code not in told


async def test_platform_reads_the_account_until_access_is_given_back(fake: FakeStripe, platform: Platform) -> None:
    account = fake.world.settings.account
    await redeemed(platform, (await returned(platform))["code"])
    api = StripeApi(base=platform.connect_base)
    async with open_account(api, platform.key, on_behalf_of=account) as opened:
        assert await opened.identifier() == account
        await deauthorized(platform, account)
        with pytest.raises(StripeRefused) as refused:
            await opened.identifier()
    assert (refused.value.is_revoked, refused.value.is_of_key) == (True, True)
