"""Cells of CSV files that spreadsheets open: what begins like a formula is written so that none is run."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def escaped(cell: str) -> str:
    """The cell behind an apostrophe where a spreadsheet would run it; `unescaped` takes it back."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def unescaped(cell: str) -> str:
    """What was written by `escaped`; other cells as they are."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell
