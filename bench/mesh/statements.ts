/**
 * Statements of a simulated mesh, as numbers: descriptors, one a node at a time, numbered in the order of their
 * making. A node's knowledge is one number a subject, so that 10,000 nodes that know 10,000 others fit in memory.
 * Signatures are not made: every statement counts as verified.
 */
import {
  BUCKETS,
  BucketDigests,
  fromBase64Url,
  prfStream,
  toBase64Url,
  type GossipItem,
  type GossipStore,
} from "../../protocol/index.ts";
import type { Inhabitant } from "./population.ts";

/** What a descriptor says that matters here. */
export interface SimStatement {
  readonly subject: number;
  readonly madeAt: number;
  readonly isPlaced: boolean;
  readonly isLive: boolean;
  /** A revocation: told at once. */
  readonly isUrgent?: boolean;
}

export class StatementTable {
  readonly statements: SimStatement[] = [];
  readonly items: GossipItem<number>[] = [];
  readonly #hashWords: number[] = [];
  readonly #random = prfStream(new Uint8Array(32), "statement hashes");
  readonly #bucketOf: readonly number[];
  readonly subjectsIn: readonly (readonly number[])[];
  readonly subjects: number;
  readonly #bytes: number;

  /** `bytes` is the size of a descriptor's JSON. */
  constructor(population: readonly Inhabitant[], bytes: number) {
    this.#bytes = bytes;
    this.subjects = population.length;
    this.#bucketOf = population.map(({ node }) => fromBase64Url(node)[0] ?? 0);
    const subjectsIn: number[][] = Array.from({ length: BUCKETS }, () => []);
    for (const [subject, bucket] of this.#bucketOf.entries()) subjectsIn[bucket]?.push(subject);
    this.subjectsIn = subjectsIn;
  }

  /** Makes a statement and returns its number. */
  make(statement: SimStatement): number {
    const number = this.statements.push(statement) - 1;
    const words = [this.#random(), this.#random()];
    this.#hashWords.push(...words);
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    for (const [i, word] of words.entries()) view.setUint32(4 * i, word);
    this.items.push({ hash: toBase64Url(bytes), bytes: this.#bytes, statement: number });
    return number;
  }

  toggle(digests: BucketDigests, number: number): void {
    const bucket = this.#bucketOf[this.statements[number]?.subject ?? 0] ?? 0;
    digests.toggleWords(
      bucket,
      this.#hashWords[2 * number] ?? 0,
      this.#hashWords[2 * number + 1] ?? 0,
    );
  }
}

const UNKNOWN = -1;

/** What one node knows. */
export class Knowledge implements GossipStore<number> {
  readonly #table: StatementTable;
  readonly #latest: Int32Array;
  readonly #digests = new BucketDigests();

  constructor(table: StatementTable) {
    this.#table = table;
    this.#latest = new Int32Array(table.subjects).fill(UNKNOWN);
  }

  /** True if the statement is news here. */
  merge(number: number): boolean {
    const subject = this.#table.statements[number]?.subject ?? 0;
    const held = this.#latest[subject] ?? UNKNOWN;
    if (held >= number) return false;
    if (held !== UNKNOWN) this.#table.toggle(this.#digests, held);
    this.#table.toggle(this.#digests, number);
    this.#latest[subject] = number;
    return true;
  }

  /** Takes over what `other` knows. */
  copy(other: Knowledge): void {
    for (const number of other.#latest) if (number !== UNKNOWN) this.merge(number);
  }

  of(subject: number): SimStatement | undefined {
    return this.#table.statements[this.#latest[subject] ?? UNKNOWN];
  }

  /** The number of what is known of `subject`; undefined where nothing is. */
  numberOf(subject: number): number | undefined {
    const number = this.#latest[subject] ?? UNKNOWN;
    return number === UNKNOWN ? undefined : number;
  }

  digest(): string {
    return this.#digests.whole;
  }

  bucketDigests(): readonly string[] {
    return this.#digests.list();
  }

  bucket(index: number): GossipItem<number>[] {
    return (this.#table.subjectsIn[index] ?? []).flatMap((subject) => {
      const item = this.#table.items[this.#latest[subject] ?? UNKNOWN];
      return item ? [item] : [];
    });
  }
}
