"""The lists of mail domains, and what a project says against them."""

import pytest

from libs.domain.identity import ClientId
from libs.domain.mapping import ClientEntry, Directory, client_of
from libs.wire.mail_rules import mail_rules
from libs.wire.records import MappingOptions
from tests.builders import customer

ACME = ClientEntry(ClientId("acme"), domains=("acme.co.uk", "gmail.com", "mailinator.com", "co.uk", "club.example"))


@pytest.mark.parametrize(
    ("email", "options", "claimed"),
    [
        ("a@mail.acme.co.uk", MappingOptions(), True),
        ("a@other.co.uk", MappingOptions(), False),
        ("a@gmail.com", MappingOptions(), False),
        ("a@x.mailinator.com", MappingOptions(), False),
        ("a@club.example", MappingOptions(), True),
        ("a@club.example", MappingOptions(free_domains=("Club.example",)), False),
        ("a@gmail.com", MappingOptions(own_domains=("gmail.com",)), True),
    ],
)
def test_whose_a_domain_is(email: str, options: MappingOptions, claimed: bool) -> None:
    known = customer("cus_1", email)
    match = client_of(known.id, known, Directory([ACME]), mail_rules(options))
    assert (match.client == "acme") is claimed
