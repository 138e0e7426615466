from pathlib import Path

import pytest
from pydantic import SecretStr

from libs.runtime.settings import Settings, SettingsError, load, load_or_exit


class Example(Settings):
    example_port: int
    example_secret: SecretStr


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "TOPIC_PARTITIONS", "EXAMPLE_PORT", "EXAMPLE_SECRET", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)


def test_all_missing_and_wrong_names_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_PORT", "eighty")
    monkeypatch.setenv("TOPIC_PARTITIONS", "0")
    with pytest.raises(SettingsError) as raised:
        load(Example)
    for name in ("KAFKA_BOOTSTRAP_SERVERS: not set", "EXAMPLE_SECRET: not set", "EXAMPLE_PORT", "TOPIC_PARTITIONS"):
        assert name in str(raised.value)
    assert "4 setting(s)" in str(raised.value)


def test_wrong_values_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_PORT", "hunter2")
    with pytest.raises(SettingsError) as raised:
        load(Example)
    assert "hunter2" not in str(raised.value)


def test_good_settings_load_and_hide_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("EXAMPLE_PORT", "8081")
    monkeypatch.setenv("EXAMPLE_SECRET", "hunter2")
    settings = load(Example)
    assert (settings.example_port, settings.topic_partitions) == (8081, 8)
    assert "hunter2" not in repr(settings)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_SECRET", "")
    with pytest.raises(SettingsError, match="EXAMPLE_SECRET: not set"):
        load(Example)


def test_edge_exits_with_2_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        load_or_exit(Example)
    assert raised.value.code == 2
    assert "KAFKA_BOOTSTRAP_SERVERS: not set" in capsys.readouterr().err
