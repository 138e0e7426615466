import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.ingest.signature import parsed, signed_at
from tests.ingest.fakes import NOW, v1

BODY = b'{"id": "evt_1"}'
OLD, NEW, OTHER = b"whsec_old", b"whsec_new", b"whsec_other"
GOOD = v1(BODY, OLD)


@pytest.mark.parametrize(
    ("header", "secrets", "right"),
    [
        (f"t={NOW},v1={GOOD}", (OLD,), True),
        (f"v1={GOOD},t={NOW}", (OLD,), True),
        (f"t={NOW}, v1={GOOD}", (OLD,), True),
        (f"t={NOW},v1={'0' * 64},v1={GOOD}", (OLD,), True),
        (f"t={NOW},v1={GOOD},v1={'0' * 64},v0=x", (OLD,), True),
        (f"t={NOW},v1={GOOD}", (NEW, OLD), True),
        (f"t={NOW},v1={v1(BODY, NEW)}", (NEW, OLD), True),
        (f"t={NOW},v1={v1(BODY, NEW)},v1={GOOD}", (OLD,), True),
        (f"t={NOW},v1={GOOD}", (OTHER,), False),
        (f"t={NOW},v1={GOOD}", (), False),
        (f"t={NOW},v0={GOOD}", (OLD,), False),
        (f"t={NOW},v2={GOOD}", (OLD,), False),
        (f"t={NOW},V1={GOOD}", (OLD,), False),
        (f"t={NOW},v1={GOOD.upper()}", (OLD,), False),
        (f"t={NOW},v1={GOOD[:-1]}", (OLD,), False),
        (f"t={NOW},v1={GOOD}0", (OLD,), False),
        (f"t={NOW},v1=", (OLD,), False),
        (f"t={NOW},v1=é", (OLD,), False),
        (f"t={NOW},v1=\udcff", (OLD,), False),
        (f"t={NOW}", (OLD,), False),
        (f"v1={GOOD}", (OLD,), False),
        (f"t={NOW},t={NOW},v1={GOOD}", (OLD,), False),
        (f"t={NOW},t=1,v1={GOOD}", (OLD,), False),
        (f"t={NOW}.0,v1={v1(BODY, OLD, f'{NOW}.0')}", (OLD,), False),
        (f"t=+{NOW},v1={v1(BODY, OLD, f'+{NOW}')}", (OLD,), False),
        (f"t=-{NOW},v1={v1(BODY, OLD, f'-{NOW}')}", (OLD,), False),
        (f"t=1_8,v1={v1(BODY, OLD, '1_8')}", (OLD,), False),
        ("", (OLD,), False),
        (",,,=,", (OLD,), False),
    ],
    ids=["one", "t last", "space", "second of two", "others beside it", "old secret", "new secret", "signed with both",
         "wrong secret", "no secret", "v0 only", "v2 only", "V1", "upper case", "cut", "longer", "empty v1",
         "non-ascii", "raw byte", "no v1", "no t", "two equal t", "two t", "fraction", "plus", "minus",
         "underscore", "empty", "separators"],
)  # fmt: skip
def test_signature_matrix(header: str, secrets: tuple[bytes, ...], right: bool) -> None:
    assert signed_at(header, BODY, secrets, NOW) == (NOW if right else None)


@pytest.mark.parametrize(
    ("late_by", "right"),
    [(0, True), (300, True), (301, False), (-300, True), (-301, False), (10 * 365 * 86400, False)],
)
def test_a_signature_holds_for_five_minutes_on_both_sides(late_by: int, right: bool) -> None:
    assert signed_at(f"t={NOW},v1={GOOD}", BODY, (OLD,), NOW + late_by) == (NOW if right else None)


def test_another_body_or_another_time_is_not_what_was_signed() -> None:
    assert signed_at(f"t={NOW},v1={GOOD}", BODY + b" ", (OLD,), NOW) is None
    assert signed_at(f"t={NOW + 1},v1={GOOD}", BODY, (OLD,), NOW) is None


@given(header=st.text(), body=st.binary(max_size=50))
@example(header="t=" + "9" * 5000, body=b"")
@example(header=f"t={NOW},v1=" + "a" * 100_000, body=b"")
def test_no_header_raises_or_passes(header: str, body: bytes) -> None:
    assert signed_at(header, body, (OLD,), NOW) is None


@given(parts=st.lists(st.sampled_from(["t=1", "v1=ab", "v0=ab", "=", "t", "v1", "t=x", ""]), max_size=8))
def test_a_claim_has_one_time_or_is_none(parts: list[str]) -> None:
    claim = parsed(",".join(parts))
    assert (claim is None) == (parts.count("t=1") + parts.count("t=x") + parts.count("t") != 1 or "t=1" not in parts)
