"""The second wall between tenants: row-level security on every table that has a `project` column.

A transaction sees the rows of the project in its setting `revstream.project`, and none without it. Only the role that
owns the tables may set `revstream.every_project` to `on` instead (the read model's consumer, the look-up of a key).
The API reads as `revstream_app`, a role that can't log in and that even a superuser's connection can step down to,
because PostgreSQL lets superusers pass every policy.
"""

APP_ROLE = "revstream_app"
ONE_PROJECT = "current_setting('revstream.project', true)"
EVERY_PROJECT = "current_setting('revstream.every_project', true) = 'on'"

# Where the login may not create roles, the API goes on as the owner, which FORCE holds to the policies too.
CREATE_APP_ROLE = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        CREATE ROLE {APP_ROLE} NOLOGIN;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN RAISE NOTICE 'no right to create the role {APP_ROLE}';
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$
"""
# A superuser needs no membership, and granting it from two databases at once would collide.
JOIN_APP_ROLE = f"""
DO $$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = CURRENT_USER) THEN
        GRANT {APP_ROLE} TO CURRENT_USER;
    END IF;
EXCEPTION
    WHEN insufficient_privilege OR undefined_object THEN RAISE NOTICE 'no right to join the role {APP_ROLE}';
END
$$
"""  # noqa: S608 – a constant of ours


def wall(table: str, project_column: str = "project") -> tuple[str, ...]:
    """The statements that put `table` behind the wall."""
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY one_project ON {table} USING ({project_column} = {ONE_PROJECT})",
        f"CREATE POLICY every_project ON {table} TO CURRENT_USER USING ({EVERY_PROJECT})",
        grant(table, "SELECT, INSERT, UPDATE, DELETE"),
    )


def grant(table: str, rights: str) -> str:
    """The statement that lets the API's role use `table`, where that role exists."""
    return f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN
        GRANT {rights} ON {table} TO {APP_ROLE};
    END IF;
END
$$
"""
