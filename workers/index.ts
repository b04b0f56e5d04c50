/** Entry point of the Worker: the application, what the clock starts, and the Durable Object classes. */
import type { Env } from "../durable-objects/env.ts";
import { membershipStub } from "../durable-objects/stubs.ts";
import { createApp } from "./app.ts";

export { DomainLibrary } from "../durable-objects/domain-library.ts";
export { Membership } from "../durable-objects/membership.ts";
export { OriginLink } from "../durable-objects/origin-link.ts";
export { RequestGuard } from "../durable-objects/request-guard.ts";
export { RoutingShard } from "../durable-objects/routing-shard.ts";
export { ShardLayouts } from "../durable-objects/shard-layouts.ts";

const app = createApp();

export default {
  fetch: app.fetch,
  /** A mesh without traffic stays alive: should the alarm be lost, this sets it again. */
  async scheduled(_controller, env) {
    await membershipStub(env).ensureAlarm();
  },
} satisfies ExportedHandler<Env>;
