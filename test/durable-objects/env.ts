/** Gives `env` of cloudflare:test the Worker's bindings. */
import type { Env as Bindings } from "../../durable-objects/env.ts";

declare global {
  namespace Cloudflare {
    interface Env extends Bindings {}
    interface GlobalProps {
      mainModule: typeof import("../../workers/index.ts");
    }
  }
}
