"""Options as settings, scenarios and the command line write them, made into a Policy; what is wrong is named."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from libs.domain.identity import Currency
from libs.domain.money import is_currency
from libs.domain.policy.faults import PolicyError, found
from libs.domain.policy.options import (
    ChurnFormula,
    ChurnRecognition,
    FxMode,
    PauseRule,
    Policy,
    SubscriberChurnFormula,
    SubtractDiscounts,
)
from libs.domain.policy.presets import PRESETS
from libs.domain.policy.rate_table import positive, rates_of

MOST_DAYS = 36_500
MOST_MINUTES = 60 * 24 * 31
MOST_FACTOR = 1_000

Choice = TypeVar("Choice", bound=StrEnum)
Setter = Callable[[Policy, str, object], Policy]


def policy_of(preset: str, options: Mapping[str, object]) -> Policy:
    """The preset with `options` laid over it. Raises PolicyError that names the first wrong option.

    Factors are numbers or text ("365/12", "30", 4.3333), taken as the exact decimal that was written.
    """
    if preset not in PRESETS:
        raise PolicyError("preset", f"is no preset: {found(preset)}; there are {', '.join(PRESETS)}")
    policy = PRESETS[preset]
    for name, value in options.items():
        if name not in SETTERS:
            raise PolicyError(name, f"is no option; there are {', '.join(SETTERS)}")
        policy = SETTERS[name](policy, name, value)
    return policy


def _subtract(start: SubtractDiscounts, value: object) -> SubtractDiscounts:
    if not isinstance(value, Mapping):
        raise PolicyError("subtract_discounts", f"must name durations with true or false, not {found(value)}")
    read: dict[str, bool] = {}
    for name, each in value.items():
        if name not in ("forever", "repeating", "once"):
            raise PolicyError(f"subtract_discounts.{name}", "is no duration; there are forever, repeating, once")
        read[name] = _flag(f"subtract_discounts.{name}", each)
    return replace(start, **read)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise PolicyError(name, f"must be true or false, not {found(value)}")
    return value


def _whole(name: str, value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise PolicyError(name, f"must be a whole number from 0 to {most}, not {found(value)}")
    return value


def _days(name: str, value: object) -> int | None:
    return None if value is None else _whole(name, value, MOST_DAYS)


def _choice(kind: type[Choice], name: str, value: object) -> Choice:
    if not isinstance(value, str) or value not in {each.value for each in kind}:
        raise PolicyError(name, f"must be one of {', '.join(kind)}, not {found(value)}")
    return kind(value)


def _factor(name: str, value: object) -> Fraction:
    factor = positive(name, value)
    if factor > MOST_FACTOR:
        raise PolicyError(name, f"must be at most {MOST_FACTOR}, not {found(value)}")
    return factor


def _currency(name: str, value: object) -> Currency | None:
    if value is None:
        return None
    if not isinstance(value, str) or not is_currency(value.lower()):
        raise PolicyError(name, f"must be a currency of three letters, not {found(value)}")
    return Currency(value.lower())


def _timezone(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise PolicyError(name, f"must be a time zone such as Europe/Berlin, not {found(value)}")
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PolicyError(name, f"is no time zone: {value!r}") from error


SETTERS: Mapping[str, Setter] = {
    "include_trials": lambda p, name, value: replace(p, include_trials=_flag(name, value)),
    "include_past_due": lambda p, name, value: replace(p, include_past_due=_flag(name, value)),
    "past_due_churn_after_days": lambda p, name, value: replace(p, past_due_churn_after_days=_days(name, value)),
    "pause_collection": lambda p, name, value: replace(p, pause_collection=_choice(PauseRule, name, value)),
    "subtract_discounts": lambda p, _, value: replace(p, subtract_discounts=_subtract(p.subtract_discounts, value)),
    "churn_recognition": lambda p, name, value: replace(p, churn_recognition=_choice(ChurnRecognition, name, value)),
    "free_is_churn": lambda p, name, value: replace(p, free_is_churn=_flag(name, value)),
    "reactivation_window_days": lambda p, name, value: replace(p, reactivation_window_days=_days(name, value)),
    "movement_grouping_minutes": lambda p, name, value: replace(
        p, movement_grouping_minutes=_whole(name, value, MOST_MINUTES)
    ),
    "late_window_days": lambda p, name, value: replace(p, late_window_days=_days(name, value)),
    "include_metered": lambda p, name, value: replace(p, include_metered=_flag(name, value)),
    "day_factor": lambda p, name, value: replace(p, day_factor=_factor(name, value)),
    "week_factor": lambda p, name, value: replace(p, week_factor=_factor(name, value)),
    "base_currency": lambda p, name, value: replace(p, base_currency=_currency(name, value)),
    "fx": lambda p, _, value: replace(p, fx=rates_of(value)),
    "fx_mode": lambda p, name, value: replace(p, fx_mode=_choice(FxMode, name, value)),
    "strip_inclusive_tax": lambda p, name, value: replace(p, strip_inclusive_tax=_flag(name, value)),
    "churn_formula": lambda p, name, value: replace(p, churn_formula=_choice(ChurnFormula, name, value)),
    "subscriber_churn_formula": lambda p, name, value: replace(
        p, subscriber_churn_formula=_choice(SubscriberChurnFormula, name, value)
    ),
    "timezone": lambda p, name, value: replace(p, timezone=_timezone(name, value)),
}
