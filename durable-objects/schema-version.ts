/** Storage schemas are versioned by a row of their own: SQLite's user_version is not open to Durable Objects. */

/**
 * Creates the schema in an empty database, upgrades an older one step by step, and refuses one that newer code wrote.
 * `upgrades` has, by version, what makes it the next.
 */
export function migrate(
  sql: SqlStorage,
  version: number,
  create: string,
  upgrades: Readonly<Record<number, string>> = {},
): void {
  sql.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
  const found = sql.exec<{ version: number }>("SELECT version FROM schema_version").toArray()[0];
  if (found === undefined) {
    sql.exec(create);
    sql.exec("INSERT INTO schema_version (version) VALUES (?)", version);
    return;
  }
  for (let from = found.version; from !== version; from++) {
    const upgrade = from < version ? upgrades[from] : undefined;
    if (upgrade === undefined) {
      throw new Error(`the storage has schema ${found.version}, this code reads ${version}`);
    }
    sql.exec(upgrade);
    sql.exec("UPDATE schema_version SET version = ?", from + 1);
  }
}
