"""The broker's jars and settings."""

import hashlib
import sys
from pathlib import Path

import pytest

from deploy.failures import StackUnavailable
from deploy.kafka import fetch
from deploy.kafka.jars import kafka_jars, user_cache
from deploy.kafka.properties import Node, node_properties, render


def test_every_jar_that_kafka_needs_has_its_digest() -> None:
    wanted = fetch.wanted()
    assert len(wanted) == 46
    assert {"kafka_2.13-4.1.0.jar", "kafka-clients-4.1.0.jar", "slf4j-simple-1.7.36.jar"} <= set(wanted)


@pytest.fixture
def jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Two jars that are as published."""
    found = {name: tmp_path / name for name in ("a.jar", "b.jar")}
    for name, path in found.items():
        path.write_text(f"classes of {name}")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}" for name, path in found.items()]
    (tmp_path / "digests").write_text("\n".join(lines))
    monkeypatch.setattr(fetch, "DIGESTS", tmp_path / "digests")
    return found


def test_the_wanted_jars_are_collected_and_no_others(tmp_path: Path, jars: dict[str, Path]) -> None:
    into = tmp_path / "complete"
    into.mkdir()
    fetch.collect({**jars, "stranger.jar": jars["a.jar"]}, into)
    assert sorted(each.name for each in into.iterdir()) == ["a.jar", "b.jar"]


def test_a_changed_jar_is_refused(tmp_path: Path, jars: dict[str, Path]) -> None:
    jars["b.jar"].write_text("something else")
    into = tmp_path / "complete"
    into.mkdir()
    with pytest.raises(ValueError, match=r"b\.jar is not the file that was published"):
        fetch.collect(jars, into)


def test_a_missing_jar_is_named(tmp_path: Path, jars: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match=r"a\.jar was not found"):
        fetch.collect({"b.jar": jars["b.jar"]}, tmp_path)


async def test_a_failed_download_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    told: list[str] = []
    with pytest.raises(StackUnavailable, match=r"downloading Kafka 4\.1\.0 failed .* check the network"):
        await kafka_jars(tmp_path / "cache", {}, told.append)
    assert told == ["downloading Kafka 4.1.0 (45 MB, once)"]
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("env", "place"),
    [
        ({"XDG_CACHE_HOME": "{tmp}/xdg", "HOME": "{tmp}"}, "xdg/revstream"),
        ({"HOME": "{tmp}"}, ".cache/revstream"),
        ({}, "fallback"),
        ({"HOME": "/proc/nowhere"}, "fallback"),
    ],
    ids=["named", "home", "no home", "home not writable"],
)
def test_downloads_are_kept_for_the_user(tmp_path: Path, env: dict[str, str], place: str) -> None:
    if sys.platform != "linux" and "proc" in env.get("HOME", ""):
        pytest.skip("no /proc")
    filled = {name: value.format(tmp=tmp_path) for name, value in env.items()}
    assert user_cache(filled, fallback=tmp_path / "fallback") == tmp_path / place


def test_the_node_listens_to_this_machine_only(tmp_path: Path) -> None:
    properties = node_properties(Node(port=19000, controller_port=19001, data=tmp_path))
    assert properties["listeners"] == "PLAINTEXT://127.0.0.1:19000,CONTROLLER://127.0.0.1:19001"
    assert properties["auto.create.topics.enable"] == "false"
    assert int(properties["message.max.bytes"]) > 2 * 1024 * 1024


def test_a_backslash_in_a_path_survives() -> None:
    assert render({"log.dirs": "a\\b"}) == "log.dirs=a\\\\b\n"
