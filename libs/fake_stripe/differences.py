"""`previous_attributes`: what an update changed, in Stripe's form."""

from libs.fake_stripe.json_types import Json


def previous_attributes(before: Json, after: Json) -> Json:
    """Take an object before and after, give the old values of what differs.

    Hashes are narrowed to their changed keys, arrays come whole, a key that wasn't there is null.
    """
    changed: Json = {}
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            changed[key] = previous_attributes(old, new)
        else:
            changed[key] = old
    return changed


def before_change(after: Json, previous: Json) -> Json:
    """Undo `previous_attributes`: give the object as it was. A key that wasn't there is null."""
    before = dict(after)
    for name, old in previous.items():
        new = after.get(name)
        before[name] = before_change(new, old) if isinstance(old, dict) and isinstance(new, dict) else old
    return before
