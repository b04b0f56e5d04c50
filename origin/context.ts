/** What the routes of one origin work with. */
import type { DomainId, Identity, MemberGuard, MeshId } from "../protocol/index.ts";
import type { QueryTrails } from "./audit/index.ts";
import type { OriginPolicy } from "./config.ts";
import type { Membership, Publisher } from "./mesh/index.ts";
import type { RecordIndex } from "./record-index.ts";
import type { Sealing } from "./sealing/index.ts";
import type { StatusReport } from "./status/index.ts";
import type { Store } from "./store/index.ts";
import type { OriginMetrics } from "./telemetry/index.ts";

export interface OriginContext {
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly operatorToken: string;
  readonly policy: OriginPolicy;
  readonly sealing: Sealing;
  readonly store: Store;
  /** One a domain that this origin serves. */
  readonly indexes: ReadonlyMap<DomainId, RecordIndex>;
  readonly membership: Membership;
  readonly publisher: Publisher;
  readonly guard: MemberGuard;
  readonly metrics: OriginMetrics;
  readonly status: () => StatusReport;
  /** Of queries, into the audit log. */
  readonly trails: QueryTrails;
  readonly now: () => number;
}
