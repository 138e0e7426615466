"""What a project can set of the health score: what each part weighs, and the thresholds behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PARTS = ("revenue_tier", "payment_health", "subscription_trend", "signals")
OPTIONS = ("weights", "revenue_tiers", "trend_days", "payment_days")
WHOLE = 100
MOST_DAYS = 120
MOST_MINOR = 10**15


class HealthSettingsError(ValueError):
    """A setting that makes no sense: `option` is its name, `fault` what is wrong with it."""

    def __init__(self, option: str, fault: str) -> None:
        super().__init__(f"{option}: {fault}")
        self.option, self.fault = option, fault


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """`weights` in the order of PARTS, 100 together. `revenue_tiers`: minor units a month from which each tier begins,
    the same number for every currency. Days are not more than what is remembered of a client."""

    weights: tuple[int, ...] = (20, 35, 20, 25)
    revenue_tiers: tuple[int, ...] = (5_000, 50_000, 500_000)
    trend_days: int = 90
    payment_days: int = 90

    def weight(self, part: str) -> int:
        """What a part weighs."""
        return self.weights[PARTS.index(part)]


DEFAULT_HEALTH = HealthSettings()


def health_settings(options: Mapping[str, object]) -> HealthSettings:
    """The defaults with `options` in them; null takes a default back. Raises HealthSettingsError naming the option."""
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise HealthSettingsError(unknown[0], f"is unknown; there are {', '.join(OPTIONS)}")
    return HealthSettings(
        weights=_weights(options.get("weights")),
        revenue_tiers=_tiers(options.get("revenue_tiers")),
        trend_days=_days("trend_days", options.get("trend_days"), DEFAULT_HEALTH.trend_days),
        payment_days=_days("payment_days", options.get("payment_days"), DEFAULT_HEALTH.payment_days),
    )


def _weights(value: object) -> tuple[int, ...]:
    if value is None:
        return DEFAULT_HEALTH.weights
    if not isinstance(value, Mapping) or set(value) != set(PARTS):
        raise HealthSettingsError("weights", f"must name each of {', '.join(PARTS)}, not {value!r}")
    weights = tuple(_whole(f"weights.{part}", value[part], WHOLE) for part in PARTS)
    if sum(weights) != WHOLE:
        raise HealthSettingsError("weights", f"must sum to {WHOLE}, not {sum(weights)}")
    return weights


def _tiers(value: object) -> tuple[int, ...]:
    if value is None:
        return DEFAULT_HEALTH.revenue_tiers
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise HealthSettingsError("revenue_tiers", f"must be a list of amounts, not {value!r}")
    tiers = tuple(_whole("revenue_tiers", each, MOST_MINOR) for each in value)
    if list(tiers) != sorted(set(tiers)):
        raise HealthSettingsError("revenue_tiers", f"must grow from one to the next, not {list(tiers)}")
    return tiers


def _days(name: str, value: object, default: int) -> int:
    return default if value is None else _whole(name, value, MOST_DAYS)


def _whole(name: str, value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise HealthSettingsError(name, f"must be a whole number from 0 to {most}, not {value!r}")
    return value
