"""Keys, projects, signing secrets, and who changed what."""

from typing import Annotated

from msgspec import Meta

from libs.runtime.api_keys import Scope
from services.api.models.answer import Answer, AnyJson, Cursor, Instant

KeyText = Annotated[str, Meta(pattern="^rsk_", description="The key itself; shown in this answer only.")]


class Key(Answer, frozen=True):
    """A key without what opens the door."""

    id: str
    label: str
    prefix: str
    scopes: list[Scope]
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None


class Keys(Answer, frozen=True):
    """All keys of the project that are not revoked."""

    data: list[Key]
    next_cursor: None


class NewKey(Answer, frozen=True):
    """A new key."""

    id: str
    key: KeyText
    prefix: str
    scopes: list[Scope]
    label: str
    expires_at: Instant | None
    project: str


class Project(Answer, frozen=True):
    """A project; its id is part of the address of its webhooks."""

    project: str
    name: str
    created_at: Instant


class Projects(Answer, frozen=True):
    """The project of the key: no tenant hears of another."""

    data: list[Project]
    next_cursor: None


class NewProject(Answer, frozen=True):
    """A new project with an admin key of its own."""

    project: str
    name: str
    key: KeyText
    key_id: str
    scopes: list[Scope]


class SigningSecret(Answer, frozen=True):
    """A signing secret by its last characters."""

    id: str
    hint: str
    created_at: Instant


class SigningSecrets(Answer, frozen=True):
    """The live signing secrets."""

    data: list[SigningSecret]
    next_cursor: None


class NewSigningSecret(Answer, frozen=True):
    """A signing secret that was taken."""

    id: str
    hint: str


class AuditEntry(Answer, frozen=True):
    """Who changed what. `hash` covers `hashed_details` and `previous`: the chain can be checked without us."""

    number: int
    at: Instant
    actor: str
    action: str
    subject: str
    details: dict[str, AnyJson]
    hashed_details: str
    previous: str
    hash: str


class AuditPage(Answer, frozen=True):
    """A page of the audit log."""

    data: list[AuditEntry]
    next_cursor: Cursor | None


class Session(Answer, frozen=True):
    """Who looks at the dashboard."""

    project: str
    scopes: list[Scope]


class Alive(Answer, frozen=True):
    """The process lives."""

    status: str


class Ready(Answer, frozen=True):
    """Whether the dependencies answer: `ok`, `failing` or `degraded` by name."""

    ready: bool
    checks: dict[str, str]
