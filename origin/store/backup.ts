/** A copy of the database that is whole, taken while an origin runs on it. */
import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync, backup } from "node:sqlite";

/** Pages copied at a time: 4 MB, between which the origin may write. */
const PAGES_AT_ONCE = 1_000;

/**
 * Copies the database at `path` to the new file `to`, which only its owner can read. `onProgress` hears how many pages
 * there are in all and are left. Throws if there is no database, or if `to` is there already.
 */
export async function backupDatabase(
  path: string,
  to: string,
  onProgress?: (progress: { totalPages: number; remainingPages: number }) => void,
): Promise<{ readonly pages: number }> {
  if (!existsSync(path)) throw new Error(`there is no database at ${path}`);
  closeSync(openSync(to, "wx", 0o600));
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const pages = await backup(db, to, {
      rate: PAGES_AT_ONCE,
      ...(onProgress && { progress: onProgress }),
    });
    chmodSync(to, 0o600);
    return { pages };
  } finally {
    db.close();
  }
}
