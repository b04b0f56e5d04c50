/**
 * Who is a member: the charter's admission rule over the votes. A pure function of the set of votes, so that
 * all who hold the same votes agree. It holds against fewer malicious voters than the charter's threshold.
 */
import type { PublicKey } from "../ids.ts";
import { thresholdOf, type CharterStatement } from "../signed/charter.ts";
import type { Verdict, Vote } from "../signed/vote.ts";

export interface Admission {
  /** Whom enough voters admitted at some time, whether they were revoked or not; with rule `open`, the founders. */
  readonly everAdmitted: ReadonlySet<PublicKey>;
  /** Of these, and of anyone where the rule is `open`: whom enough voters revoked. */
  readonly revoked: ReadonlySet<PublicKey>;
  /** Whether `key` may be a member. */
  isAdmitted(key: PublicKey): boolean;
  /** Whether `key` was ever admitted: what such a node says of itself is kept, to be shown. */
  isKnown(key: PublicKey): boolean;
  /** Whether anyone heeds the votes of `key`. */
  mayVote(key: PublicKey): boolean;
}

/**
 * Three steps. First everyone who was ever admitted: revocations aside, a vote to admit counts for ever, so that
 * no single voter can undo an admission. Then who of these is revoked: at least as many voters as the threshold,
 * other than itself, whose latest word is to revoke. Then the first step again without the revoked, who neither
 * vote nor are counted: whoever was admitted by too few others is out with them.
 */
export function admissionOf(charter: CharterStatement, votes: Iterable<Vote>): Admission {
  const { rule } = charter.admission;
  const tally = new Tally(votes);
  const founders = new Set(charter.founders);
  const noOne: ReadonlySet<PublicKey> = new Set();
  const everAdmitted = closure(charter, tally, noOne);
  const voters = rule === "members" ? everAdmitted : founders;
  const needed =
    rule === "open" ? Math.floor(founders.size / 2) + 1 : thresholdOf(charter.admission);
  const revoked = new Set<PublicKey>();
  for (const [subject, latest] of tally.revocations) {
    const against = [...latest].filter((by) => by !== subject && voters.has(by));
    if (against.length >= needed) revoked.add(subject);
  }
  const admitted = closure(charter, tally, revoked);
  const isOpen = rule === "open";
  return {
    everAdmitted,
    revoked,
    isAdmitted: (key) => !revoked.has(key) && (isOpen || admitted.has(key)),
    isKnown: (key) => isOpen || everAdmitted.has(key),
    mayVote: (key) => voters.has(key),
  };
}

/** All whom the founders, and by rule `members` those admitted by them, admitted; `without` some. */
function closure(
  { admission, founders }: CharterStatement,
  tally: Tally,
  without: ReadonlySet<PublicKey>,
): ReadonlySet<PublicKey> {
  const admitted = new Set(founders.filter((founder) => !without.has(founder)));
  if (admission.rule === "open") return admitted;
  const counts = new Map<PublicKey, number>();
  // A set gives what is added while it is walked: with rule `members`, the new members' votes come after.
  for (const voter of admission.rule === "members" ? admitted : [...admitted]) {
    for (const subject of tally.admissions.get(voter) ?? []) {
      const count = (counts.get(subject) ?? 0) + 1;
      counts.set(subject, count);
      if (count >= admission.threshold && !without.has(subject)) admitted.add(subject);
    }
  }
  return admitted;
}

/** Votes counted once a voter and subject. */
class Tally {
  /** Whom each voter ever admitted, itself aside. */
  readonly admissions = new Map<PublicKey, Set<PublicKey>>();
  /** Which voters' latest word on each subject is to revoke. */
  readonly revocations = new Map<PublicKey, Set<PublicKey>>();

  constructor(votes: Iterable<Vote>) {
    const latest = new Map<string, Vote>();
    for (const vote of votes) {
      if (vote.verdict === "admit" && vote.by !== vote.subject) {
        setOf(this.admissions, vote.by).add(vote.subject);
      }
      const name = `${vote.by}/${vote.subject}`;
      const known = latest.get(name);
      if (!known || isLaterWord(vote, known)) latest.set(name, vote);
    }
    for (const { verdict, subject, by } of latest.values()) {
      if (verdict === "revoke") setOf(this.revocations, subject).add(by);
    }
  }
}

/** At the same time, to revoke is the word that counts. */
function isLaterWord(a: Vote, b: Vote): boolean {
  return a.issuedAt > b.issuedAt || (a.issuedAt === b.issuedAt && severity(a) > severity(b));
}

function severity({ verdict }: { readonly verdict: Verdict }): number {
  return verdict === "revoke" ? 1 : 0;
}

function setOf<K, V>(map: Map<K, Set<V>>, key: K): Set<V> {
  const known = map.get(key) ?? new Set<V>();
  map.set(key, known);
  return known;
}
