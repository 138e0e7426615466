"""Endpoints are set up, changed, tested and looked into by their own project alone; secrets are shown once."""

from datetime import timedelta

from tests.api.calling import is_problem
from tests.api.posting import ENDPOINTS, Post


async def test_enabled_again_an_endpoint_is_told_what_happens_from_then_on(by_post: Post) -> None:
    made = await by_post.endpoint()
    path = f"{ENDPOINTS}/{made.field('id')}"
    await by_post.api.patch(path, {"state": "disabled"})
    await by_post.happens("sig_1")
    await by_post.go()
    assert is_problem(await by_post.api.post(f"{path}/test", {}), 409, "endpoint_disabled")
    await by_post.api.patch(path, {"state": "enabled"})
    await by_post.happens("sig_2")
    await by_post.go()
    assert [got.signal[0] for got in by_post.receiver.got] == ["sig_2"]


async def test_redelivery_sends_the_same_message(by_post: Post) -> None:
    made = await by_post.endpoint()
    await by_post.happens("sig_1")
    await by_post.go()
    (entry,) = await by_post.log(made.field("id"))
    again = await by_post.api.post(f"{ENDPOINTS}/{made.field('id')}/deliveries/{entry['id']}/redeliver", {})
    by_post.now += timedelta(seconds=10)
    await by_post.go()
    first, second = by_post.receiver.got
    assert (again.status, first.id, first.body) == (202, second.id, second.body)
    assert (await by_post.log(made.field("id")))[-1]["redelivery_of"] == entry["id"]


async def test_a_test_message_is_sent_at_once(by_post: Post) -> None:
    made = await by_post.endpoint(type="slack")
    await by_post.api.post(f"{ENDPOINTS}/{made.field('id')}/test", {})
    by_post.now += timedelta(seconds=10)
    await by_post.go()
    assert by_post.receiver.got[0].content == {"text": "This is a test from revstream: deliveries reach you."}


async def test_slack_gets_one_line_and_its_address_is_not_shown(by_post: Post) -> None:
    made = await by_post.endpoint("/services/T1/B1/x", type="slack")
    await by_post.happens("sig_1", "<!channel>")
    await by_post.go()
    assert (made.field("url"), "secret" in made.content) == ("https://127.0.0.1/…", False)
    assert by_post.receiver.got[0].content["text"] == (
        "🟠 &lt;!channel&gt;: payment_failed opened – Payment of 10.00 usd failed · MRR at risk 10.00 USD"
    )


async def test_while_a_secret_is_replaced_both_sign(by_post: Post) -> None:
    made = await by_post.endpoint()
    rotated = await by_post.api.post(f"{ENDPOINTS}/{made.field('id')}/rotate-secret", {})
    for number, hours in enumerate((0, 25)):
        by_post.now += timedelta(hours=hours)
        await by_post.happens(f"sig_{number}")
        await by_post.go()
    both, new_only = by_post.receiver.got
    assert [len(got.headers["webhook-signature"].split()) for got in (both, new_only)] == [2, 1]
    both.verify(made.field("secret"))
    both.verify(rotated.field("secret"))


async def test_an_endpoint_is_told_only_what_it_asked_for(by_post: Post) -> None:
    await by_post.endpoint("/disputes", rules=["dispute_opened"])
    await by_post.endpoint("/critical", min_severity="critical")
    await by_post.endpoint("/test", mode="test")
    await by_post.happens("sig_1")
    await by_post.happens("sig_2", livemode=False)
    await by_post.go()
    assert [(got.path, got.signal[0]) for got in by_post.receiver.got] == [("/test", "sig_2")]


async def test_another_project_s_endpoints_are_not_found(by_post: Post, other_project: str) -> None:
    made = await by_post.endpoint()
    other = await by_post.api.as_project(other_project)
    path = f"{ENDPOINTS}/{made.field('id')}"
    answers = [
        await other.get(path),
        await other.patch(path, {}),
        await other.delete(path),
        await other.post(f"{path}/test", {}),
        await other.post(f"{path}/rotate-secret", {}),
        await other.get(f"{path}/deliveries"),
    ]
    assert {answer.status for answer in answers} == {404}
    assert (await other.get(ENDPOINTS)).field("data") == []


async def test_a_deleted_endpoint_gets_nothing_more(by_post: Post) -> None:
    made = await by_post.endpoint()
    await by_post.happens("sig_1")
    assert (await by_post.api.delete(f"{ENDPOINTS}/{made.field('id')}")).status == 204
    await by_post.go()
    assert by_post.receiver.got == []
    assert await by_post.value("SELECT length(secret) + length(url) FROM webhook_endpoints") == 0


async def test_the_log_is_read_in_pages(by_post: Post) -> None:
    made = await by_post.endpoint()
    for number in range(5):
        await by_post.happens(f"sig_{number}", f"client {number}")
    await by_post.go()
    path = f"{ENDPOINTS}/{made.field('id')}/deliveries?limit=2"
    seen, cursor = [], ""
    while cursor is not None:
        page = await by_post.api.get(f"{path}{cursor and f'&cursor={cursor}'}")
        seen += [each["id"] for each in page.field("data")]
        cursor = page.field("next_cursor")
    assert len(set(seen)) == len(seen) == 5
