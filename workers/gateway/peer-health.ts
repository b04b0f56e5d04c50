/** What this isolate knows of how other nodes answer lookups. Gone with the isolate; each has its own. */
import { PeerHealth, type PeerHealthReport } from "../../protocol/index.ts";

/** Shared by all queries of the isolate. */
export const health = new PeerHealth();

/** How every node that this isolate has asked has answered, for the node's status. */
export function peerHealth(now: number): PeerHealthReport[] {
  return health.report(now);
}
