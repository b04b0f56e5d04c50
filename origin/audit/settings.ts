/** Of a configuration, what decides what this origin answers and what it logs: no path, no address, no secret. */
import type { CompiledDomain } from "../../protocol/index.ts";
import type { OriginConfig } from "../config.ts";

export function auditedSettings(
  { policy, audit }: Pick<OriginConfig, "policy" | "audit">,
  domains: readonly CompiledDomain[],
): Record<string, unknown> {
  return { policy, audit, domains: domains.map(({ id }) => id) };
}
