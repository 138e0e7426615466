"""How the last audits came out, for `revstream doctor`."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from libs.cli.auditing.outcomes import Outcome
from libs.cli.findings import Finding, good, problem, skipped

MOST_NAMED = 5
RUN = "`revstream audit` proves ledger, read model and MRR; it may run while all works, as each night."
MEND = "`revstream audit` tells each difference; docs/operations.md says what mends it. Then run it again."


def audits(found: Mapping[str, Outcome | None], now: datetime) -> Finding:
    """A problem where a project's last audit found differences. How old it is, and that there was none, is told."""
    done = {project: last for project, last in found.items() if last is not None}
    wrong = [_wrong(project, last, now) for project, last in done.items() if last.differences]
    if wrong:
        return problem("audit", _named(wrong, "; "), MEND)
    never = [project for project, last in found.items() if last is None]
    if not done:
        return skipped("audit", "never run", RUN)
    oldest = min(last.at for last in done.values())
    compared = sum(last.compared for last in done.values())
    told = f"{compared} figures equal, {ago(now - oldest)}"
    return good("audit", f"{told}; never run for {_named(never, ', ')}" if never else told)


def _wrong(project: str, last: Outcome, now: datetime) -> str:
    words = "difference" if last.differences == 1 else "differences"
    checks = ", ".join(last.differing)
    return f"{project}: {last.differences} {words} among {last.compared} figures, {ago(now - last.at)}, in {checks}"


def _named(texts: list[str], between: str) -> str:
    more = len(texts) - MOST_NAMED
    return between.join(texts[:MOST_NAMED]) + (f"{between}and {more} more" if more > 0 else "")


def ago(age: timedelta) -> str:
    """How long ago, in the largest unit of which there are two, or in minutes."""
    minutes = max(0, age // timedelta(minutes=1))
    for size, word in ((24 * 60, "days"), (60, "hours")):
        if minutes >= 2 * size:
            return f"{minutes // size} {word} ago"
    return "1 minute ago" if minutes == 1 else f"{minutes} minutes ago"
