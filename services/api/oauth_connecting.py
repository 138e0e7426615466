"""An account whose owner agreed: kept at once, as the code works once; what it may read is looked up afterwards."""

from libs.runtime.audit_log import Action, AuditEntry, audit
from libs.stripe_gateway import Grant, Platform, StripeFault, budget_name, open_account, probed
from services.api.asked import Parts
from services.api.queries import connections, syncs
from services.api.queries.connections import NewConnection
from services.api.queries.oauth import Attempt
from services.api.stripe_problems import permissions_content


async def connected_by(parts: Parts, platform: Platform, attempt: Attempt, grant: Grant) -> dict[str, object]:
    """Keep the connection, ask for its first sync, then find out what may be read; `id` is the connection's."""
    project = attempt.project
    new = NewConnection(grant.account, grant.livemode, None, None, [], method="oauth", scope=grant.scope)
    async with parts.database.writing(project) as connection:
        kept = await connections.connect(connection, project, new, parts.keyring)
        run, _ = await syncs.ask(connection, project, kept.id, "initial")
        told = {"account": grant.account, "livemode": grant.livemode, "method": "oauth", "scope": grant.scope}
        await audit(connection, AuditEntry(project, Action.CONNECTED, attempt.key, kept.id, told))
    permissions = await _permissions(parts, platform, grant)
    async with parts.database.writing(project) as connection:
        await connections.set_permissions(connection, project, kept.id, permissions)
    return {"id": kept.id, "connection": kept, "permissions": permissions, "run": run}


async def _permissions(parts: Parts, platform: Platform, grant: Grant) -> list[dict[str, object]]:
    """What may be read; nothing where Stripe does not tell now: the sync finds out by itself."""
    budget = parts.budget_of(budget_name(grant.account, grant.livemode)) if parts.budget_of else None
    try:
        async with open_account(parts.stripe, platform.key, budget, grant.account) as opened:
            return permissions_content(await probed(opened))
    except StripeFault:
        return []
