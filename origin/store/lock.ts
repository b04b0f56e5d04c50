/**
 * One running origin a database: two would publish against each other, and each would let members ask as often as
 * one may. Commands that load or read records do not take this lock.
 */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** Another origin holds the lock. */
export class DatabaseInUseError extends Error {
  constructor(path: string) {
    super(`another origin runs on ${path}`);
    this.name = "DatabaseInUseError";
  }
}

export interface DatabaseLock {
  readonly release: () => void;
}

/**
 * Locks the database at `path` until the lock is released or this process ends, however it does. It is SQLite's own
 * lock, on an empty file beside the database, so no stale one can stay behind. Throws a `DatabaseInUseError`.
 */
export function lockDatabase(path: string): DatabaseLock {
  const file = `${path}-lock`;
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    chmodSync(file, 0o600);
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (error instanceof Error && /database is locked/.test(error.message)) {
      throw new DatabaseInUseError(path);
    }
    throw error;
  }
  return {
    release: () => {
      if (db.isOpen) db.close();
    },
  };
}
