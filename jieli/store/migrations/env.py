"""Runs migrations on the connection that `jieli.store.database.migrate` lends. Opens none."""

from alembic import context

from jieli.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the lender's transaction is around everything
)
context.run_migrations()
