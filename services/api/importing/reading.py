"""CSV and JSON as rows. What a cell holds is text, whatever a spreadsheet would make of it."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

import msgspec

from libs.wire.csv_cells import unescaped
from services.api.problems import FieldError

CSV, JSON = "text/csv", "application/json"
MOST_ROWS = 50_000
LISTS = ("stakeholder_emails", "domains", "stripe_customers")
COLUMNS = ("client", "name", *LISTS)
DELIMITERS = ",;\t"
BETWEEN_VALUES = re.compile(r"[;,|\s]+")
_rows = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Row:
    """One client as a file has it; `fields` are those that it gives. `number` counts as a spreadsheet does."""

    number: int
    client: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in one row."""

    row: int
    client: str
    field: str
    message: str


class Unreadable(ValueError):
    """The file as a whole makes no sense."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.error = FieldError(field, message)


class TooManyRows(ValueError):
    """More rows than are taken at once."""


def read_rows(content: bytes, kind: str) -> tuple[list[Row], list[RowError]]:
    """The rows of a file, and what can't be one. Raises Unreadable, TooManyRows."""
    rows: list[Row] = []
    errors: list[RowError] = []
    for read in _read_csv(content) if kind == CSV else _read_json(content):
        if len(rows) + len(errors) >= MOST_ROWS:
            raise TooManyRows(f"the file has more than {MOST_ROWS} rows")
        if isinstance(read, Row):
            rows.append(read)
        else:
            errors.append(read)
    return rows, errors


def _read_csv(content: bytes) -> Iterator[Row | RowError]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("body", f"is not UTF-8 at byte {error.start}") from error
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = _header(next(reader, []))
        for number, cells in enumerate(reader, 2):
            if any(cell.strip() for cell in cells):
                yield _csv_row(number, header, cells)
    except csv.Error as error:
        raise Unreadable("body", f"is no CSV in line {reader.line_num}: {error}") from error


def _delimiter(text: str) -> str:
    first = text[: text.find("\n")] if "\n" in text else text
    return max(DELIMITERS, key=first.count)


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise Unreadable(unknown[0] or "body", f"is no column of an import; those are {', '.join(COLUMNS)}")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Unreadable(twice, "is a column twice")
    if "client" not in names:
        raise Unreadable("client", "is missing: the first line names the columns")
    return names


def _csv_row(number: int, header: Sequence[str], cells: Sequence[str]) -> Row | RowError:
    if len(cells) > len(header):
        return RowError(number, cells[0].strip(), "row", f"has {len(cells)} cells; there are {len(header)} columns")
    texts = dict(zip(header, (unescaped(cell.strip()) for cell in cells), strict=False))
    fields = {name: _values(text) if name in LISTS else text for name, text in texts.items() if name != "client"}
    return Row(number, texts.get("client", ""), fields)


def _values(text: str) -> list[str]:
    return [value for value in BETWEEN_VALUES.split(text) if value]


def _read_json(content: bytes) -> Iterator[Row | RowError]:
    try:
        found = _rows.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("body", f"is no JSON list of clients: {error}") from error
    for number, raw in enumerate(found, 1):
        yield _json_row(number, raw)


def _json_row(number: int, raw: msgspec.Raw) -> Row | RowError:
    try:
        fields = msgspec.json.decode(raw, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return RowError(number, "", "row", f"is no client: {error}")
    client = fields.pop("client", None)
    if not isinstance(client, str):
        return RowError(number, "", "client", "is missing or no text")
    return Row(number, client, fields)
