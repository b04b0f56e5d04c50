/** What the routes of one origin work with. */
import type { Identity, MemberGuard, MeshId } from "../protocol/index.ts";
import type { Holdings } from "./answering/index.ts";
import type { Membership, Publisher } from "./mesh/index.ts";
import type { OriginPolicy } from "./policy/index.ts";

export interface OriginContext extends Holdings {
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly operatorToken: string;
  readonly policy: OriginPolicy;
  readonly logLevel: "info" | "error";
  readonly membership: Membership;
  readonly publisher: Publisher;
  readonly guard: MemberGuard;
}
