"""What a project has set, as rows that the SQL of the audit counts by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from libs.cli.servers import Owner
from libs.domain.money import MINOR_DIGITS
from libs.domain.policy import PRESETS, ChurnRecognition, FxMode, Policy, policy_of

OWN = "own"
TIERS = {"3_days": timedelta(days=3), "30_days": timedelta(days=30)}
ASKED = """
CREATE TEMP TABLE audit_asked (
    project text, at timestamptz, customers text[], clients text[], base text, timezone text, purged_up_to timestamptz,
    topics_are_cut bool
) ON COMMIT DROP;
CREATE TEMP TABLE audit_policies (
    name text, include_trials bool, include_past_due bool, past_due_churn_after_days int, pause text, forever bool,
    repeating bool, once bool, at_request bool, include_metered bool, day_num numeric, day_den numeric,
    week_num numeric, week_den numeric, strip_inclusive_tax bool
) ON COMMIT DROP;
CREATE TEMP TABLE audit_rates (currency text, num numeric, den numeric, day date) ON COMMIT DROP;
CREATE TEMP TABLE audit_digits (currency text, digits int) ON COMMIT DROP
"""
HELD = """
SELECT coalesce(preset, 'default') AS preset, coalesce(policy, '{}')::text AS policy,
       building IS NOT NULL AS rebuilding, coalesce(retention_tier, 'unlimited') AS tier
FROM (SELECT $1::text AS project) AS asked LEFT JOIN project_settings USING (project) LEFT JOIN ledgers USING (project)
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a project counts. `rebuilding`: its ledger is being written anew, by other options; `tier` of retention."""

    policy: Policy
    rebuilding: bool
    tier: str

    def purged_up_to(self, at: datetime) -> datetime | None:
        """Up to when old records and entries may have been purged at `at`."""
        kept = TIERS.get(self.tier)
        return None if kept is None else at - kept

    @property
    def ledger_follows(self) -> bool:
        """Whether the ledger's balance is today's MRR at today's rates: not where each movement keeps its own rate."""
        return self.policy.base_currency is None or self.policy.fx_mode is FxMode.SPOT


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked at: a project as of an instant; only these customers and clients, where any are named.

    What is from before `purged_up_to` may be gone; `topics_are_cut`: old records of topics may be gone too.
    """

    project: str
    at: datetime
    customers: Sequence[str] | None = None
    clients: Sequence[str] | None = None
    purged_up_to: datetime | None = None
    topics_are_cut: bool = False


async def terms_of(connection: Owner, project: str) -> Terms:
    """What the project has set. Raises PolicyError where that makes no sense."""
    row = await connection.fetchrow(HELD, project)
    assert row is not None
    policy = policy_of(row["preset"], msgspec.json.decode(row["policy"]))
    return Terms(policy, row["rebuilding"] or False, row["tier"])


async def ask(connection: Owner, asked: Asked, policy: Policy) -> None:
    """Lay down what is looked at, for the SQL of this transaction: the project's own policy, and every preset."""
    await connection.execute(ASKED)
    base, zone = policy.base_currency, policy.timezone
    await connection.execute(
        "INSERT INTO audit_asked VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(asked.project, asked.at, asked.customers, asked.clients, base, zone, asked.purged_up_to),
        asked.topics_are_cut,
    )
    rows = [_options(name, each) for name, each in {OWN: policy, **PRESETS}.items()]
    await connection.copy_records_to_table("audit_policies", records=rows)
    rates = [(rate.currency, rate.rate.numerator, rate.rate.denominator, rate.day) for rate in policy.fx]
    await connection.copy_records_to_table("audit_rates", records=rates)
    await connection.copy_records_to_table("audit_digits", records=MINOR_DIGITS.items())
    await connection.execute("ANALYZE audit_asked, audit_policies, audit_rates, audit_digits")


def _options(name: str, policy: Policy) -> tuple[object, ...]:
    subtract = policy.subtract_discounts
    return (
        *(name, policy.include_trials, policy.include_past_due, policy.past_due_churn_after_days),
        *(policy.pause_collection.value, subtract.forever, subtract.repeating, subtract.once),
        *(policy.churn_recognition is ChurnRecognition.AT_REQUEST, policy.include_metered),
        *(policy.day_factor.numerator, policy.day_factor.denominator),
        *(policy.week_factor.numerator, policy.week_factor.denominator, policy.strip_inclusive_tax),
    )
