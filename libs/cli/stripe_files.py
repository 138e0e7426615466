"""Stripe's objects in a file, in whatever form people have them: as the API answered, or as they were logged."""

from collections.abc import Iterator

from libs.cli.located import Located, parsed
from libs.cli.stripe_facts import StripeObjects

LISTS = {
    "customer": "customers",
    "subscription": "subscriptions",
    "invoice": "invoices",
    "coupon": "coupons",
    "discount": "discounts",
    "price": "prices",
    "plan": "prices",
    "event": "events",
}


def objects_in(text: str) -> StripeObjects:
    """Stripe's objects in a JSON list, a list answer of the API, one object, a scenario, or JSON lines.

    Raises ScenarioError with the path of what is none of these.
    """
    found: dict[str, list[Located]] = {name: [] for name in LISTS.values()}
    for one in _top(text):
        kind = one.at("object").value
        if kind is None and isinstance(one.value, dict) and "items" in one.value and "status" in one.value:
            kind = "subscription"
        if not isinstance(kind, str):
            one.at("object").refuse("must say what the object is: subscription, customer, coupon, …")
        if kind in LISTS:
            found[LISTS[kind]].append(one)
    return StripeObjects(**{name: tuple(many) for name, many in found.items()})


def _top(text: str) -> Iterator[Located]:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for _, line in lines):
        for number, line in lines:
            yield from _listed(Located(f"line {number}", parsed(line, f"line {number}")))
        return
    yield from _listed(Located("", parsed(text, "")))


def _listed(one: Located) -> Iterator[Located]:
    if isinstance(one.value, list):
        for each in one.elements():
            yield from _listed(each)
    elif isinstance(one.value, dict) and isinstance(one.value.get("data"), list) and "type" not in one.value:
        yield from (inside for each in one.at("data").elements() for inside in _listed(each))
    elif isinstance(one.value, dict) and "object" not in one.value and "id" not in one.value:
        yield from _scenario(one)
    else:
        yield one


def _scenario(one: Located) -> Iterator[Located]:
    """The lists of a scenario; what they hold may leave out what it is."""
    known = [(kind, name) for kind, name in LISTS.items() if kind != "plan" and name in one.members()]
    if not known:
        one.refuse('holds no object of Stripe\'s: a list, {"data": []}, one object, or JSON lines are read')
    for kind, name in known:
        for each in one.at(name).elements():
            yield Located(each.path, {"object": kind, **each.members()})
