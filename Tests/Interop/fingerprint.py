"""What the databases of a suite hold, to tell that nothing has changed."""

import pathlib
import sqlite3

# Moves without a change of the domain: what was forgotten of old requests, what is known of others' relationships, who has read
# what.
VOLATILE = {
    "viewing", "audit_entry", "audit_person", "relationship_projection", "relationship_clock", "sqlite_sequence",
    "sqlite_stat1",
}  # fmt: skip


def of(home: pathlib.Path) -> dict:
    """Rows of each table, and the sum of their revisions where they have one."""
    found = {}
    for file in sorted(home.glob("*/*.sqlite")):
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            for (table,) in tables:
                if table in VOLATILE:
                    continue
                columns = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
                sums = ", coalesce(sum(revision), 0)" if "revision" in columns else ""
                found[f"{file.stem}.{table}"] = connection.execute(f'SELECT count(*){sums} FROM "{table}"').fetchone()
        finally:
            connection.close()
    return found
