/** What an origin under a policy tells the mesh of records, by the origin's own rules, without a database. */
import {
  domainPolicies,
  formCohorts,
  policySchema,
  publicationOf,
  type DomainPolicy,
} from "../../../../origin/policy/index.ts";
import { makeDecoys } from "../../../../origin/store/decoys.ts";
import { HIDDEN, publishedSignature } from "../../../../origin/store/publication.ts";
import {
  encodeKnown,
  randomise,
  toBase64Url,
  coarsenProfile,
  type CompiledDomain,
  type EncodedProfile,
  type OutcomeRecord,
} from "../../../../protocol/index.ts";

/** A record at an origin, checked and encoded. */
export interface HeldRecord {
  readonly record: OutcomeRecord;
  readonly profile: EncodedProfile;
}

export interface PublishedEntry {
  /** As the mesh gets it: with noise where the domain asks for it. */
  readonly signature: Uint8Array;
  /** Indices of the records behind it; none behind a decoy. */
  readonly members: readonly number[];
  /** What it was computed from. */
  readonly profile: EncodedProfile;
}

/** The policy of one domain, as an administrator writes it. */
export function policyOf(compiled: CompiledDomain, written: object): DomainPolicy {
  const { policies } = domainPolicies(policySchema.parse(written), [compiled]);
  const policy = policies.get(compiled.id);
  if (!policy) throw new Error("the policy is of another domain");
  return policy;
}

/** `secret` stands for the origin's own: noise and decoys follow from it. 32 bytes. */
export async function publish(
  compiled: CompiledDomain,
  records: readonly HeldRecord[],
  policy: DomainPolicy,
  secret: Uint8Array,
): Promise<PublishedEntry[]> {
  const publication = publicationOf(policy);
  if (!publication.publish) return [];
  const told =
    publication.groupSize > 1
      ? await cohortsOf(compiled, records, policy)
      : singlesOf(compiled, records, policy);
  const withNoise = (signature: Uint8Array): Uint8Array =>
    randomise(compiled.plan, signature, secret);
  const entries = told
    .filter(({ members }) => members.length >= publication.minimumCount)
    .map((entry) => ({ ...entry, signature: withNoise(entry.signature) }));
  const taken = new Set(entries.map(({ signature }) => toBase64Url(signature)));
  const decoys = makeDecoys(compiled, {
    publication,
    sources: told.map(({ profile }) => profile),
    secret,
    wanted: publication.decoys,
    withNoise,
    isTaken: (signature) => taken.has(toBase64Url(signature)),
  });
  return [...entries, ...decoys.map(({ signature }) => ({ signature, members: [], profile: [] }))];
}

async function cohortsOf(
  compiled: CompiledDomain,
  records: readonly HeldRecord[],
  policy: DomainPolicy,
): Promise<PublishedEntry[]> {
  const free = records.map(({ record }, number) => ({
    number,
    seq: 0,
    reference: record.id,
    group: record.group,
    profile: record.profile,
    intervention: record.intervention,
    result: record.result,
  }));
  const countOf = (part: "intervention" | "result") => {
    const counts = Map.groupBy(
      records.flatMap(({ record }) => Object.entries(record[part])),
      ([field, value]) => `${field}\0${String(value)}`,
    );
    return (field: string, value: unknown): number =>
      counts.get(`${field}\0${String(value)}`)?.length ?? 0;
  };
  const cohorts = await formCohorts(compiled, free, {
    policy,
    countOf: { intervention: countOf("intervention"), result: countOf("result") },
    known: new Set(),
    pause: () => Promise.resolve(),
  });
  return cohorts.map(({ signature, centre, members }) => ({
    signature,
    members: members.map(({ number }) => number),
    profile: encodeKnown(compiled, centre),
  }));
}

function singlesOf(
  compiled: CompiledDomain,
  records: readonly HeldRecord[],
  policy: DomainPolicy,
): PublishedEntry[] {
  const publication = publicationOf(policy);
  const bySignature = new Map<string, { entry: PublishedEntry; members: number[] }>();
  for (const [number, { record, profile }] of records.entries()) {
    const signature = publishedSignature(compiled, publication, record.profile);
    if (signature === HIDDEN) continue;
    const name = toBase64Url(signature);
    const known = bySignature.get(name);
    if (known) {
      known.members.push(number);
      continue;
    }
    const members = [number];
    const coarse = coarsenProfile(compiled, profile, publication.coarseness);
    bySignature.set(name, { entry: { signature, members, profile: coarse }, members });
  }
  return [...bySignature.values()].map(({ entry }) => entry);
}
