"""Turns events and objects of today into what an older API version shows."""

from collections.abc import Callable, Mapping

from libs.fake_stripe.differences import before_change, previous_attributes
from libs.fake_stripe.json_types import Json, frozen_copy
from libs.fake_stripe.rendering import acacia, dahlia, year_2018, year_2020
from libs.fake_stripe.rendering.clover import inline_coupon
from libs.fake_stripe.store import Store

Step = Callable[[Store, Json], None]

# What each version brought, newest first: an older version is served by undoing it, by type of object.
STEPS: tuple[tuple[str, Mapping[str, Step]], ...] = (
    ("2026-09-30.endive", {"subscription": dahlia.subscription}),
    ("2025-09-30.clover", {"discount": inline_coupon, "customer": inline_coupon}),
    ("2025-03-31.basil", {"subscription": acacia.subscription, "invoice": acacia.invoice}),
    ("2022-11-15", {"subscription": year_2020.subscription}),
    (
        "2020-08-27",
        {
            "subscription": year_2018.subscription,
            "customer": year_2018.customer,
            "plan": year_2018.plan,
        },
    ),
)


class Renderer:
    """Renders for one API version; discounts of older versions carry their coupon, hence the store."""

    def __init__(self, store: Store, version: str) -> None:
        self._store = store
        self._version = version
        self._steps = [steps for since, steps in STEPS if version[:10] < since[:10]]

    def event(self, event: Json) -> Json:
        """Give the event as an endpoint of this version receives it."""
        data = event["data"]
        if not self._steps:
            return {**event, "api_version": self._version}
        shown: Json = {"object": self.object(data["object"])}
        if "previous_attributes" in data:
            before = self.object(before_change(data["object"], data["previous_attributes"]))
            shown["previous_attributes"] = previous_attributes(before, shown["object"])
            if _changed_out_of_sight(data):
                shown["previous_attributes"]["items"] = {"data": before["items"]["data"]}
        return {**event, "api_version": self._version, "data": shown}

    def object(self, about: Json) -> Json:
        """Give a copy of an object in this version's shape."""
        shown = frozen_copy(about)
        for steps in self._steps:
            if step := steps.get(shown["object"]):
                step(self._store, shown)
        return shown


def _changed_out_of_sight(data: Json) -> bool:
    """Whether an item changed that the list, cut after the tenth, doesn't show."""
    previous = data["previous_attributes"].get("items", {})
    return "data" in previous and bool(previous["data"] == data["object"]["items"]["data"])
