import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from libs.runtime import logs


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "gone", "kept"),
    [
        ("key sk_live_abc123 used", "abc123", "key sk_[redacted] used"),
        ("key rk_test_abc123", "abc123", "rk_[redacted]"),
        ("whsec_aGVsbG8=", "aGVsbG8", "whsec_[redacted]"),
        ("rsk_0123456789abcdef", "0123", "rsk_[redacted]"),
        ("Authorization: Bearer eyJhbGciOi.x.y", "eyJ", "Bearer [redacted]"),
        ("connect postgresql://app:hunter2@db.example.com/x", "hunter2", "://app:[redacted]@db.example.com"),
        ("mail to jane.doe+x@example.co.uk now", "jane.doe", "j***@example.co.uk"),
    ],
    ids=["secret key", "restricted key", "webhook secret", "api key", "bearer", "url password", "e-mail"],
)
def test_secrets_and_addresses_are_masked(text: str, gone: str, kept: str) -> None:
    masked = logs.masked({"a": [text]})
    assert gone not in str(masked)
    assert kept in str(masked)


@pytest.mark.parametrize("key", ["secret", "webhook_secret", "password", "access_token", "apiKey", "Stripe-Signature"])
def test_values_under_secret_names_are_hidden_whatever_they_are(key: str) -> None:
    event = logs.redact(None, "info", {"event": "x", key: "plain", "inner": {key: 5}})
    assert event == {"event": "x", key: logs.HIDDEN, "inner": {key: logs.HIDDEN}}


def test_each_event_is_one_json_line_with_service_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("ingest", "info")
    structlog.get_logger("x").info("record_published", project="p1", mail="jane@example.com")
    line = json.loads(capsys.readouterr().out)
    assert line["event"] == "record_published"
    assert (line["service"], line["project"], line["mail"], line["level"]) == (
        "ingest",
        "p1",
        "j***@example.com",
        "info",
    )
    assert line["timestamp"].endswith("Z")


def test_library_logs_and_tracebacks_take_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("ingest", "info")
    try:
        raise ValueError("refused sk_live_abc123")
    except ValueError:
        logging.getLogger("library").exception("failed for %s", "jane@example.com")
    line = json.loads(capsys.readouterr().out)
    assert line["event"] == "failed for j***@example.com"
    assert "ValueError" in line["exception"]
    assert "abc123" not in str(line)


def test_a_library_that_repeats_itself_is_heard_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("ingest", "info")
    for number in range(50):
        logging.getLogger("library").error("Unable connect to %s", number)
        structlog.get_logger("ours").info("record_published", number=number)
    lines = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert lines.count("Unable connect to 0") == 1
    assert lines.count("record_published") == 50
