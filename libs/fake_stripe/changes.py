"""The single changes that one call of update_subscription may combine, in order."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from libs.fake_stripe.specs import CancellationSpec, ItemSpec

_ASKED_FOR = CancellationSpec()


@dataclass(frozen=True, slots=True)
class SwapPrice:
    """Move an item to another price, by default with its quantity."""

    item: str
    price: str
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class SetQuantity:
    """Set the number of units of an item."""

    item: str
    quantity: int


@dataclass(frozen=True, slots=True)
class AddItem:
    """Add a line."""

    spec: ItemSpec


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """Take a line away; the last one can't be taken."""

    item: str


@dataclass(frozen=True, slots=True)
class AddDiscount:
    """Put a coupon on the subscription, or on one of its items."""

    coupon: str
    item: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveDiscount:
    """Take a discount off the subscription or the item that holds it."""

    discount: str


@dataclass(frozen=True, slots=True)
class ScheduleCancellation:
    """End at a second, or with the current period where `at` is None."""

    at: int | None = None
    why: CancellationSpec = _ASKED_FOR


@dataclass(frozen=True, slots=True)
class WithdrawCancellation:
    """Undo a scheduled end."""


@dataclass(frozen=True, slots=True)
class PauseCollection:
    """Go on, but don't collect."""

    behavior: Literal["keep_as_draft", "mark_uncollectible", "void"] = "void"
    resumes_at: int | None = None


@dataclass(frozen=True, slots=True)
class ResumeCollection:
    """Collect again."""


@dataclass(frozen=True, slots=True)
class EndTrial:
    """Start paying now."""


@dataclass(frozen=True, slots=True)
class SetMetadata:
    """Set one key of the metadata, or clear it with None."""

    key: str
    value: str | None


Change: TypeAlias = (
    SwapPrice
    | SetQuantity
    | AddItem
    | RemoveItem
    | AddDiscount
    | RemoveDiscount
    | ScheduleCancellation
    | WithdrawCancellation
    | PauseCollection
    | ResumeCollection
    | EndTrial
    | SetMetadata
)
