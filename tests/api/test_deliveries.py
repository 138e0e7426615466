"""Deliveries arrive at least once and in order per client, whatever the receivers do, and never twice by a replay."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from services.api.database import Database
from services.api.deliveries.egress import Egress
from services.api.deliveries.schedule import WAITS
from services.api.read_model.rebuilding import rebuild
from services.api.stream import log
from tests.api.builders import NOW, signal_delivery, signal_record
from tests.api.calling import Api
from tests.api.posting import ENDPOINTS, Post, post
from tests.api.streaming import listening


async def test_a_change_arrives_signed_with_the_ids_of_the_stream(by_post: Post) -> None:
    made = await by_post.endpoint()
    async with listening(by_post.api, since=0) as stream:
        await by_post.happens("sig_1")
        event = await stream.event()
    await by_post.go()
    (got,) = by_post.receiver.got
    got.verify(made.field("secret"))
    assert got.content["data"] == event.data
    assert (got.content["id"], got.content["type"]) == (got.id, "churn.signal.open")
    assert "secret" not in (await by_post.api.get(ENDPOINTS)).content["data"][0]


async def test_changes_of_a_client_arrive_in_order_while_others_go_on(by_post: Post) -> None:
    made = await by_post.endpoint()
    by_post.receiver.answers["/hook"] = 500
    await by_post.happens("sig_1", "slow")
    await by_post.go()
    by_post.receiver.answers.clear()
    await by_post.happens("sig_1", "slow", status="acknowledged", minutes=1)
    await by_post.happens("sig_1", "slow", status="resolved", minutes=2)
    await by_post.happens("sig_2", "other")
    await by_post.passes(seconds=1)
    delivered = [got.signal for got in by_post.receiver.got[1:]]
    assert delivered[0] == ("sig_2", "open")
    assert delivered[1:] == [("sig_1", status) for status in ("open", "acknowledged", "resolved")]
    assert {each["state"] for each in await by_post.log(made.field("id"))} == {"delivered"}


async def test_a_receiver_that_is_gone_for_a_day_gets_everything_in_order(by_post: Post) -> None:
    made = await by_post.endpoint()
    by_post.receiver.answers["/hook"] = 503
    for minute, status in enumerate(("open", "acknowledged", "resolved")):
        for client in ("a", "b"):
            await by_post.happens(f"sig_{client}", client, status=status, minutes=minute)
    await by_post.go()
    await by_post.passes(hours=24)
    by_post.receiver.answers.clear()
    by_post.receiver.got.clear()
    await by_post.passes(hours=4)
    for client in ("a", "b"):
        signals = [got.signal for got in by_post.receiver.got if got.content["data"]["client"] == client]
        assert signals == [(f"sig_{client}", status) for status in ("open", "acknowledged", "resolved")]
    assert {each["state"] for each in await by_post.log(made.field("id"))} == {"delivered"}
    assert len({got.id for got in by_post.receiver.got}) == 6


async def test_an_endpoint_that_hangs_delays_nobody_else(by_post: Post) -> None:
    by_post.receiver.answers["/hang"] = "hang"
    await by_post.endpoint("/hang")
    await by_post.endpoint("/quick")
    for number in range(20):
        await by_post.happens(f"sig_{number}", f"client {number}")
    await by_post.courier.go()
    while len(by_post.receiver.at("/quick")) < 20:
        await by_post.courier.go()
    assert len(by_post.receiver.at("/hang")) <= 16
    await by_post.courier.settled()


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        pytest.param(500, 500, None, id="500"),
        pytest.param("http://127.0.0.1:1/private", 307, None, id="a redirect is not followed"),
        pytest.param("hang", None, "no answer within 0.4 s", id="hangs"),
    ],
)
async def test_what_fails_is_in_the_log_with_its_answer(
    by_post: Post, answer: int | str, status: int | None, error: str | None
) -> None:
    made = await by_post.endpoint()
    by_post.receiver.answers["/hook"] = answer
    await by_post.happens("sig_1")
    await by_post.go()
    (entry,) = await by_post.log(made.field("id"))
    assert (entry["state"], entry["attempts"][0]["status"], entry["attempts"][0]["error"]) == ("pending", status, error)
    assert len(entry["attempts"][0]["answer"]) <= 2048
    assert entry["body"]["data"]["id"] == "sig_1"
    assert len(by_post.receiver.got) == 1


async def test_a_delivery_is_given_up_after_28_hours_and_the_next_goes_on(by_post: Post) -> None:
    made = await by_post.endpoint()
    by_post.receiver.answers["/hook"] = 500
    await by_post.happens("sig_1")
    await by_post.go()
    await by_post.passes(hours=28)
    (entry,) = await by_post.log(made.field("id"))
    assert (entry["state"], len(entry["attempts"])) == ("failed", len(WAITS) + 1)
    by_post.receiver.answers.clear()
    await by_post.happens("sig_1", status="resolved", minutes=1)
    await by_post.go()
    assert by_post.receiver.got[-1].signal == ("sig_1", "resolved")


async def test_five_days_of_failure_disable_an_endpoint_and_tell_the_others(by_post: Post) -> None:
    made = await by_post.endpoint("/dead")
    await by_post.endpoint("/alive")
    by_post.receiver.answers["/dead"] = 500
    async with listening(by_post.api) as stream:
        for number in range(6):
            await by_post.happens(f"sig_{number}")
            await by_post.go()
            await by_post.passes(hours=26)
        notice = [event for event in await stream.events(7) if event.kind == "notice"]
    assert [event.data["endpoint"] for event in notice] == [made.field("id")]
    assert "revstream.notice" in {got.content["type"] for got in by_post.receiver.at("/alive")}
    shown = await by_post.api.get(f"{ENDPOINTS}/{made.field('id')}")
    assert shown.field("state") == "disabled"
    assert "nothing was delivered since" in shown.field("disabled_reason")
    assert await by_post.value("SELECT count(*) FROM deliveries WHERE state = 'pending'") == 0


async def test_410_gone_disables_at_once(by_post: Post) -> None:
    made = await by_post.endpoint()
    by_post.receiver.answers["/hook"] = 410
    await by_post.happens("sig_1")
    await by_post.go()
    assert (await by_post.api.get(f"{ENDPOINTS}/{made.field('id')}")).field("state") == "disabled"


async def test_the_host_leads_to_this_machine_at_the_second_look_up(api: Api, opened: Database) -> None:
    answers = iter((["93.184.216.34"], ["127.0.0.1"]))
    rebinding = Egress(lookup=lambda host, port: next(answers, ["127.0.0.1"]))
    object.__setattr__(api.parts, "egress", rebinding)
    async with post(api, opened, rebinding) as by_post:
        port = by_post.receiver.url.rpartition(":")[2]
        made = await api.post(ENDPOINTS, {"url": f"https://rebinding.example:{port}/hook"})
        await by_post.happens("sig_1")
        await by_post.go()
        (entry,) = await by_post.log(made.field("id"))
        assert entry["attempts"][0]["error"] == "blocked: the host leads to an address that is not public"
        assert by_post.receiver.got == []


async def test_the_same_topic_again_sends_nothing_again(by_post: Post) -> None:
    await by_post.endpoint()
    opened_at = by_post.now
    record = signal_record("sig_1")
    moved = [
        msgspec.structs.replace(record, opened_at=opened_at, updated_at=opened_at),
        msgspec.structs.replace(
            record, status="resolved", opened_at=opened_at, updated_at=opened_at + timedelta(minutes=1)
        ),
    ]
    once = [signal_delivery(each) for each in moved]
    await by_post.api.holds(*once)
    await by_post.go()
    await rebuild(by_post.database)
    await by_post.api.holds(*once)
    await by_post.api.holds(*(signal_delivery(each) for each in moved))
    await by_post.go()
    assert [got.signal[1] for got in by_post.receiver.got] == ["open", "resolved"]


async def test_what_is_older_than_the_limit_is_history_and_not_sent(by_post: Post) -> None:
    await by_post.endpoint()
    await by_post.api.holds(signal_delivery(signal_record("sig_old")))
    await by_post.happens("sig_new")
    await by_post.go()
    assert [got.signal[0] for got in by_post.receiver.got] == ["sig_new"]
    assert (await by_post.api.get("/api/alerts")).content["data"][1]["id"] == "sig_old"


async def test_an_outage_of_ours_makes_nothing_too_old(by_post: Post) -> None:
    await by_post.endpoint()
    await by_post.happens("sig_1")
    by_post.now += timedelta(days=4)
    await by_post.go()
    assert len(by_post.receiver.got) == 1


async def test_a_courier_that_died_leaves_everything_to_the_next(by_post: Post) -> None:
    await by_post.endpoint()
    by_post.receiver.answers["/hook"] = "hang"
    for number in range(3):
        await by_post.happens(f"sig_{number}", f"client {number}")
    await by_post.courier.go()
    await by_post.courier.stop()
    by_post.receiver.answers.clear()
    next_one = replace(by_post, courier=type(by_post.courier)(by_post.courier.by))
    await next_one.go()
    assert {got.signal[0] for got in by_post.receiver.got} == {"sig_0", "sig_1", "sig_2"}


async def test_a_log_that_was_purged_does_not_stop_an_endpoint(by_post: Post) -> None:
    await by_post.endpoint()
    await by_post.happens("sig_1")
    async with by_post.database.every_project() as connection:
        await log.purge(connection, NOW + timedelta(days=9999), timedelta())
    await by_post.happens("sig_2")
    await by_post.go()
    assert [got.signal[0] for got in by_post.receiver.got] == ["sig_2"]
