"""The topics: names, keys, settings, who writes and who reads. Created from here before any worker starts."""

from dataclasses import dataclass
from enum import StrEnum


class Cleanup(StrEnum):
    DELETE = "delete"
    COMPACT = "compact"


DAY_MS = 24 * 60 * 60 * 1000
MAX_RECORD_BYTES = 2 * 1024 * 1024
DEFAULT_PARTITIONS = 8


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the public contract. `retention_ms` None keeps records without end (or until compacted)."""

    name: str
    key: str
    holds: str
    cleanup: Cleanup
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    retention_ms: int | None = None

    @property
    def dead_letters(self) -> str:
        """The topic that takes this topic's unreadable records."""
        return f"{self.name}.dead-letters"

    def config(self) -> dict[str, str]:
        """The broker's settings for this topic."""
        return {
            "cleanup.policy": self.cleanup.value,
            "max.message.bytes": str(MAX_RECORD_BYTES),
            "retention.ms": str(-1 if self.retention_ms is None else self.retention_ms),
        }


STRIPE_EVENTS = Topic(
    name="stripe.events",
    key="project/customer, or project/account for what has no customer",
    holds="one version of one Stripe object",
    cleanup=Cleanup.DELETE,
    producers=("ingest", "api"),  # api: a customer without the e-mail, when personal data is erased
    consumers=("mrr", "api"),
)
PROJECT_SETTINGS = Topic(
    name="projects.settings",
    key="project",
    holds="policy, base currency, rates, time zone, thresholds and weights of a project",
    cleanup=Cleanup.COMPACT,
    producers=("api",),
    consumers=("ingest", "mrr", "alerts"),
)
CLIENT_DIRECTORY = Topic(
    name="clients.directory",
    key="project/client",
    holds="a client's name, stakeholder e-mails, domains and manually assigned customers",
    cleanup=Cleanup.COMPACT,
    producers=("api",),
    consumers=("mrr", "alerts"),
)
CLIENT_ACTIVITY = Topic(
    name="client.activity",
    key="project/client",
    holds="what happened to a client, and what people made of its signals",
    cleanup=Cleanup.DELETE,
    producers=("mrr", "api", "alerts"),
    consumers=("mrr", "alerts"),
    retention_ms=30 * DAY_MS,
)
REVENUE_CLIENTS = Topic(
    name="revenue.clients",
    key="project/client",
    holds="a client's present revenue",
    cleanup=Cleanup.COMPACT,
    producers=("mrr",),
    consumers=("api",),
)
REVENUE_MOVEMENTS = Topic(
    name="revenue.movements",
    key="project/client",
    holds="an entry of the ledger, or the news that one was undone",
    cleanup=Cleanup.DELETE,
    producers=("mrr",),
    consumers=("api",),
)
CHURN_SIGNALS = Topic(
    name="churn.signals",
    key="project/client",
    holds="a churn-risk signal at each change of it",
    cleanup=Cleanup.DELETE,
    producers=("alerts", "api"),
    consumers=("api",),
    retention_ms=90 * DAY_MS,
)

CLIENT_HEALTH = Topic(
    name="clients.health",
    key="project/client",
    holds="a client's present health: score, parts, and why",
    cleanup=Cleanup.COMPACT,
    producers=("alerts",),
    consumers=("api",),
)

CONTRACT = (
    STRIPE_EVENTS,
    PROJECT_SETTINGS,
    CLIENT_DIRECTORY,
    CLIENT_ACTIVITY,
    REVENUE_CLIENTS,
    REVENUE_MOVEMENTS,
    CHURN_SIGNALS,
    CLIENT_HEALTH,
)


def dead_letter_topic(source: Topic) -> Topic:
    """The dead-letter topic that belongs to `source`: original key and bytes, headers say why and where from."""
    return Topic(
        name=source.dead_letters,
        key=f"that of {source.name}",
        holds=f"what could not be read from {source.name}",
        cleanup=Cleanup.DELETE,
        producers=source.consumers,
        consumers=(),
        retention_ms=90 * DAY_MS,
    )


def every_topic() -> tuple[Topic, ...]:
    """All topics that must exist before a worker starts, dead letters included."""
    return CONTRACT + tuple(dead_letter_topic(topic) for topic in CONTRACT)
