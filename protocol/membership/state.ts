/**
 * All that a node knows of its mesh's membership: of each name (see statements.ts) the statement that wins.
 * Merging is synchronous and pure, and its outcome does not depend on the order in which statements come. It
 * holds verified statements only: verify.ts comes first.
 */
import { fromBase64Url } from "../bytes.ts";
import { BUCKETS, BucketDigests } from "../gossip/digest.ts";
import type { GossipItem, GossipStore } from "../gossip/store.ts";
import { CLOCK_SKEW_S } from "../http/message-signature.ts";
import { meshIdOf, type Charter } from "../signed/charter.ts";
import { nodeIdOf, type MeshId, type PublicKey } from "../ids.ts";
import { LEASE_MS, type Descriptor } from "../signed/descriptor.ts";
import { isSoundPublicKey } from "../signed/ed25519.ts";
import { findEquivocation } from "../signed/equivocation.ts";
import type { Vote } from "../signed/vote.ts";
import { admissionOf, type Admission } from "./admission.ts";
import {
  compareStatements,
  nameOf,
  signerOf,
  statementHash,
  subjectOf,
  type Statement,
} from "./statements.ts";

/** A descriptor is forgotten when its lease has been over for this long: no clock then takes it for a live one. */
export const FORGET_MS = LEASE_MS + CLOCK_SKEW_S * 1000;

export class MembershipState implements GossipStore<Statement> {
  readonly charter: Charter;
  readonly mesh: MeshId;
  readonly #statements = new Map<string, Statement>();
  readonly #buckets: Map<string, GossipItem<Statement>>[];
  readonly #digests = new BucketDigests();
  readonly #soundKeys: Set<PublicKey>;
  readonly #votesBy = new Map<PublicKey, number>();
  #descriptors = 0;
  #admission: Admission | undefined;

  /** `charter` was verified: its founders' keys are sound. */
  constructor(charter: Charter, statements: Iterable<Statement> = []) {
    this.charter = charter;
    this.mesh = meshIdOf(charter.charter);
    this.#soundKeys = new Set(charter.charter.founders);
    this.#buckets = Array.from({ length: BUCKETS }, () => new Map());
    this.merge(statements);
  }

  /** How many statements are held. */
  get size(): number {
    return this.#statements.size;
  }

  /** How many nodes describe themselves. */
  get descriptors(): number {
    return this.#descriptors;
  }

  statements(): Statement[] {
    return [...this.#statements.values()];
  }

  votes(): Vote[] {
    return this.statements().flatMap((held) => (held.type === "vote" ? [held.vote] : []));
  }

  /** How many votes of one voter are held. */
  votesBy(voter: PublicKey): number {
    return this.#votesBy.get(voter) ?? 0;
  }

  descriptorOf(key: PublicKey): Descriptor | undefined {
    const held = this.#statements.get(`descriptor/${key}`);
    return held?.type === "descriptor" ? held.descriptor : undefined;
  }

  isExcluded(key: PublicKey): boolean {
    return this.#statements.has(`equivocation/${key}`);
  }

  /** Who is a member by the votes held. */
  admission(): Admission {
    return (this.#admission ??= admissionOf(this.charter.charter, this.votes()));
  }

  /** What is held under the statement's name. */
  held(statement: Statement): Statement | undefined {
    return this.#statements.get(nameOf(statement));
  }

  /** True if merging the statement would change something. */
  isNews(statement: Statement): boolean {
    if (statement.type === "descriptor") {
      if (this.#completedProof([statement.descriptor])) return true;
      if (this.isExcluded(subjectOf(statement))) return false;
    }
    const held = this.held(statement);
    return !held || compareStatements(statement, held) > 0;
  }

  /** True if the key is sound (P-37). The check costs more than a signature's: it is made once a key. */
  isSound(key: PublicKey): boolean {
    if (this.#soundKeys.has(key)) return true;
    if (!isSoundPublicKey(fromBase64Url(key))) return false;
    this.#soundKeys.add(key);
    return true;
  }

  /** Takes in verified statements. Returns those that are new here, with the proofs that they complete. */
  merge(statements: Iterable<Statement>): Statement[] {
    const changed = new Map<string, Statement>();
    for (const statement of statements) {
      for (const kept of this.#mergeOne(statement)) changed.set(nameOf(kept), kept);
    }
    // What another of them replaced, or ended, is no news.
    return [...changed.values()].filter((statement) => this.held(statement) === statement);
  }

  /** Drops descriptors whose lease ended long ago, but that of `self`. Returns their names. */
  forget(now: number, self?: PublicKey): string[] {
    const names: string[] = [];
    for (const [name, statement] of this.#statements) {
      if (statement.type !== "descriptor") continue;
      const { key, expiresAt } = statement.descriptor.descriptor;
      if (key !== self && expiresAt + FORGET_MS <= now) names.push(name);
    }
    for (const name of names) this.#remove(name);
    return names;
  }

  digest(): string {
    return this.#digests.whole;
  }

  bucketDigests(): string[] {
    return this.#digests.list();
  }

  bucket(index: number): GossipItem<Statement>[] {
    return [...(this.#buckets[index]?.values() ?? [])];
  }

  #mergeOne(statement: Statement): Statement[] {
    if (statement.type !== "vote") {
      const { type } = statement;
      const proof = this.#completedProof(
        type === "descriptor"
          ? [statement.descriptor]
          : [statement.equivocation.first, statement.equivocation.second],
      );
      if (proof) {
        this.#remove(`descriptor/${subjectOf(proof)}`);
        this.#put(proof);
        return [proof];
      }
      // An excluded node has nothing more to say.
      if (type === "equivocation" || this.isExcluded(subjectOf(statement))) return [];
    }
    const held = this.held(statement);
    if (held && compareStatements(statement, held) <= 0) return [];
    this.#put(statement);
    return [statement];
  }

  /** The proof that `descriptors` of one node, with what is held of it, make up; undefined if it is held already. */
  #completedProof(descriptors: readonly [Descriptor, ...Descriptor[]]): Statement | undefined {
    const { key } = descriptors[0].descriptor;
    const held = this.#statements.get(`equivocation/${key}`);
    const proven =
      held?.type === "equivocation" ? [held.equivocation.first, held.equivocation.second] : [];
    const current = this.descriptorOf(key);
    const equivocation = findEquivocation([
      ...descriptors,
      ...proven,
      ...(current ? [current] : []),
    ]);
    if (!equivocation) return undefined;
    const proof: Statement = { type: "equivocation", equivocation };
    return held && compareStatements(proof, held) <= 0 ? undefined : proof;
  }

  #put(statement: Statement): void {
    const name = nameOf(statement);
    this.#remove(name);
    this.#statements.set(name, statement);
    const hash = statementHash(statement);
    const bucket = bucketOf(subjectOf(statement));
    this.#buckets[bucket]?.set(hash, new Item(hash, statement));
    this.#digests.toggle(bucket, hash);
    this.#soundKeys.add(signerOf(statement));
    this.#count(statement, 1);
  }

  #remove(name: string): void {
    const statement = this.#statements.get(name);
    if (!statement) return;
    this.#statements.delete(name);
    const hash = statementHash(statement);
    const bucket = bucketOf(subjectOf(statement));
    this.#buckets[bucket]?.delete(hash);
    this.#digests.toggle(bucket, hash);
    this.#count(statement, -1);
  }

  #count(statement: Statement, change: 1 | -1): void {
    if (statement.type === "descriptor") this.#descriptors += change;
    if (statement.type !== "vote") return;
    const { by } = statement.vote;
    this.#votesBy.set(by, this.votesBy(by) + change);
    this.#admission = undefined;
  }
}

/** The bucket of all statements about `subject`. */
export function bucketOf(subject: PublicKey): number {
  return fromBase64Url(nodeIdOf(subject))[0] ?? 0;
}

class Item implements GossipItem<Statement> {
  readonly hash: string;
  readonly statement: Statement;

  constructor(hash: string, statement: Statement) {
    this.hash = hash;
    this.statement = statement;
  }

  get bytes(): number {
    return JSON.stringify(this.statement).length;
  }
}
