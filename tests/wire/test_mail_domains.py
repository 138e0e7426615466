"""Which domains say whom a person works for."""

import pytest

from libs.wire.mail_domains import folded_domain, is_open_to_all, registrable


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("acme.com", "acme.com"),
        ("Mail.ACME.co.uk.", "acme.co.uk"),
        ("co.uk", None),
        ("github.io", None),
        ("foo.github.io", "foo.github.io"),
        ("localhost", None),
        ("acme.example", "acme.example"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("", None),
        ("a..b.com", None),
    ],
)
def test_the_registrable_part_of_a_domain(domain: str, expected: str | None) -> None:
    assert registrable(domain) == expected


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("gmail.com", True),
        ("GMail.com", True),
        ("hey.com", True),
        ("mailinator.com", True),
        ("x.mailinator.com", True),
        ("acme.com", False),
        ("", False),
    ],
)
def test_free_and_throw_away_mail_is_open_to_all(domain: str, expected: bool) -> None:
    assert is_open_to_all(domain) is expected


def test_a_domain_has_one_spelling() -> None:
    assert {folded_domain(each) for each in ("MÜNCHEN.de", "xn--mnchen-3ya.de", " münchen.de. ")} == {
        "xn--mnchen-3ya.de"
    }
