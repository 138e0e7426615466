"""One JSON line per thing that happened, on stdout. Secrets and personal data are taken out on the way."""

import logging
import re
import sys
import time
from collections.abc import MutableMapping

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[redacted]"
REPEATED_AFTER_SECONDS = 30.0
MOST_REMEMBERED = 1000
_SECRET_KEYS = re.compile(
    r"secret|password|token|authorization|api_?key|signature|cookie|encryption_?key", re.IGNORECASE
)
_SECRETS = re.compile(r"\b(?P<kind>sk|rk|whsec|rsk)_[A-Za-z0-9_+/=-]+")
_BEARER = re.compile(r"\b(?P<kind>Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"(?P<kind>://[^\s:/@]*):[^\s@/]+@")
_EMAIL = re.compile(r"\b(?P<first>[A-Za-z0-9])[A-Za-z0-9._%+-]*@(?P<domain>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


def configure(service: str, level: str) -> None:
    """Send structlog's and the standard library's logs as JSON lines to stdout, redacted. Call once, at start."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _named(service),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(Repeats())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, _json_line],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


class Repeats(logging.Filter):
    """Lets a library say the same thing once in a while only: a lost broker makes ten lines a second otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write this record. Our own events carry a mapping and always pass."""
        if not isinstance(record.msg, str):
            return True
        now = time.monotonic()
        key = (record.name, record.msg)
        if now - self._said.get(key, float("-inf")) < REPEATED_AFTER_SECONDS:
            return False
        if len(self._said) > MOST_REMEMBERED:
            self._said.clear()
        self._said[key] = now
        return True


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor: values under secret-looking names go, secret-looking text and e-mail addresses are masked."""
    for key, value in event.items():
        event[key] = HIDDEN if _SECRET_KEYS.search(key) else masked(value)
    return event


def masked(value: object) -> object:
    """The value with keys, tokens, passwords and e-mail addresses masked, inside lists and mappings too."""
    match value:
        case str():
            return _masked_text(value)
        case bytes():
            return _masked_text(value.decode(errors="replace"))
        case MutableMapping():
            return {key: HIDDEN if _SECRET_KEYS.search(str(key)) else masked(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [masked(item) for item in value]
        case None | bool() | int() | float():
            return value
        case _:
            return _masked_text(str(value))


def _masked_text(text: str) -> str:
    text = _PASSWORD_IN_URL.sub(rf"\g<kind>:{HIDDEN}@", text)
    text = _SECRETS.sub(rf"\g<kind>_{HIDDEN}", text)
    text = _BEARER.sub(rf"\g<kind> {HIDDEN}", text)
    return _EMAIL.sub(r"\g<first>***@\g<domain>", text)


def _named(service: str) -> Processor:
    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return add_service


def _json_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
