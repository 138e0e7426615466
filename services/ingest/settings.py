"""What ingest reads from its environment."""

from pydantic import Field, SecretStr

from libs.runtime.settings import SealingSettings
from libs.stripe_gateway import STRIPE, StripeApi

MEBIBYTE = 1024 * 1024


class IngestSettings(SealingSettings):
    """`connections_per_address` has to be raised where a proxy makes all requests come from one address.

    `stripe_secret_key` is the platform's, which reads the accounts that were connected by OAuth.
    """

    database_url: SecretStr
    ingest_host: str = "127.0.0.1"
    ingest_port: int = Field(default=8081, ge=0, le=65535)
    ingest_health_host: str = "127.0.0.1"
    ingest_health_port: int = Field(default=9081, ge=0, le=65535)
    webhook_body_bytes: int = Field(default=MEBIBYTE, ge=1024, le=MEBIBYTE)
    webhooks_per_second: int = Field(default=2000, ge=1)
    webhook_burst: int = Field(default=10_000, ge=1)
    connections_per_address: int = Field(default=200, ge=1)
    connections_in_all: int = Field(default=4000, ge=1)
    stripe_api_base: str = STRIPE
    stripe_secret_key: SecretStr | None = None
    stripe_reads_per_second: float = Field(default=20.0, gt=0, le=100)
    stripe_request_seconds: float = Field(default=30.0, gt=0, le=300)


def stripe_api(settings: IngestSettings) -> StripeApi:
    """How accounts are read in the background."""
    return StripeApi(
        base=settings.stripe_api_base,
        reads_per_second=settings.stripe_reads_per_second,
        request_seconds=settings.stripe_request_seconds,
    )


def platform_key(settings: IngestSettings) -> str | None:
    """The platform's own key; None where accounts are not connected by OAuth."""
    return None if settings.stripe_secret_key is None else settings.stripe_secret_key.get_secret_value()
