"""What a project sets of churn risk and of health: checked by the rules' own readers before it is kept."""

from collections.abc import Mapping

from libs.domain.health import HealthSettingsError, health_settings
from libs.domain.health.settings import PARTS, HealthSettings
from libs.domain.risk import RiskSettings, RiskSettingsError, risk_settings
from services.api.problems import FieldError, Refused, bad_body

NEVER_IS_NULL = frozenset({"escalate_after_hours"})

Options = Mapping[str, object]


def risk_with(held: Options, change: Options) -> dict[str, object]:
    """The options of risk with the change in them; null takes a default back. Raises Refused naming the option."""
    options = _merged(held, change)
    try:
        risk_settings(options)
    except RiskSettingsError as error:
        raise Refused(bad_body([FieldError(f"risk.{error.option}", error.fault)])) from error
    return options


def health_with(held: Options, change: Options) -> dict[str, object]:
    """The options of health with the change in them. Raises Refused: weights that don't sum to 100, for one."""
    options = _merged(held, change)
    try:
        health_settings(options)
    except HealthSettingsError as error:
        raise Refused(bad_body([FieldError(f"health.{error.option}", error.fault)])) from error
    return options


def risk_content(options: Options) -> dict[str, object]:
    """All settings of risk that are in force."""
    held: RiskSettings = risk_settings(options)
    named = {name: getattr(held, name) for name in RiskSettings.__slots__}
    return {**named, "off": sorted(held.off), "downgrade_share": str(held.downgrade_share)}


def health_content(options: Options) -> dict[str, object]:
    """All settings of health that are in force."""
    held: HealthSettings = health_settings(options)
    return {
        "weights": dict(zip(PARTS, held.weights, strict=True)),
        "revenue_tiers": list(held.revenue_tiers),
        "trend_days": held.trend_days,
        "payment_days": held.payment_days,
    }


def _merged(held: Options, change: Options) -> dict[str, object]:
    both = {**held, **change}
    return {name: value for name, value in both.items() if value is not None or name in NEVER_IS_NULL}
