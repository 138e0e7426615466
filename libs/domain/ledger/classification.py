"""Which kind of movement a change is: the one table that every change of a client's MRR goes through."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from libs.domain.policy import Policy
from libs.domain.value import value


class MovementKind(StrEnum):
    NEW = "new"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"
    FX = "fx"
    TRANSFER = "transfer"


class Standing(StrEnum):
    """STRANGER: never paid. ACTIVE: pays, or is free where that is no churn. LAPSED: paid once, not any more."""

    STRANGER = "stranger"
    ACTIVE = "active"
    LAPSED = "lapsed"


@value(frozen=True, slots=True)
class ClientStanding:
    """How a client stands; `lapsed_at` since when it is LAPSED."""

    standing: Standing = Standing.STRANGER
    lapsed_at: datetime | None = None


@value(frozen=True, slots=True)
class Presence:
    """What a client has at an instant, all its currencies together."""

    pays: bool
    subscribes: bool


def standing_after(before: ClientStanding, now: Presence, policy: Policy, at: datetime) -> ClientStanding:
    """How the client stands once it has `now`."""
    if now.pays:
        return ClientStanding(Standing.ACTIVE)
    if before.standing is not Standing.ACTIVE:
        return before
    if now.subscribes and not policy.free_is_churn:
        return before
    return ClientStanding(Standing.LAPSED, at)


def kind_of(before: Standing, after: Standing, rises: bool) -> MovementKind:
    """The kind of a change that is not 0, by how the client stood before it and stands after it."""
    match before:
        case Standing.ACTIVE if after is not Standing.ACTIVE:
            return MovementKind.CHURN
        case Standing.ACTIVE:
            return MovementKind.EXPANSION if rises else MovementKind.CONTRACTION
        case Standing.STRANGER:
            return MovementKind.NEW
        case Standing.LAPSED:
            return MovementKind.REACTIVATION
        case _:
            assert_never(before)


def forgotten(before: ClientStanding, at: datetime, policy: Policy) -> ClientStanding:
    """The standing that a return at `at` is judged by: after more than `reactivation_window_days` one is new again."""
    days = policy.reactivation_window_days
    if days is None or before.lapsed_at is None or at - before.lapsed_at <= timedelta(days=days):
        return before
    return ClientStanding()
