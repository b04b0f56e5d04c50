/** The origin's database. */
export type { Pending, Postponement } from "./entries.ts";
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
  type DomainTotals,
  type PutOutcome,
  type SignedRecord,
  type Store,
  type StoreOptions,
} from "./store.ts";
