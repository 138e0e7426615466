"""Settings come from the environment, once, at start; all that is missing or wrong is said in one message."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NoReturn, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.wire.topics import DEFAULT_PARTITIONS

WRONG_USAGE = 2  # the exit code for a start that cannot work until somebody changes its settings


class SettingsError(ValueError):
    """One or more settings are missing or wrong; the message names each variable and what is expected."""


class Settings(BaseSettings):
    """What every service needs. A service's own settings extend this class; field names are the variables' names."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    kafka_bootstrap_servers: str
    topic_partitions: int = Field(default=DEFAULT_PARTITIONS, ge=1, le=1000)
    topic_replication: int = Field(default=1, ge=1, le=10)
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class SealingSettings(Settings):
    """The keys that seal secrets at rest: in the variable itself, or in a file (one a line, or with commas)."""

    revstream_encryption_keys: SecretStr
    revstream_encryption_keys_file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _keys_of_file(cls, given: Mapping[str, object]) -> Mapping[str, object]:
        file = given.get("revstream_encryption_keys_file")
        if not file or given.get("revstream_encryption_keys"):
            return given
        return {**given, "revstream_encryption_keys": keys_in(Path(str(file)))}


def keys_in(file: Path) -> str:
    """The encryption keys in a file, as REVSTREAM_ENCRYPTION_KEYS has them. Raises ValueError."""
    try:
        return ",".join(file.read_text().split())
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"REVSTREAM_ENCRYPTION_KEYS_FILE, {file}, can't be read: {type(error).__name__}") from None


AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def load(kind: type[AnySettings]) -> AnySettings:
    """The settings of one service from its environment. Raises SettingsError naming all that is missing or wrong."""
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError(_in_one_message(error)) from None


def load_or_exit(kind: type[AnySettings]) -> AnySettings:
    """As `load`, for a service's `__main__`: says what is wrong on stderr and exits 2."""
    try:
        return load(kind)
    except SettingsError as error:
        _exit(str(error))


def _exit(message: str) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    raise SystemExit(WRONG_USAGE)


def _in_one_message(error: ValidationError) -> str:
    """Values are left out on purpose: a wrong secret must not reach the log."""
    faults = [
        f"  {'.'.join(str(part) for part in fault['loc']).upper()}: {_reason(fault['type'], fault['msg'])}"
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "\n".join([f"{len(faults)} setting(s) missing or wrong in the environment:", *faults])


def _reason(kind: str, message: str) -> str:
    return "not set" if kind == "missing" else message
