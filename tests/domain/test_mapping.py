"""Which client a customer belongs to."""

import pytest

from libs.domain.customer import Customer
from libs.domain.identity import ClientId, CustomerId
from libs.domain.mapping import ClientEntry, Match, MatchedBy, client_of
from tests.builders import customer

CUS = CustomerId("cus_1")
ACME, BOSS, HAND = ClientId("acme"), ClientId("boss"), ClientId("hand")
DIRECTORY = (
    ClientEntry(ACME, domains=("acme.com", "gmail.com")),
    ClientEntry(BOSS, stakeholder_emails=("boss@acme.com",)),
    ClientEntry(HAND, stripe_customers=(CUS,)),
)


@pytest.mark.parametrize(
    ("known", "client", "by"),
    [
        (None, HAND, MatchedBy.MANUAL),
        (customer(email="boss@acme.com", metadata=(("client_id", "acme"),)), HAND, MatchedBy.MANUAL),
        (customer("cus_2", "boss@acme.com", metadata=(("client_id", "acme"),)), ACME, MatchedBy.METADATA),
        (customer("cus_2", " Boss@ACME.com "), BOSS, MatchedBy.STAKEHOLDER_EMAIL),
        (customer("cus_2", "anna@acme.com"), ACME, MatchedBy.DOMAIN),
        (customer("cus_2", "anna@mail.acme.com"), ACME, MatchedBy.DOMAIN),
        (customer("cus_2", "anna@acme.com.evil.io"), ClientId("customer:cus_2"), MatchedBy.NOTHING),
        (customer("cus_2", "anna@gmail.com"), ClientId("customer:cus_2"), MatchedBy.NOTHING),
        (customer("cus_2", "acme.com"), ClientId("customer:cus_2"), MatchedBy.NOTHING),
        (customer("cus_2"), ClientId("customer:cus_2"), MatchedBy.NOTHING),
    ],
)
def test_the_strongest_claim_wins(known: Customer | None, client: ClientId, by: MatchedBy) -> None:
    of = CUS if known is None else known.id
    assert client_of(of, known, DIRECTORY) == Match(client, by)


def test_equal_claims_cancel_each_other_and_the_next_weaker_decides() -> None:
    directory = (
        ClientEntry(ACME, stakeholder_emails=("m@x.com",), domains=("x.com",)),
        ClientEntry(BOSS, stakeholder_emails=("m@x.com",)),
    )
    assert client_of(CUS, customer(email="m@x.com"), directory) == Match(ACME, MatchedBy.DOMAIN, (ACME, BOSS))


def test_the_order_of_the_directory_does_not_matter() -> None:
    known = customer("cus_2", "boss@acme.com")
    assert client_of(known.id, known, DIRECTORY) == client_of(known.id, known, reversed(DIRECTORY))
