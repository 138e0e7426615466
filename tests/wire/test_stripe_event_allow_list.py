"""What reaches a topic of an object full of personal data."""

from datetime import UTC, datetime

import orjson
import pytest

from libs.wire.codec import MalformedRecord
from libs.wire.stripe_event import Catalogue, Kept, Kind, Origin, allowed, envelope, snapshot_record, to_record
from libs.wire.stripe_event.kept_fields import KEPT
from tests.wire.stripe_objects import RECORDED, Json, discount, event, item, listed, recorded, subscription

ALL_RECORDED = sorted(path.stem for path in RECORDED.glob("*.json"))
PERSONAL = ("Jane", "Linden", "Berlin", "10117", "4242", "+49", "203.0.113", "abcdefgh", "Visa", "visa", "stripe.com")
ORIGIN = Origin("prj_1", "acct_1")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def published(about: Json, kept: Kept | None = None) -> str:
    origin = Origin("prj_1", "acct_1", kept=kept or Kept())
    return bytes(snapshot_record(about, NOW, origin, Catalogue()).object).decode()


@pytest.mark.parametrize("name", ALL_RECORDED)
def test_nothing_of_the_person_but_the_email_is_published(name: str) -> None:
    about = recorded(name)
    text = published(about)
    assert [trace for trace in PERSONAL if trace in text] == []
    assert str(about.get("id", about["object"])) in text
    assert text.count("@") == ("email" in about and about["object"] == "customer")


def test_card_expiry_is_kept_only_where_it_is_watched() -> None:
    assert "exp_month" not in published(recorded("payment_method"))
    watching = Kept(card_expiry=True)
    assert orjson.loads(published(recorded("payment_method"), watching))["card"] == {"exp_month": 4, "exp_year": 2027}
    assert orjson.loads(published(recorded("card"), watching))["exp_year"] == 2027


def test_of_metadata_only_the_keys_that_can_name_a_client_are_kept() -> None:
    about = {**recorded("customer_endive"), "metadata": {"client_id": "acme", "account_no": "7", "phone": "+49"}}
    assert orjson.loads(published(about))["metadata"] == {"client_id": "acme"}
    assert orjson.loads(published(about, Kept(frozenset({"account_no"}))))["metadata"] == {"account_no": "7"}


def test_previous_attributes_are_cut_alike() -> None:
    previous: Json = {
        "name": "Jane Roe",
        "email": "old@acme.example",
        "metadata": {"client_id": None, "phone": "+49"},
        "address": {"city": "Berlin"},
    }
    sent = event("customer.updated", recorded("customer_endive"), previous)
    record = to_record(envelope(orjson.dumps(sent)), ORIGIN, Catalogue())
    kept = {"email": "old@acme.example", "metadata": {"client_id": None}}
    assert orjson.loads(bytes(record.previous_attributes)) == kept


def test_an_object_expanded_where_an_id_belongs_becomes_its_id() -> None:
    about = subscription(customer=recorded("customer_endive"), latest_invoice=recorded("invoice_endive"))
    kept = allowed(Kind.SUBSCRIPTION, about)
    assert (kept["customer"], kept["latest_invoice"]) == ("cus_acme", "in_acme")


def test_what_the_type_says_decides_what_is_kept_of_a_mislabelled_object() -> None:
    sent = event("customer.subscription.updated", recorded("customer_endive"))
    kept = bytes(to_record(envelope(orjson.dumps(sent)), ORIGIN, Catalogue()).object).decode()
    assert "Jane" not in kept
    assert "email" not in kept


def test_an_object_of_an_unknown_type_keeps_its_id_only() -> None:
    assert allowed(None, {"id": "xx_1", "object": "new_thing", "name": "Jane Roe"}) == {
        "id": "xx_1",
        "object": "new_thing",
    }


def test_every_published_kind_has_its_list() -> None:
    assert set(KEPT) == set(Kind)
    assert all({"id", "object"} <= set(fields) for fields in KEPT.values())


def test_every_kept_kind_has_a_recorded_object() -> None:
    seen = {recorded(name)["object"] for name in ALL_RECORDED}
    assert {kind.value for kind in Kind} <= seen


def test_a_number_that_is_no_amount_is_refused_when_it_would_be_kept() -> None:
    with pytest.raises(MalformedRecord, match="beyond 64 bits"):
        allowed(Kind.INVOICE, {"id": "in_1", "total": 1e30})
    assert allowed(Kind.INVOICE, {"id": "in_1", "weight": 1e30}) == {"id": "in_1"}


@pytest.mark.parametrize("poison", ["a\x00b", "a\ud800b"])
def test_what_the_api_answers_is_made_safe_as_well(poison: str) -> None:
    about = subscription(cancellation_details={"comment": poison, "feedback": None, "reason": None})
    assert orjson.loads(published(about))["cancellation_details"]["comment"] == "a\ufffdb"


def test_terms_of_discounts_survive_at_every_level() -> None:
    about = subscription(discounts=[discount()], items=listed(item(discounts=[discount(id="di_2")])))
    kept = orjson.loads(published(about))
    assert kept["discounts"][0]["source"] == {"type": "coupon", "coupon": "HALF"}
    assert kept["items"]["data"][0]["discounts"][0]["id"] == "di_2"
