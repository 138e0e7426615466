"""Events that this process has published before are dropped at the edge, and only those."""

from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY

from tests.ingest.fakes import event, project
from tests.ingest.pipeline import Pipeline, pipeline


@pytest.fixture
async def way() -> AsyncIterator[Pipeline]:
    async with pipeline() as made:
        made.projects.by_id = {"p1": project(), "p2": project("p2")}
        yield made


def counted() -> float:
    return REGISTRY.get_sample_value("revstream_webhooks_ignored_total", {"reason": "duplicate"}) or 0


async def test_a_repeat_is_acknowledged_counted_and_not_published(way: Pipeline) -> None:
    before = counted()
    first, again = await way.deliver(event(id="evt_1"), event(id="evt_1"))
    assert (first, again) == ({"received": True}, {"received": True, "ignored": "duplicate"})
    assert (len(way.records), counted()) == (1, before + 1)


async def test_what_the_broker_did_not_take_is_no_duplicate(way: Pipeline) -> None:
    way.rig.publisher.is_reachable = False
    assert await way.status(event(id="evt_1")) == 503
    way.rig.publisher.is_reachable = True
    assert await way.deliver(event(id="evt_1")) == [{"received": True}]
    assert len(way.records) == 1


async def test_the_same_id_in_another_project_is_another_event(way: Pipeline) -> None:
    assert await way.status(event(id="evt_1")) == 200
    assert await way.status(event(id="evt_1"), "p2") == 200
    assert [record.project for record in way.records] == ["p1", "p2"]


async def test_an_event_that_had_to_be_completed_is_known_too(way: Pipeline) -> None:
    coupon = {"id": "HALF", "object": "coupon", "percent_off": 50, "duration": "forever"}
    made = event("coupon.created", id="evt_1", data={"object": coupon})
    assert (await way.deliver(made, made))[1]["ignored"] == "duplicate"
    assert len(way.records) == 1
