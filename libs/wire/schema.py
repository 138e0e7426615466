"""What all records have in common."""

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

SCHEMA_VERSION = 1

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone; ours are written in UTC."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    schema_version: int = SCHEMA_VERSION
