/** What the routes of one origin work with. */
import type { DomainId, Identity, MemberGuard, MeshId } from "../protocol/index.ts";
import type { OriginPolicy } from "./config.ts";
import type { Membership, Publisher } from "./mesh/index.ts";
import type { RankingIndex } from "./ranking/index.ts";
import type { Store } from "./store/index.ts";

export interface OriginContext {
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly operatorToken: string;
  readonly policy: OriginPolicy;
  readonly logLevel: "info" | "error";
  readonly store: Store;
  /** One a domain that this origin serves. */
  readonly indexes: ReadonlyMap<DomainId, RankingIndex>;
  readonly membership: Membership;
  readonly publisher: Publisher;
  readonly guard: MemberGuard;
  readonly now: () => number;
}
