/**
 * One synchronisation at a time: the origin and `origin sync` may both want to. A lock of the operating system,
 * through a second SQLite file, so that it ends with the process that holds it, however that ends.
 */
import { DatabaseSync } from "node:sqlite";

const SQLITE_BUSY = 5;

export interface SyncLock {
  /** False while another has it. */
  take(): boolean;
  release(): void;
  close(): void;
}

export function openSyncLock(databasePath: string): SyncLock {
  const db = new DatabaseSync(`${databasePath}-sync`, { timeout: 0 });
  return {
    take: () => {
      try {
        db.exec("BEGIN EXCLUSIVE");
        return true;
      } catch (error) {
        if (error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY) {
          return false;
        }
        throw error;
      }
    },
    release: () => db.exec("ROLLBACK"),
    close: () => db.close(),
  };
}
