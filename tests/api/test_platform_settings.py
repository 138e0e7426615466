"""What the environment says of the platform and of outside addresses."""

import pytest

from libs.runtime.settings import load
from services.api.settings import ApiSettings, platform

NEEDED = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "DATABASE_URL": "postgresql://x",
    "REVSTREAM_ENCRYPTION_KEYS": "k:x",
}
NAMES = (
    *("STRIPE_CLIENT_ID", "STRIPE_SECRET_KEY", "STRIPE_CONNECT_BASE", "STRIPE_OAUTH_SCOPE"),
    *("PUBLIC_URL", "API_PORT", "INGEST_PORT"),
)


def settings(monkeypatch: pytest.MonkeyPatch, **given: str) -> ApiSettings:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in (NEEDED | given).items():
        monkeypatch.setenv(name, value)
    return load(ApiSettings)


@pytest.mark.parametrize(
    ("given", "is_there"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"STRIPE_CLIENT_ID": "ca_1"}, False, id="no key"),
        pytest.param({"STRIPE_SECRET_KEY": "sk_test_1"}, False, id="no client id"),
        pytest.param({"STRIPE_CLIENT_ID": "", "STRIPE_SECRET_KEY": ""}, False, id="both empty"),
        pytest.param({"STRIPE_CLIENT_ID": "ca_1", "STRIPE_SECRET_KEY": "sk_test_1"}, True, id="both"),
    ],
)
def test_platform_needs_its_id_and_its_key(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], is_there: bool
) -> None:
    assert (platform(settings(monkeypatch, **given)) is not None) is is_there


@pytest.mark.parametrize(("key", "livemode"), [("sk_live_1", True), ("rk_live_1", True), ("sk_test_1", False)])
def test_mode_is_that_of_the_platforms_key(monkeypatch: pytest.MonkeyPatch, key: str, livemode: bool) -> None:
    found = platform(settings(monkeypatch, STRIPE_CLIENT_ID="ca_1", STRIPE_SECRET_KEY=key))
    assert found is not None
    assert (found.livemode, found.scope, found.connect_base) == (livemode, "read_only", "https://connect.stripe.com")
    assert key not in repr(found)


def test_addresses_are_this_machine_s_unless_there_is_an_outside_one(monkeypatch: pytest.MonkeyPatch) -> None:
    own = settings(monkeypatch, API_PORT="18080", INGEST_PORT="18081")
    assert (own.outside_address, own.webhook_base) == ("http://127.0.0.1:18080", "http://127.0.0.1:18081")
    outside = settings(monkeypatch, PUBLIC_URL="https://revenue.example/")
    assert {outside.outside_address, outside.webhook_base} == {"https://revenue.example"}
