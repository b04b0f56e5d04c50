/** The isolate's copies of domains: parsed and planned once, compiled with ontologies only where profiles are read. */
import {
  compileDomain,
  decodeOntology,
  ontologiesOf,
  parseDomain,
  planRouting,
  secretFor,
  type CompiledDomain,
  type Domain,
  type DomainId,
  type Issue,
  type Ontology,
  type OntologyId,
  type Result,
  type RoutingPlan,
} from "../protocol/index.ts";
import { configOf } from "./config.ts";
import type { Env } from "./env.ts";
import { libraryStub } from "./stubs.ts";

/** Isolates have 128 MB: a plan takes about 100 kB, a compiled ontology domain a few MB. */
const DOMAINS_MAX = 64;
const COMPILED_MAX = 8;

interface KnownDomain {
  readonly domain: Domain;
  readonly plan: RoutingPlan;
}

const known = new Map<DomainId, KnownDomain>();
const compiled = new Map<DomainId, CompiledDomain>();

/** The domain and its routing plan; undefined if the node does not know it. */
export async function knownDomain(env: Env, id: DomainId): Promise<KnownDomain | undefined> {
  const cached = known.get(id);
  if (cached) return cached;
  const bytes = await libraryStub(env).get("domain", id);
  if (!bytes) return undefined;
  const parsed = parseDomain(new TextDecoder().decode(bytes));
  if (!parsed.ok) throw new Error(`stored domain ${id} does not parse`);
  const made = { domain: parsed.value, plan: planRouting(parsed.value, id) };
  remember(known, id, made, DOMAINS_MAX);
  return made;
}

/** The domain ready to encode profiles; the issues name the ontologies, or say that it is the secret, that this node lacks. */
export async function compiledDomain(
  env: Env,
  id: DomainId,
): Promise<Result<CompiledDomain, readonly Issue[]> | undefined> {
  const cached = compiled.get(id);
  if (cached) return { ok: true, value: cached };
  const found = await knownDomain(env, id);
  if (!found) return undefined;
  const ontologies = new Map<OntologyId, Ontology>();
  for (const ontology of ontologiesOf(found.domain)) {
    const bytes = await libraryStub(env).get("ontology", ontology);
    if (bytes) ontologies.set(ontology, decodeOntology(bytes));
  }
  const { domainSecrets } = await configOf(env);
  const secret = secretFor(found.domain, domainSecrets);
  const made = compileDomain(found.domain, ontologies, { secret });
  if (made.ok) remember(compiled, id, made.value, COMPILED_MAX);
  return made;
}

/** Adds to a cache, dropping what has been in it longest. */
function remember<K, V>(cache: Map<K, V>, key: K, value: V, max: number): void {
  for (const oldest of cache.keys()) {
    if (cache.size < max) break;
    cache.delete(oldest);
  }
  cache.set(key, value);
}
