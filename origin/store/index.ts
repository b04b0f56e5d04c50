/** The origin's database. */
export { backupDatabase } from "./backup.ts";
export { DatabaseInUseError, lockDatabase } from "./lock.ts";
export type { Pending, Postponement } from "./entries.ts";
export type { StoredCohort } from "./cohorts.ts";
export { PLAIN_PUBLICATION, type Publication } from "./publication.ts";
export {
  CHECKSUM_MODULUS,
  REMOVALS_KEPT_MS,
  type Fingerprint,
  type IndexedRecord,
  type RecordChange,
  type StoredOutcome,
} from "./records.ts";
export {
  openStore,
  type Announcement,
  type DomainTotals,
  type PutOutcome,
  type SignedRecord,
  type Store,
  type StoreOptions,
} from "./store.ts";
export type {
  SourceBatch,
  SourceChange,
  SourceNote,
  SourceState,
  SourceStore,
  SourcedRecord,
} from "./sources.ts";
