"""Free ports, and the ones of the last start."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy import ports
from deploy.failures import StackUnavailable


@contextmanager
def listener() -> Iterator[int]:
    """Another program's port, for the length of a block."""
    with socket.socket() as server:
        port = ports.free_port()
        server.bind((ports.LOCALHOST, port))
        server.listen()
        yield port


def test_a_free_port_is_below_those_that_connections_get() -> None:
    assert ports.LOWEST <= ports.free_port() <= ports.HIGHEST


def test_a_port_in_use_is_not_free() -> None:
    with listener() as port:
        assert not ports.is_free(port)
    assert ports.is_free(port)


def test_a_port_that_was_asked_for_and_is_taken_is_named() -> None:
    with listener() as port, pytest.raises(StackUnavailable, match=f"port {port} is taken .* set KAFKA_PORT"):
        ports.require_free(port, "KAFKA_PORT")


def test_the_next_start_has_the_same_port(tmp_path: Path) -> None:
    first = ports.remembered(tmp_path / "ports.json", "kafka")
    ports.remembered(tmp_path / "ports.json", "controller", avoid=frozenset({first}))
    assert ports.remembered(tmp_path / "ports.json", "kafka") == first


def test_the_next_start_has_another_port_if_that_was_taken(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    with listener() as port:
        file.write_text(f'{{"kafka": {port}}}')
        other = ports.remembered(file, "kafka")
    assert other != port
    assert ports.remembered(file, "kafka") == other


@pytest.mark.parametrize("text", ["", '{"kafka": 2', "null\0"], ids=["empty", "cut short", "no JSON"])
def test_a_damaged_note_is_written_anew(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ports.json"
    file.write_text(text)
    port = ports.remembered(file, "kafka")
    assert ports.remembered(file, "kafka") == port
