"""The SQL of the audit, as it lies beside this module."""

from functools import lru_cache
from importlib.resources import files


@lru_cache
def script(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (files(__package__) / "sql" / f"{name}.sql").read_text()
