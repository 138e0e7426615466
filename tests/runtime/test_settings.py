from pathlib import Path

import pytest
from pydantic import SecretStr

from libs.runtime.settings import SealingSettings, Settings, SettingsError, load, load_or_exit


class Example(Settings):
    example_port: int
    example_secret: SecretStr


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = ("REVSTREAM_ENCRYPTION_KEYS", "REVSTREAM_ENCRYPTION_KEYS_FILE")
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "TOPIC_PARTITIONS", "EXAMPLE_PORT", "EXAMPLE_SECRET", "LOG_LEVEL", *keys):
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


class Sealing(SealingSettings):
    pass


def test_encryption_keys_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("k2:two\nk1:one\n")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("REVSTREAM_ENCRYPTION_KEYS_FILE", str(file))
    assert load(Sealing).revstream_encryption_keys.get_secret_value() == "k2:two,k1:one"
    monkeypatch.setenv("REVSTREAM_ENCRYPTION_KEYS", "k3:three")
    assert load(Sealing).revstream_encryption_keys.get_secret_value() == "k3:three"


def test_file_that_can_t_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("REVSTREAM_ENCRYPTION_KEYS_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"REVSTREAM_ENCRYPTION_KEYS_FILE, .*none, can't be read"):
        load(Sealing)
