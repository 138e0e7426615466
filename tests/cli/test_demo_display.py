"""What the demo shows people."""

import pytest

from libs.cli.demo_display import Display

READY: dict[str, object] = {
    "event": "ready",
    "dashboard": "http://127.0.0.1:20001/#key=rsk_0123456789012345678901234567890123456789012",
    "api": "http://127.0.0.1:20001",
    "ingest": "http://127.0.0.1:20002",
    "key": "rsk_0123456789012345678901234567890123456789012",
    "project": "demo-01234567",
}


def test_on_a_narrow_terminal_an_address_stays_on_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    with Display() as display:
        display.tell(READY)
    lines = capsys.readouterr().err.splitlines()
    assert f"  dashboard {READY['dashboard']}" in lines
    assert f"  API       {READY['api']}     (key {READY['key']})" in lines
    assert f"  webhooks  {READY['ingest']}/webhooks/stripe/{READY['project']}" in lines
