"""Alembic's entry: runs the versions on the connection that `deploy.migrations.upgrade` opened and locked."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
