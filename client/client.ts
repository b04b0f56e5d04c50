/** The SDK's client. Web-standard globals only: it runs in browsers, Node and Workers. */
import {
  compileDomain,
  contentId,
  decodeOntology,
  domainIdOf,
  domainSecretSchema,
  ontologiesOf,
  parseDomain,
  secretFor,
  type CompiledDomain,
  type Domain,
  type Ontology,
  type OntologyId,
  type QueryInput,
  type RouteInput,
  type RouteResponse,
} from "../protocol/index.ts";
import { DomainSecretError } from "./domain-secret-error.ts";
import { Gateway, type DomainSummary, type GatewayOptions } from "./gateway.ts";
import { privateQuery, type PrivateQueryInput } from "./private-query.ts";
import { ProtocolError } from "./problem-error.ts";
import { QueryRun } from "./query-run.ts";

export interface Client {
  /** Asks the mesh through the gateway. Errors come where the run is iterated or its response awaited. */
  query(input: QueryInput, options?: { readonly signal?: AbortSignal }): QueryRun;
  /** Asks the mesh without showing the profile to the own gateway. */
  queryPrivately(input: PrivateQueryInput, options?: { readonly signal?: AbortSignal }): QueryRun;
  /** Pointers for a signature, and the delegation with which their origins can be asked. */
  route(input: RouteInput, options?: { readonly signal?: AbortSignal }): Promise<RouteResponse>;
  /** The domains that the gateway knows. */
  domains(): Promise<readonly DomainSummary[]>;
  /** A domain, checked to be what its id says. */
  domain(id: string): Promise<Domain>;
  /** A compiled ontology, checked to be what its id says. */
  ontology(id: string): Promise<Ontology>;
  /** A domain with its ontologies, ready to compute signatures. Throws a `DomainSecretError` if its secret is missing. */
  compile(id: string): Promise<CompiledDomain>;
}

export interface ClientOptions extends GatewayOptions {
  /** Secrets of keyed domains, with which the client computes signatures of its own: for private queries. */
  readonly domainSecrets?: readonly string[];
}

/**
 * A client of one organisation's gateway. Throws if one of `domainSecrets` can not be one.
 *
 * @example
 * const client = createClient({ gateway: "https://mesh.example.org", token });
 * const { ranking } = await client.query({ domain, profile: { age: 61 }, k: 10 }).response();
 */
export function createClient({ domainSecrets = [], ...options }: ClientOptions): Client {
  const gateway = new Gateway(options);
  const secrets = domainSecrets.map((secret) => domainSecretSchema.parse(secret));

  const domain = async (id: string): Promise<Domain> => {
    const parsed = parseDomain(await gateway.domainText(id));
    if (!parsed.ok || domainIdOf(parsed.value) !== id) {
      throw new ProtocolError(`the gateway's document is not domain ${id}`);
    }
    return parsed.value;
  };

  const ontology = async (id: string): Promise<Ontology> => {
    const bytes = await gateway.ontologyBytes(id);
    if (contentId(bytes) !== id)
      throw new ProtocolError(`the gateway's file is not ontology ${id}`);
    return decodeOntology(bytes);
  };

  return {
    query: (input, { signal } = {}) => new QueryRun(gateway.query(input, signal)),
    queryPrivately: (input, { signal } = {}) => new QueryRun(privateQuery(gateway, input, signal)),
    route: (input, { signal } = {}) => gateway.route(input, signal),
    domains: () => gateway.domains(),
    domain,
    ontology,
    compile: async (id) => {
      const document = await domain(id);
      const { key } = document.signature;
      const secret = secretFor(document, secrets);
      if (key && secret === undefined) throw new DomainSecretError(id, key.epoch);
      const ontologies = new Map<OntologyId, Ontology>();
      for (const needed of ontologiesOf(document)) ontologies.set(needed, await ontology(needed));
      const compiled = compileDomain(document, ontologies, { secret });
      if (!compiled.ok) throw new ProtocolError(`domain ${id} does not compile`);
      return compiled.value;
    },
  };
}
