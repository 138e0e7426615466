"""`POST /api/integrations/stripe/settings/preview`: what a change would do to today's MRR. Nothing is changed."""

from datetime import UTC, datetime

from aiohttp import web

from services.api.answers import answer
from services.api.asked import Asked
from services.api.handlers.settings import SettingsBody, merged
from services.api.handlers.subscriptions import Content
from services.api.money import total
from services.api.previewing import Change, Preview, previewed
from services.api.queries import projects


async def preview_settings(asked: Asked) -> web.Response:
    """What a change of the settings would do to today's MRR; nothing is changed. Raises Refused (400)."""
    body = await asked.body(SettingsBody)
    now = datetime.now(UTC)
    async with asked.database.reading(asked.project) as connection:
        held = await projects.settings(connection, asked.project)
        livemode = await projects.livemode(connection, asked.project, None)
    change = Change(asked.project, livemode, held.policy(), merged(held, body).policy())
    found = await previewed(asked.database, change, now)
    return answer(_content(found, change, now))


def _content(found: Preview, change: Change, now: datetime) -> Content:
    day = now.date()
    because = [
        {
            "rule": rule,
            "instead_of": instead_of,
            "subscriptions": count,
            "difference": total(sums, change.after, day),
        }
        for (rule, instead_of), (count, sums) in sorted(found.why.items())
    ]
    return {
        "before": total(found.before, change.before, day),
        "after": total(found.after, change.after, day),
        "changed": sum(count for count, _ in found.why.values()),
        "because": because,
        "customers": found.customers,
        "looked_at": found.looked_at,
        "complete": found.looked_at == found.customers,
        "livemode": change.livemode,
    }
