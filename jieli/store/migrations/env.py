"""Runs migrations on the connection that `jieli.store.database.migrate` lends. Opens none.

Knows nothing of today's tables: a migration names everything itself and stays as it was.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=False,  # the lender's transaction is around everything
)
context.run_migrations()
