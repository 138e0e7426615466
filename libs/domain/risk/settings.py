"""What a project can set of the rules: which are on, from when on they speak, and how long they stay."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction

from libs.domain.risk.signal import SignalRule

MOST_TIME = 10_000
"""Days or hours."""

ESCALATE_AFTER_HOURS = 72
MOST_MINOR = 10**15


class RiskSettingsError(ValueError):
    """A setting that makes no sense: `option` is its name, `fault` what is wrong with it."""

    def __init__(self, option: str, fault: str) -> None:
        super().__init__(f"{option}: {fault}")
        self.option, self.fault = option, fault


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """Amounts are minor units a month (or, for a renewal, as it falls due), the same number for every currency.

    `off` are the rules that are switched off. `watch_card_expiry` lets the month in which a card expires through to the
    topics; without it nobody keeps it. MRR from `large_mrr` on, and clients from `key_client_mrr` on, make a signal one
    step more severe each. Nobody's attention for `escalate_after_hours` (None: never) makes it one step more severe.
    """

    off: frozenset[SignalRule] = frozenset()
    watch_card_expiry: bool = False
    large_mrr: int = 100_000
    key_client_mrr: int = 1_000_000
    cooldown_hours: int = 24
    escalate_after_hours: int | None = ESCALATE_AFTER_HOURS
    past_due_days: int = 7
    cancellation_soon_days: int = 7
    canceled_open_days: int = 30
    downgrade_share: Fraction = Fraction(1, 10)
    downgrade_mrr: int = 1_000
    downgrade_open_days: int = 30
    trial_notice_days: int = 3
    card_notice_days: int = 30
    fraud_warning_open_days: int = 30
    large_renewal: int = 500_000
    large_renewal_days: int = 14


DEFAULT_RISK = RiskSettings()
OPTIONS = tuple(field.name for field in fields(RiskSettings))


def risk_settings(options: Mapping[str, object]) -> RiskSettings:
    """The defaults with `options` in them; null takes a default back (and, for `escalate_after_hours`, means never).

    Raises RiskSettingsError naming the option.
    """
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise RiskSettingsError(unknown[0], f"is unknown; there are {', '.join(OPTIONS)}")
    given = _Given(options)
    never = "escalate_after_hours" in options and options["escalate_after_hours"] is None
    return RiskSettings(
        off=given.rules("off"),
        watch_card_expiry=given.switch("watch_card_expiry"),
        large_mrr=given.amount("large_mrr", DEFAULT_RISK.large_mrr),
        key_client_mrr=given.amount("key_client_mrr", DEFAULT_RISK.key_client_mrr),
        cooldown_hours=given.time("cooldown_hours", DEFAULT_RISK.cooldown_hours),
        escalate_after_hours=None if never else given.time("escalate_after_hours", ESCALATE_AFTER_HOURS),
        past_due_days=given.time("past_due_days", DEFAULT_RISK.past_due_days),
        cancellation_soon_days=given.time("cancellation_soon_days", DEFAULT_RISK.cancellation_soon_days),
        canceled_open_days=given.time("canceled_open_days", DEFAULT_RISK.canceled_open_days),
        downgrade_share=given.share("downgrade_share", DEFAULT_RISK.downgrade_share),
        downgrade_mrr=given.amount("downgrade_mrr", DEFAULT_RISK.downgrade_mrr),
        downgrade_open_days=given.time("downgrade_open_days", DEFAULT_RISK.downgrade_open_days),
        trial_notice_days=given.time("trial_notice_days", DEFAULT_RISK.trial_notice_days),
        card_notice_days=given.time("card_notice_days", DEFAULT_RISK.card_notice_days),
        fraud_warning_open_days=given.time("fraud_warning_open_days", DEFAULT_RISK.fraud_warning_open_days),
        large_renewal=given.amount("large_renewal", DEFAULT_RISK.large_renewal),
        large_renewal_days=given.time("large_renewal_days", DEFAULT_RISK.large_renewal_days),
    )


@dataclass(frozen=True, slots=True)
class _Given:
    """Options by name, each read as what it must be; one that is null or not there is its default."""

    options: Mapping[str, object]

    def rules(self, name: str) -> frozenset[SignalRule]:
        value = self.options.get(name)
        if value is None:
            return frozenset()
        if not isinstance(value, list | tuple):
            raise RiskSettingsError(name, f"must be a list of rules, not {value!r}")
        known = [rule.value for rule in SignalRule]
        for rule in value:
            if rule not in known:
                raise RiskSettingsError(name, f"{rule!r} is no rule; there are {', '.join(known)}")
        return frozenset(map(SignalRule, value))

    def switch(self, name: str) -> bool:
        value = self.options.get(name)
        if value is not None and not isinstance(value, bool):
            raise RiskSettingsError(name, f"must be true or false, not {value!r}")
        return value is True

    def share(self, name: str, default: Fraction) -> Fraction:
        value = self.options.get(name)
        if value is None:
            return default
        try:
            share = Fraction(value) if isinstance(value, str) else None
        except (ValueError, ZeroDivisionError):
            share = None
        if share is None or not 0 <= share <= 1:
            raise RiskSettingsError(name, f'must be a text between "0" and "1", such as "0.1", not {value!r}')
        return share

    def amount(self, name: str, default: int) -> int:
        return self._whole(name, default, MOST_MINOR)

    def time(self, name: str, default: int) -> int:
        return self._whole(name, default, MOST_TIME)

    def _whole(self, name: str, default: int, most: int) -> int:
        value = self.options.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise RiskSettingsError(name, f"must be a whole number from 0 to {most}, not {value!r}")
        return value
