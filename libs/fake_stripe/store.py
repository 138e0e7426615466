"""What the account holds: objects by type, in the order they were made."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

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
        # The place of an id in a list is never given to another, so that cursors outlive deletions.
        self._order: dict[str, list[str]] = defaultdict(list)
        self._places: dict[tuple[str, str], int] = {}
        self._of_customer: dict[tuple[str, str], list[Json]] = defaultdict(list)
        self.tiers: dict[str, list[Json]] = {}
        self.applies_to: dict[str, Json] = {}

    def put(self, item: Json) -> Json:
        """Keep an object under its type and id, and give it back."""
        kind, object_id = item["object"], item["id"]
        self._objects[kind][object_id] = item
        self._places[kind, object_id] = len(self._order[kind])
        self._order[kind].append(object_id)
        if isinstance(customer := item.get("customer"), str):
            self._of_customer[kind, customer].append(item)
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

    def all_ever(self, kind: str) -> list[Json]:
        """The same with those that were deleted."""
        return [self.recall(kind, each) for each in self._order[kind]]

    def all_of_customer(self, kind: str, customer: str) -> list[Json]:
        """Give a customer's live objects of a type, oldest first."""
        return [each for each in self._of_customer[kind, customer] if self.has(kind, each["id"])]

    def newest_first(self, kind: str, older_than: str | None = None) -> Iterator[Json]:
        """Give the live objects of a type in the order of Stripe's lists, from after an id on."""
        order = self._order[kind]
        end = len(order) if older_than is None else self._place(kind, older_than)
        return self._living(kind, (order[place] for place in range(end - 1, -1, -1)))

    def oldest_first(self, kind: str, newer_than: str) -> Iterator[Json]:
        """Give the live objects made after one, the nearest first."""
        order = self._order[kind]
        return self._living(kind, (order[place] for place in range(self._place(kind, newer_than) + 1, len(order))))

    def _living(self, kind: str, ids: Iterable[str]) -> Iterator[Json]:
        objects = self._objects[kind]
        return (objects[each] for each in ids if each in objects)

    def _place(self, kind: str, object_id: str) -> int:
        try:
            return self._places[kind, object_id]
        except KeyError:
            raise NotFound(kind, object_id) from None
