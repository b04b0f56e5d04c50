/** Makes a domain ready for work: its routing plan, and (with its ontologies) kernels and families. */
import { compileFeature, type Feature } from "../features/index.ts";
import type { DomainId, OntologyId } from "../ids.ts";
import type { Ontology } from "../ontology/ontology.ts";
import { err, ok, type Issue, type Result } from "../result.ts";
import { planRouting, type RoutingPlan } from "../signature/plan.ts";
import { familyKeyOf, type DomainSecret } from "./key.ts";
import { domainIdOf, type Domain } from "./schema.ts";
import { valuesSchema } from "./values.ts";

export interface CompiledDomain {
  readonly id: DomainId;
  readonly domain: Domain;
  readonly plan: RoutingPlan;
  /** In the order of `domain.features`. */
  readonly features: readonly Feature[];
  readonly interventionSchema: ReturnType<typeof valuesSchema>;
  readonly resultSchema: ReturnType<typeof valuesSchema>;
}

export interface CompileOptions {
  /** Of a keyed domain. */
  readonly secret?: DomainSecret | undefined;
}

/**
 * Fails with the path of each feature whose ontology is not among `ontologies`, and with `signature.key` where the
 * secret is not the domain's own.
 */
export function compileDomain(
  domain: Domain,
  ontologies: ReadonlyMap<OntologyId, Ontology> = new Map(),
  { secret }: CompileOptions = {},
): Result<CompiledDomain, readonly Issue[]> {
  const id = domainIdOf(domain);
  const plan = planRouting(domain, id);
  const key = familyKeyOf(domain, id, secret);
  if (!key.ok) return err([key.error]);
  const features: Feature[] = [];
  const issues: Issue[] = [];
  for (const [i, spec] of domain.features.entries()) {
    const symbolCount = plan.symbolCounts[i] ?? 0;
    const feature = compileFeature(spec, { key: key.value, symbolCount, ontologies });
    if (feature.ok) features.push(feature.value);
    else {
      issues.push({
        path: `features.${i}.ontology`,
        message: `the ontology ${feature.error.ontology} is not loaded`,
      });
    }
  }
  if (issues.length > 0) return err(issues);
  return ok({
    id,
    domain,
    plan,
    features,
    interventionSchema: valuesSchema(domain.intervention),
    resultSchema: valuesSchema(domain.result),
  });
}

/** The ontologies that a domain needs. */
export function ontologiesOf(domain: Domain): OntologyId[] {
  const ids = domain.features.flatMap((f) => (f.kind === "terms" ? [f.ontology] : []));
  return [...new Set(ids)];
}
