"""The read model, dropped and filled again from the topics. The running consumer notices by itself."""

from services.api.database import Database
from services.api.queries import directory

TABLES = (
    "clients",
    "client_mrr",
    "customers",
    "customer_mrr",
    "object_versions",
    "failed_payments",
    "signals",
    "client_health",
    "read_model_state",
    "ledgers",
    "movements",
    "ledger_cells",
    "subscriptions",
    "invoices",
    "refunds",
    "cards",
    "definitions_due",
    "definitions",
    "definition_sums",
)


async def rebuild(database: Database) -> None:
    """Empty the read model and set it back to the topics' beginning; what people have set stays.

    A consumer that is at work finds its offsets moved and starts from the first record.
    """
    async with database.every_project() as connection:
        await connection.execute(f"TRUNCATE {', '.join(TABLES)}")
        await connection.execute("UPDATE read_model_offsets SET next_offset = 0")
        await connection.execute(directory.LIST_ALL)
