"""What a good, signed event does, and what becomes of it when something behind the edge is away."""

from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from libs.wire.stripe_event import Kept, read
from services.ingest.bucket import Rate
from services.ingest.projects import ConnectedAccount
from tests.ingest.fakes import SECRET, body_of, event, project, signature, subscription
from tests.ingest.rig import Edge, running_edge

BODY = body_of(event())
HERE, ELSEWHERE = ConnectedAccount("acct_1", livemode=False), ConnectedAccount("acct_2", livemode=False)
LIVE = ConnectedAccount("acct_1", livemode=True)
GONE = ConnectedAccount("acct_1", livemode=False, is_live=False)


async def test_a_signed_event_becomes_a_record_and_then_200(edge: Edge) -> None:
    answer = await edge.post(BODY)
    assert (answer.status, answer.json) == (200, {"received": True})
    (record,) = edge.publisher.records
    assert (record.project, record.account, record.event_id, record.source) == ("p1", "self", "evt_1", "webhook")
    assert record.customer == "cus_1"
    assert read(record) != ()


async def test_the_same_event_twice_makes_the_same_record_twice(edge: Edge) -> None:
    for _ in range(2):
        assert (await edge.post(BODY)).status == 200
    assert edge.publisher.records[0] == edge.publisher.records[1]


async def test_nothing_of_a_person_is_published(edge: Edge) -> None:
    customer = {"id": "cus_1", "object": "customer", "name": "Jane Doe", "phone": "+49", "email": "jane@example.com"}
    assert (await edge.post(body_of(event("customer.updated", data={"object": customer})))).status == 200
    published = bytes(edge.publisher.records[0].object)
    assert b"Jane" not in published
    assert b"+49" not in published
    assert b"jane@example.com" in published


@pytest.mark.parametrize("watched", [True, False])
async def test_a_card_s_expiry_is_published_only_where_the_project_watches_it(edge: Edge, watched: bool) -> None:
    edge.projects.by_id["p1"] = replace(edge.projects.by_id["p1"], kept=Kept(card_expiry=watched))
    card = {"id": "pm_1", "object": "payment_method", "customer": "cus_1",
            "card": {"exp_month": 4, "exp_year": 2027, "last4": "4242"}}  # fmt: skip
    assert (await edge.post(body_of(event("payment_method.attached", data={"object": card})))).status == 200
    published = bytes(edge.publisher.records[0].object)
    assert (b"2027" in published, b"4242" in published) == (watched, False)


async def test_no_acknowledgement_no_200(edge: Edge) -> None:
    edge.publisher.is_reachable = False
    answer = await edge.post(BODY)
    assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (503, "not_now", "5")
    edge.publisher.is_reachable = True
    assert (await edge.post(BODY)).status == 200


async def test_a_project_that_cannot_be_looked_up_is_503_not_404(edge: Edge) -> None:
    edge.projects.is_reachable = False
    assert (await edge.post(BODY)).status == 503


async def test_another_projects_secret_does_not_open_this_one(edge: Edge) -> None:
    edge.projects.by_id["p2"] = project("p2", b"whsec_2")
    assert (await edge.post(BODY, signature(BODY, b"whsec_2"))).status == 400
    assert (await edge.post(BODY, signature(BODY, b"whsec_2"), "/webhooks/stripe/p2")).status == 200


async def test_during_rotation_old_and_new_secret_both_work(edge: Edge) -> None:
    edge.projects.by_id["p1"] = project("p1", b"whsec_new", SECRET)
    assert (await edge.post(BODY, signature(BODY, b"whsec_new"))).status == 200
    assert (await edge.post(BODY, signature(BODY, SECRET))).status == 200


async def test_a_secret_that_does_not_decrypt_is_our_fault_not_the_senders(edge: Edge) -> None:
    edge.projects.by_id["p1"] = project("p1", b"whsec_other", unreadable=1)
    answer = await edge.post(BODY)
    assert (answer.status, answer.json["code"]) == (503, "secrets_unreadable")


@pytest.mark.parametrize(
    ("accounts", "named", "livemode", "expected"),
    [
        ((), None, False, "self"),
        ((), "acct_9", True, "acct_9"),
        ((HERE,), None, False, "acct_1"),
        ((HERE,), "acct_1", False, "acct_1"),
        ((HERE, ELSEWHERE), "acct_2", False, "acct_2"),
        ((HERE, ELSEWHERE), None, False, "self"),
        ((HERE, LIVE), None, True, "acct_1"),
        ((HERE,), "acct_9", False, {"ignored": "foreign_account"}),
        ((HERE,), None, True, {"ignored": "wrong_mode"}),
        ((HERE,), "acct_1", True, {"ignored": "wrong_mode"}),
        ((GONE,), "acct_1", False, {"ignored": "disconnected"}),
        ((GONE,), None, False, {"ignored": "disconnected"}),
        ((GONE, ELSEWHERE), None, False, "acct_2"),
    ],
    ids=["no connection", "no connection, named", "the one", "the one, named", "one of two, named",
         "one of two, unnamed", "by mode", "foreign", "live on test", "live on test, named", "disconnected",
         "disconnected, unnamed", "the other is disconnected"],
)  # fmt: skip
async def test_account_and_mode_decide_where_an_event_goes(
    edge: Edge,
    accounts: tuple[ConnectedAccount, ...],
    named: str | None,
    livemode: bool,
    expected: str | dict[str, str],
) -> None:
    edge.projects.by_id["p1"] = project("p1", accounts=accounts)
    answer = await edge.post(body_of(event(livemode=livemode, account=named)))
    assert answer.status == 200
    if isinstance(expected, str):
        assert [record.account for record in edge.publisher.records] == [expected]
    else:
        assert answer.json["ignored"] == expected["ignored"]
        assert edge.publisher.records == []


async def test_webhooks_of_a_disconnected_account_are_counted(edge: Edge) -> None:
    edge.projects.by_id["p1"] = project("p1", accounts=(GONE,))
    name, labels = "revstream_webhooks_ignored_total", {"reason": "disconnected"}
    before = REGISTRY.get_sample_value(name, labels) or 0
    assert (await edge.post(BODY)).status == 200
    assert REGISTRY.get_sample_value(name, labels) == before + 1


async def test_what_one_event_tells_of_a_discount_completes_the_next(edge: Edge) -> None:
    discounted = event(data={"object": subscription(discounts=["di_1"])})
    coupon = {"id": "HALF", "object": "coupon", "percent_off": 50, "duration": "forever", "applies_to": None}
    discount = {"id": "di_1", "object": "discount", "customer": "cus_1", "source": {"type": "coupon", "coupon": coupon}}
    for body in (discounted, event("customer.discount.created", data={"object": discount}), discounted):
        assert (await edge.post(body_of(body))).status == 200
    before, _, after = edge.publisher.records
    assert before.incomplete == ("discount:di_1",)
    assert "discount:di_1" not in after.incomplete
    assert b"percent_off" in bytes(after.object)


async def test_a_project_over_its_rate_gets_429_before_any_crypto() -> None:
    async with running_edge(rate=Rate(per_second=0.001, burst=2)) as edge:
        edge.projects.by_id["p2"] = project("p2")
        statuses = [(await edge.post(BODY)).status for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert (await edge.post(BODY, "")).headers["Retry-After"] == "1"
        assert (await edge.post(BODY, path="/webhooks/stripe/p2")).status == 200


async def test_made_up_projects_share_one_rate() -> None:
    async with running_edge(rate=Rate(per_second=0.001, burst=2)) as edge:
        statuses = [(await edge.post(BODY, path=f"/webhooks/stripe/x{number}")).status for number in range(4)]
        assert statuses == [404, 404, 429, 429]
        assert (await edge.post(BODY)).status == 200


async def test_a_record_too_large_for_the_topic_is_413(edge: Edge) -> None:
    edge.publisher._most_bytes = 10
    assert (await edge.post(BODY)).status == 413
