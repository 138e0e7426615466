"""What a project has set."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from libs.domain.policy import ChurnFormula, ChurnRecognition, FxMode, PauseRule, SubscriberChurnFormula
from libs.domain.risk import SignalRule
from libs.domain.schedule import Interval
from services.api.models.answer import Answer, AnyJson, Currency, Exact, Instant, Recounting, Total
from services.api.models.ledger import Difference
from services.api.schedule_settings import Day


class Discounts(Answer, frozen=True):
    """Which coupon durations lower MRR."""

    forever: bool
    repeating: bool
    once: bool


class PolicyRate(Answer, frozen=True):
    """A rate of the policy."""

    currency: Currency
    rate: Exact
    day: Annotated[str, Meta(extra_json_schema={"format": "date"})] | None
    source: str | None


class Policy(Answer, frozen=True):
    """How MRR is counted: the whole policy in force."""

    include_trials: bool
    include_past_due: bool
    past_due_churn_after_days: int | None
    pause_collection: PauseRule
    subtract_discounts: Discounts
    churn_recognition: ChurnRecognition
    free_is_churn: bool
    reactivation_window_days: int | None
    movement_grouping_minutes: int
    late_window_days: int | None
    include_metered: bool
    day_factor: Exact
    week_factor: Exact
    base_currency: Currency | None
    fx: list[PolicyRate]
    fx_mode: FxMode
    strip_inclusive_tax: bool
    churn_formula: ChurnFormula
    subscriber_churn_formula: SubscriberChurnFormula
    timezone: str


class Risk(Answer, frozen=True):
    """When signals are made. Amounts are minor units a month."""

    off: list[SignalRule]
    watch_card_expiry: bool
    large_mrr: int
    key_client_mrr: int
    cooldown_hours: int
    escalate_after_hours: int | None
    past_due_days: int
    cancellation_soon_days: int
    canceled_open_days: int
    downgrade_share: Exact
    downgrade_mrr: int
    downgrade_open_days: int
    trial_notice_days: int
    card_notice_days: int
    fraud_warning_open_days: int
    large_renewal: int
    large_renewal_days: int


class HealthSettings(Answer, frozen=True):
    """How a client's health is made: the parts' weights sum to 100."""

    weights: dict[str, int]
    revenue_tiers: list[int]
    trend_days: int
    payment_days: int


class Mapping(Answer, frozen=True):
    """How customers find their client."""

    metadata_key: str
    free_domains: list[str]
    own_domains: list[str]


class Hours(Answer, frozen=True):
    """Days, and whole hours of the project's clock."""

    days: list[Day]
    opens: Annotated[int, Meta(ge=0, le=23)]
    closes: Annotated[int, Meta(ge=1, le=24)]


class SettingsPreview(Answer, frozen=True):
    """What a change would do to today's MRR, by the rules that would count otherwise. Not `complete`: ask again with
    `next_cursor` and the same change, and the customers after these are counted in too."""

    before: Total
    after: Total
    changed: Annotated[int, Meta(description="Subscriptions that would add another amount.")]
    because: list[Difference]
    customers: int
    looked_at: int
    complete: bool
    next_cursor: Annotated[str, Meta(description="Goes on with the preview, in the body as `cursor`.")] | None
    livemode: bool


class Settings(Answer, frozen=True):
    """`policy` is the whole policy in force, `options` what differs from the preset by the project's choice."""

    version: int
    preset: str
    policy: Policy
    options: dict[str, AnyJson]
    risk: Risk
    health: HealthSettings
    mapping: Mapping
    retention_tier: Literal["3_days", "30_days", "unlimited"]
    base_currency: Currency | None
    timezone: str
    updated_at: Instant | None
    business_hours: Hours
    sync_interval: Interval
    recounting: Recounting | UnsetType = UNSET
