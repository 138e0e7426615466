"""What api reads from its environment."""

from pydantic import Field, SecretStr

from libs.runtime.settings import Settings


class ApiSettings(Settings):
    """The health page has a port of its own as well, for a supervisor inside."""

    database_url: SecretStr
    revstream_encryption_keys: SecretStr
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8080, ge=0, le=65535)
    api_health_host: str = "127.0.0.1"
    api_health_port: int = Field(default=9080, ge=0, le=65535)
