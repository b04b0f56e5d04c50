/** What the routes of one origin work with. */
import type { Identity, MemberGuard, MeshId } from "../protocol/index.ts";
import type { Holdings } from "./answering/index.ts";
import type { QueryTrails } from "./audit/index.ts";
import type { Membership, Publisher } from "./mesh/index.ts";
import type { OriginPolicy } from "./policy/index.ts";
import type { Sealing } from "./sealing/index.ts";
import type { StatusReport } from "./status/index.ts";
import type { OriginMetrics } from "./telemetry/index.ts";

export interface OriginContext extends Holdings {
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly operatorToken: string;
  readonly policy: OriginPolicy;
  readonly sealing: Sealing;
  readonly membership: Membership;
  readonly publisher: Publisher;
  readonly guard: MemberGuard;
  readonly metrics: OriginMetrics;
  readonly status: () => StatusReport;
  /** Of queries, into the audit log. */
  readonly trails: QueryTrails;
}
