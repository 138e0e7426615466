"""What the account holds: objects by type, in the order they were made."""

from collections import defaultdict

from libs.fake_stripe.json_types import Json


class NotFound(LookupError):
    """No object of this type has this id."""

    def __init__(self, kind: str, object_id: str) -> None:
        self.kind = kind
        self.object_id = object_id
        super().__init__(f"No such {kind}: '{object_id}'")


class Store:
    """Objects in today's shape, whole: lists aren't cut, tiers and coupon terms are kept beside."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[str, Json]] = defaultdict(dict)
        self._forgotten: dict[str, dict[str, Json]] = defaultdict(dict)
        self._of_customer: dict[tuple[str, str], list[Json]] = defaultdict(list)
        self.tiers: dict[str, list[Json]] = {}
        self.applies_to: dict[str, Json] = {}

    def put(self, item: Json) -> Json:
        """Keep an object under its type and id, and give it back."""
        self._objects[item["object"]][item["id"]] = item
        if isinstance(customer := item.get("customer"), str):
            self._of_customer[item["object"], customer].append(item)
        return item

    def get(self, kind: str, object_id: str) -> Json:
        """Give the live object itself (to change, not to hand out); raises NotFound."""
        try:
            return self._objects[kind][object_id]
        except KeyError:
            raise NotFound(kind, object_id) from None

    def recall(self, kind: str, object_id: str) -> Json:
        """The same for an object that may have been deleted since: discounts outlive their coupons."""
        if object_id in self._forgotten[kind]:
            return self._forgotten[kind][object_id]
        return self.get(kind, object_id)

    def forget(self, kind: str, object_id: str) -> None:
        """Take an object out of every list; `recall` still finds it."""
        self._forgotten[kind][object_id] = self._objects[kind].pop(object_id)

    def is_forgotten(self, kind: str, object_id: str) -> bool:
        """Whether the object existed and was deleted."""
        return object_id in self._forgotten[kind]

    def has(self, kind: str, object_id: str) -> bool:
        """Whether an object of the type has the id."""
        return object_id in self._objects[kind]

    def all(self, kind: str) -> list[Json]:
        """Give the live objects of a type, oldest first."""
        return list(self._objects[kind].values())

    def all_of_customer(self, kind: str, customer: str) -> list[Json]:
        """Give a customer's live objects of a type, oldest first."""
        return [each for each in self._of_customer[kind, customer] if self.has(kind, each["id"])]

    def newest_first(self, kind: str) -> list[Json]:
        """Give the live objects of a type in the order of Stripe's lists."""
        return list(reversed(self._objects[kind].values()))
