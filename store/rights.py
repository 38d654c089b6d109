"""What the service's role may do in a database that it does not own: read, add rows, and close them; nothing else."""

from sqlalchemy import Connection, Table, text

from store.schema import metadata

__all__ = ["grant_rights"]

# what is set more than once: an office may get another name, and an outbox is work in progress
_CHANGING = {
    "office": ["name_zh", "name_en", "division", "extent"],
    "outbox": ["attempts", "due_at", "delivered_at", "last_answer"],
}
# procrastinate's own tables, with its own triggers: whose turn it is, and nothing that anybody looks up later
_QUEUE = ("procrastinate_jobs", "procrastinate_events", "procrastinate_workers", "procrastinate_periodic_defers")
_QUEUE_NUMBERS = ("procrastinate_jobs_id_seq", "procrastinate_events_id_seq", "procrastinate_periodic_defers_id_seq")


def grant_rights(connection: Connection, role: str) -> None:
    """Give a role its rights on our tables, and take any other from it; the connection is the owner's."""
    to = connection.dialect.identifier_preparer.quote(role)
    connection.execute(text(f"grant select on alembic_version to {to}"))
    for queue in _QUEUE:
        connection.execute(text(f"grant select, insert, update, delete on {queue} to {to}"))
    for numbers in _QUEUE_NUMBERS:
        connection.execute(text(f"grant usage on sequence {numbers} to {to}"))
    for table in metadata.sorted_tables:
        connection.execute(text(f"revoke all on {table.name} from {to}"))
        connection.execute(text(f"grant {', '.join(['select', 'insert', *_updates(table)])} on {table.name} to {to}"))
        for numbered in (column for column in table.c if column.identity):
            # rows that come by COPY bring their numbers, drawn ahead
            connection.execute(text(f"grant usage on sequence {table.name}_{numbered.name}_seq to {to}"))


def _updates(table: Table) -> list[str]:
    columns = [column.name for column in table.c if column.info.get("closing")] + _CHANGING.get(table.name, [])
    return [f"update ({', '.join(columns)})"] if columns else []
