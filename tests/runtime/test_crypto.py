import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.runtime.crypto import CannotDecrypt, InvalidKeys, Keyring, Place, Sealed, generate_key, webhook_secret_place

PLACE = webhook_secret_place("p1", "whs_1")


def test_what_was_sealed_for_a_place_opens_there() -> None:
    ring = Keyring.parse(generate_key())
    assert ring.decrypt(ring.encrypt(b"whsec_1", PLACE), PLACE) == b"whsec_1"


def test_two_sealings_of_one_secret_differ() -> None:
    ring = Keyring.parse(generate_key())
    assert ring.encrypt(b"x", PLACE) != ring.encrypt(b"x", PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [replace(PLACE, project="p2"), replace(PLACE, row="whs_2"), replace(PLACE, field="key")],
    ids=["project", "row", "field"],
)
def test_a_ciphertext_moved_elsewhere_does_not_open(elsewhere: Place) -> None:
    ring = Keyring.parse(generate_key())
    with pytest.raises(CannotDecrypt, match=f"project {elsewhere.project}"):
        ring.decrypt(ring.encrypt(b"x", PLACE), elsewhere)


def test_parts_of_a_place_do_not_run_into_each_other() -> None:
    ring = Keyring.parse(generate_key())
    with pytest.raises(CannotDecrypt):
        ring.decrypt(ring.encrypt(b"x", Place("ab", "c", "f")), Place("a", "bc", "f"))


def test_after_rotation_the_new_key_seals_and_the_old_one_still_opens() -> None:
    old, new = generate_key(), generate_key()
    sealed = Keyring.parse(old).encrypt(b"x", PLACE)
    both = Keyring.parse(f"{new}, {old}")
    assert both.decrypt(sealed, PLACE) == b"x"
    assert both.encrypt(b"x", PLACE).key_id == new.partition(":")[0]
    with pytest.raises(CannotDecrypt, match="not in REVSTREAM_ENCRYPTION_KEYS"):
        Keyring.parse(new).decrypt(sealed, PLACE)


@given(data=st.binary(max_size=64))
def test_no_bytes_open_by_chance_or_raise_anything_else(data: bytes) -> None:
    ring = Keyring.parse("k1:" + base64.b64encode(bytes(32)).decode())
    with pytest.raises(CannotDecrypt):
        ring.decrypt(Sealed("k1", data), PLACE)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected id:base64"),
        ("k1", "expected id:base64"),
        (":AAAA", "expected id:base64"),
        ("k1:!!!", "not base64"),
        ("k1:AAAA", "32 bytes expected"),
        (f"k1:{base64.b64encode(bytes(32)).decode()},k1:{base64.b64encode(bytes(32)).decode()}", "twice"),
    ],
    ids=["empty", "no colon", "no id", "not base64", "short", "same id twice"],
)
def test_unreadable_keys_are_refused_without_showing_them(text: str, reason: str) -> None:
    with pytest.raises(InvalidKeys, match=reason) as raised:
        Keyring.parse(text)
    assert "!!!" not in str(raised.value)


def test_a_keyring_does_not_show_its_keys() -> None:
    key = generate_key()
    assert key.partition(":")[2] not in repr(Keyring.parse(key))
