"""The demo for people: where everything answers, how far the play is, and the figures as they move."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from libs.cli.output import text_line

READY = """
  dashboard {dashboard}
  API       {api}     (key {key})
  webhooks  {ingest}/webhooks/stripe/{project}

  curl -H "Authorization: Bearer {key}" {api}/api/metrics
  curl -H "Authorization: Bearer {key}" "{api}/api/clients?sort=-mrr&limit=5"
"""


class Display:
    """On a terminal a table that is redrawn; elsewhere a line for each thing."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._task = self._progress.add_task("events delivered", total=None)
        self._live = Live(console=self._console, refresh_per_second=8, transient=False)
        self._before: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def tell(self, fields: dict[str, object]) -> None:
        """Show one thing that happened."""
        match fields["event"]:
            case "ready":
                self._console.print(READY.format(**fields), highlight=False, markup=False, soft_wrap=True)
            case "figures":
                self._figures(fields)
            case "compared":
                self._live.stop()
                self._compared(fields)
            case _:
                self._live.stop()
                text_line(fields)

    def _figures(self, fields: Mapping[str, object]) -> None:
        if not self._console.is_terminal:
            text_line(dict(fields))
            return
        delivered, of = fields["delivered"], fields["of"]
        assert isinstance(delivered, int)
        assert isinstance(of, int)
        self._progress.update(self._task, completed=delivered, total=of)
        self._live.start()
        self._live.update(Group(self._progress, self._table(fields)))

    def _table(self, fields: Mapping[str, object]) -> Table:
        table = Table("figure", "now", "before", title=str(fields["message"]), min_width=48)
        table.columns[1].justify = table.columns[2].justify = "right"
        now = self._shown(fields)
        for name, value in now.items():
            before = self._before.get(name, value)
            table.add_row(name, value if value == before else f"[bold]{value}[/]", "" if value == before else before)
        self._before = now
        return table

    @staticmethod
    def _shown(fields: Mapping[str, object]) -> dict[str, str]:
        amounts = fields["mrr"]
        assert isinstance(amounts, dict)
        figures = {f"MRR {currency.upper()}": amount for currency, amount in amounts.items()}
        counts = ("active_subscriptions", "active_subscribers", "customers")
        return figures | {name.replace("_", " "): str(fields[name]) for name in counts}

    def _compared(self, fields: Mapping[str, object]) -> None:
        table = Table("", "the API says", "recomputed from the account's objects", title="the check")
        table.add_row("MRR", _amounts(fields["api"]), _amounts(fields["recomputed"]))
        differences = fields["differences"]
        assert isinstance(differences, list)
        for one in differences:
            table.add_row(one["client"], _amounts(one["api"]), _amounts(one["recomputed"]), style="red")
        self._console.print(table)
        verdict = "equal" if fields["equal"] else f"{len(differences)} differences"
        self._console.print(f"{fields['clients']} paying clients: {verdict}")


def _amounts(amounts: object) -> str:
    assert isinstance(amounts, dict)
    return "  ".join(f"{amount} {currency.upper()}" for currency, amount in amounts.items()) or "nothing"
