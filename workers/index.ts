/** Entry point of the Worker: the application, and the Durable Object classes that wrangler.toml binds. */
import { createApp } from "./app.ts";

export { DomainLibrary } from "../durable-objects/domain-library.ts";
export { Membership } from "../durable-objects/membership.ts";
export { RequestGuard } from "../durable-objects/request-guard.ts";
export { RoutingShard } from "../durable-objects/routing-shard.ts";

export default createApp();
