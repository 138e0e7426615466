"""Which client a customer belongs to."""

import pytest

from libs.domain.customer import Customer
from libs.domain.directory import Claims
from libs.domain.identity import ClientId, CustomerId
from libs.domain.mapping import ClientEntry, Directory, MailRules, Match, MatchedBy, client_of
from tests.builders import customer

CUS = CustomerId("cus_1")
ACME, BOSS, HAND = ClientId("acme"), ClientId("boss"), ClientId("hand")
ENTRIES = (
    ClientEntry(ACME, domains=("acme.com", "gmail.com")),
    ClientEntry(BOSS, stakeholder_emails=("boss@acme.com",)),
    ClientEntry(HAND, stripe_customers=(CUS,)),
)
DIRECTORY = Directory(ENTRIES)


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
    entries = (
        ClientEntry(ACME, stakeholder_emails=("m@x.com",), domains=("x.com",)),
        ClientEntry(BOSS, stakeholder_emails=("m@x.com",)),
    )
    directory = Directory(entries)
    assert client_of(CUS, customer(email="m@x.com"), directory) == Match(ACME, MatchedBy.DOMAIN, (ACME, BOSS))


def test_the_order_of_the_directory_does_not_matter() -> None:
    known = customer("cus_2", "boss@acme.com")
    assert client_of(known.id, known, DIRECTORY) == client_of(known.id, known, Directory(reversed(ENTRIES)))


def test_the_settings_name_the_metadata_and_may_take_a_domain_for_open() -> None:
    rules = MailRules(metadata_key="crm", is_open={"acme.com"}.__contains__)
    named = customer("cus_2", "anna@acme.com", metadata=(("client_id", "boss"), ("crm", "acme")))
    assert client_of(named.id, named, DIRECTORY, rules) == Match(ACME, MatchedBy.METADATA)
    unnamed = customer("cus_2", "anna@mail.acme.com")
    assert client_of(unnamed.id, unnamed, DIRECTORY, rules).by is MatchedBy.NOTHING


def test_a_change_of_the_directory_tells_what_is_claimed_otherwise_now() -> None:
    directory = Directory(ENTRIES)
    changed = directory.put(ClientEntry(ACME, domains=("ACME.com", "acme.io")))
    assert changed == Claims(domains=frozenset({"gmail.com", "acme.io"}))
    assert directory.put(ClientEntry(ACME, domains=("acme.com", "acme.io"))).domains == set()
    assert directory.remove(HAND).customers == {CUS}
    known = customer(email="anna@shop.acme.io")
    assert client_of(CUS, known, directory) == Match(ACME, MatchedBy.DOMAIN)
    assert len(directory) == 2
