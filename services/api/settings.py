"""What api reads from its environment."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.runtime.settings import Settings
from libs.stripe_gateway import STRIPE, Patience, StripeApi


class ApiSettings(Settings):
    """The health page has a port of its own as well, for a supervisor inside."""

    database_url: SecretStr
    revstream_encryption_keys: SecretStr
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8080, ge=0, le=65535)
    api_health_host: str = "127.0.0.1"
    api_health_port: int = Field(default=9080, ge=0, le=65535)
    stripe_api_base: str = STRIPE
    stripe_reads_per_second: float = Field(default=20.0, gt=0, le=100)


class DatabaseSettings(BaseSettings):
    """What a command on the database alone needs."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    database_url: SecretStr


def stripe_api(settings: ApiSettings) -> StripeApi:
    """How keys are tried while somebody waits for the answer."""
    patience = Patience(tries=3, seconds=8.0, first_wait_seconds=0.2, longest_wait_seconds=2.0)
    return StripeApi(base=settings.stripe_api_base, request_seconds=5.0, connect_seconds=3.0, patience=patience)
