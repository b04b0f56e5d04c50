/** What is asked and where the answers lie: outcome records of organisations, and queries. */
import {
  compileDomain,
  signatureOf,
  type CompiledDomain,
  type Domain,
  type EncodedProfile,
  type Ontology,
  type OntologyId,
  type Profile,
} from "../../protocol/index.ts";
import type { Outcome } from "../routing/origin-exchange.ts";

export interface Case {
  /** Whose record it is, or who asks. */
  readonly organisation: number;
  /** Records of a query's own group are as if they were not there: not in the truth, and not published. */
  readonly group?: string;
  readonly raw: Profile;
  readonly profile: EncodedProfile;
}

export type OutcomeCase = Case & Outcome;

export interface Collection {
  readonly name: string;
  /** Names what is computed from it: a digest of its data, and how they were dealt. */
  readonly key: unknown;
  readonly compiled: CompiledDomain;
  readonly ontologies: ReadonlyMap<OntologyId, Ontology>;
  readonly organisations: number;
  readonly records: readonly OutcomeCase[];
  readonly queries: readonly Case[];
}

export function isHidden(query: Case, record: Case): boolean {
  return query.group !== undefined && query.group === record.group;
}

/** Indices of the records of each organisation. */
export function recordsByOrganisation({ organisations, records }: Collection): number[][] {
  const lists = Array.from({ length: organisations }, (): number[] => []);
  for (const [i, { organisation }] of records.entries()) lists[organisation]?.push(i);
  return lists;
}

export interface Signed {
  readonly compiled: CompiledDomain;
  readonly records: readonly Uint8Array[];
  readonly queries: readonly Uint8Array[];
}

export type SignatureSettings = Domain["signature"];

/** By collection and domain id: signatures take longer to make than to compare. */
const memo = new WeakMap<Collection, Map<string, Signed>>();

/** All signatures by the collection's domain, with other signature settings where given. */
export function signCollection(
  collection: Collection,
  settings: Partial<SignatureSettings> = {},
): Signed {
  const compiled = withSettings(collection, settings);
  const known = memo.get(collection) ?? new Map<string, Signed>();
  memo.set(collection, known);
  const signed = known.get(compiled.id) ?? {
    compiled,
    records: collection.records.map(({ profile }) => signatureOf(compiled, profile)),
    queries: collection.queries.map(({ profile }) => signatureOf(compiled, profile)),
  };
  known.set(compiled.id, signed);
  return signed;
}

/** A domain of its own, with hash families of its own. `settings` need not be such as a document may have. */
export function withSettings(
  { compiled, ontologies }: Collection,
  settings: Partial<SignatureSettings>,
): CompiledDomain {
  const { domain } = compiled;
  const signature = { ...domain.signature, ...settings };
  const changed = compileDomain({ ...domain, signature }, ontologies);
  if (!changed.ok) throw new Error("the domain does not compile");
  return changed.value;
}
