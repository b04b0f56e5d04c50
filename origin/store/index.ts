/** The origin's database. */
export type { Pending, Postponement } from "./entries.ts";
export type { StoredCohort } from "./cohorts.ts";
export { PLAIN_PUBLICATION, type Publication } from "./publication.ts";
export type { IndexedRecord, StoredOutcome } from "./records.ts";
export {
  openStore,
  type Announcement,
  type DomainTotals,
  type PutOutcome,
  type SignedRecord,
  type Store,
  type StoreOptions,
} from "./store.ts";
