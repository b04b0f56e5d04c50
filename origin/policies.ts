/** The policies of a configuration, checked against its domains. */
import type { CompiledDomain, DomainId } from "../protocol/index.ts";
import { ConfigError, type OriginConfig } from "./config.ts";
import { domainPolicies, publicationOf, type DomainPolicy } from "./policy/index.ts";
import type { Publication } from "./store/index.ts";

/** Throws a `ConfigError` where a policy does not fit the domains. */
export function policiesOf(
  config: Pick<OriginConfig, "policy">,
  domains: readonly CompiledDomain[],
): ReadonlyMap<DomainId, DomainPolicy> {
  const { policies, issues } = domainPolicies(config.policy, domains);
  if (issues.length > 0) throw new ConfigError("the policy", issues);
  return policies;
}

/** What they let the mesh know: as the store is opened with. */
export function publicationsOf(
  policies: ReadonlyMap<DomainId, DomainPolicy>,
): ReadonlyMap<DomainId, Publication> {
  return new Map([...policies].map(([id, policy]) => [id, publicationOf(policy)]));
}
