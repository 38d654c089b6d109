"""Alembic's environment: one connection, handed over by `store.database.migrate`."""

from alembic import context

from store.database import is_ours
from store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, include_name=is_ours)
with context.begin_transaction():
    context.run_migrations()
