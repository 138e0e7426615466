"""What api reads from its environment."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.runtime.settings import SealingSettings
from libs.stripe_gateway import CONNECT, STRIPE, Patience, Platform, StripeApi


class ApiSettings(SealingSettings):
    """The health page has a port of its own as well, for a supervisor inside.

    `public_url` is where people and Stripe reach the API; `stripe_client_id` and `stripe_secret_key` are the platform's
    that accounts are connected to by OAuth. A change that was older than `delivery_most_age_hours` when we learned of
    it is not sent to endpoints. `unsafe_private_webhook_addresses` lets endpoints be http and private: for a
    developer's own machine only, as whoever may add an endpoint reaches everything that this process can.
    """

    database_url: SecretStr
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8080, ge=0, le=65535)
    api_health_host: str = "127.0.0.1"
    api_health_port: int = Field(default=9080, ge=0, le=65535)
    stripe_api_base: str = STRIPE
    connections_per_address: int = Field(default=200, ge=1)
    connections_in_all: int = Field(default=4000, ge=1)
    stripe_reads_per_second: float = Field(default=20.0, gt=0, le=100)
    stripe_connect_base: str = CONNECT
    stripe_client_id: str | None = None
    stripe_secret_key: SecretStr | None = None
    stripe_oauth_scope: Literal["read_only", "read_write"] = "read_only"
    public_url: str | None = None
    ingest_port: int = 8081
    delivery_most_age_hours: float = Field(default=72.0, gt=0)
    stream_log_days: float = Field(default=7.0, gt=0)
    delivery_log_days: float = Field(default=30.0, gt=0)
    unsafe_private_webhook_addresses: bool = False

    @property
    def outside_address(self) -> str:
        """Where people reach the API; this machine alone where nothing is set."""
        return (self.public_url or f"http://127.0.0.1:{self.api_port}").rstrip("/")

    @property
    def webhook_base(self) -> str:
        """Where Stripe reaches ingest: behind the same outside address where one is set."""
        return (self.public_url or f"http://127.0.0.1:{self.ingest_port}").rstrip("/")


class DatabaseSettings(BaseSettings):
    """What a command on the database alone needs."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    database_url: SecretStr


def stripe_api(settings: ApiSettings) -> StripeApi:
    """How keys are tried while somebody waits for the answer."""
    patience = Patience(tries=3, seconds=8.0, first_wait_seconds=0.2, longest_wait_seconds=2.0)
    return StripeApi(base=settings.stripe_api_base, request_seconds=5.0, connect_seconds=3.0, patience=patience)


def platform(settings: ApiSettings) -> Platform | None:
    """The platform account that OAuth connects to; None where it is not set in full."""
    if settings.stripe_client_id is None or settings.stripe_secret_key is None:
        return None
    return Platform(
        client_id=settings.stripe_client_id,
        key=settings.stripe_secret_key.get_secret_value(),
        connect_base=settings.stripe_connect_base,
        scope=settings.stripe_oauth_scope,
    )
