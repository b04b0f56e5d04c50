/** The Worker's bindings, as `wrangler.toml` declares them. Text values are parsed in config.ts. */
import type { DomainLibrary } from "./domain-library.ts";
import type { Membership } from "./membership.ts";
import type { OriginLink } from "./origin-link.ts";
import type { RequestGuard } from "./request-guard.ts";
import type { RoutingShard } from "./routing-shard.ts";
import type { ShardLayouts } from "./shard-layouts.ts";

export interface Env {
  readonly ROUTING_SHARD: DurableObjectNamespace<RoutingShard>;
  readonly MEMBERSHIP: DurableObjectNamespace<Membership>;
  readonly DOMAIN_LIBRARY: DurableObjectNamespace<DomainLibrary>;
  readonly REQUEST_GUARD: DurableObjectNamespace<RequestGuard>;
  readonly SHARD_LAYOUTS: DurableObjectNamespace<ShardLayouts>;
  readonly ORIGIN_LINK: DurableObjectNamespace<OriginLink>;
  readonly MESH_ID?: string;
  readonly NODE_KEY?: string;
  readonly REQUESTER_TOKEN?: string;
  readonly DOMAIN_SECRETS?: string;
  readonly SHARDS?: string;
  readonly NODE_NAME?: string;
  readonly MESH_URL?: string;
  readonly ORIGIN_URL?: string;
  readonly CAPACITY?: string;
  readonly ALLOWED_HOSTS?: string;
  readonly GOSSIP_SECONDS?: string;
  readonly REPAIR_SECONDS?: string;
  readonly SUBREQUEST_LIMIT?: string;
  readonly MEMBER_RATE?: string;
  readonly LOG_LEVEL?: string;
  readonly CLOCK_OFFSET_MS?: string;
}
