"""The audit log as handlers use it: `await audit(connection, entry(asked, Action.…, subject, …))` within a change.

The entry is stored in the same transaction as the change: there is neither without the other.
"""

from libs.runtime.audit_log import Action, AuditEntry, audit
from services.api.asked import Asked

__all__ = ["Action", "AuditEntry", "audit", "entry"]


def entry(asked: Asked, action: Action, subject: str, **details: object) -> AuditEntry:
    """The entry that the caller's key did `action` to `subject`. Details are plain values, and never secrets."""
    return AuditEntry(asked.project, action, asked.caller.key, subject, details)
