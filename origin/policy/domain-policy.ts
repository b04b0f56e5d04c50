/** The policy of each domain that an origin serves, from the defaults and what differs there. */
import type { CompiledDomain, DomainId, Issue, ValueField } from "../../protocol/index.ts";
import type { AnswerFields, DomainSettings, FieldRule, OriginPolicy } from "./config.ts";

export interface DomainPolicy extends DomainSettings {
  readonly memberGroups: OriginPolicy["memberGroups"];
}

/** Also what of the policy does not fit the domains, by its path in the configuration. */
export function domainPolicies(
  policy: OriginPolicy,
  domains: readonly CompiledDomain[],
): { readonly policies: ReadonlyMap<DomainId, DomainPolicy>; readonly issues: readonly Issue[] } {
  const { domains: overrides, requestsPerMinute: _, ...defaults } = policy;
  const issues: Issue[] = [];
  const policies = new Map<DomainId, DomainPolicy>();
  const used = new Set<string>();
  for (const compiled of domains) {
    const key = [compiled.id, compiled.domain.name].find((name) => Object.hasOwn(overrides, name));
    const own = key === undefined ? {} : (overrides[key] ?? {});
    if (key !== undefined) used.add(key);
    const settings: DomainPolicy = { ...defaults, ...own };
    policies.set(compiled.id, settings);
    const at = "fields" in own ? `policy.domains.${key}.fields` : "policy.fields";
    issues.push(...fieldIssues(settings.fields, compiled, at));
  }
  for (const name of Object.keys(overrides)) {
    if (used.has(name)) continue;
    issues.push({ path: `policy.domains.${name}`, message: "is no domain of this configuration" });
  }
  return { policies, issues };
}

function fieldIssues(fields: AnswerFields, { domain }: CompiledDomain, at: string): Issue[] {
  const check = (
    rules: Readonly<Record<string, FieldRule>>,
    known: readonly ValueField[],
    part: string,
  ): Issue[] =>
    Object.entries(rules).flatMap(([name, rule]) => {
      const path = `${at}.${part}.${name}`;
      const field = known.find((each) => each.name === name);
      if (!field) return [{ path, message: `is no field of the domain ${domain.name}` }];
      if (rule.bin !== undefined && field.kind !== "numeric") {
        return [{ path: `${path}.bin`, message: "is for numbers only" }];
      }
      if (rule.atLeast !== undefined && field.kind !== "categorical") {
        return [{ path: `${path}.atLeast`, message: "is for categories only" }];
      }
      return [];
    });
  return [
    ...check(fields.intervention, domain.intervention, "intervention"),
    ...check(fields.result, domain.result, "result"),
  ];
}
