/**
 * What tells two sets of statements apart: per bucket the XOR of the statements' hashes, kept as statements come
 * and go. Equal sets have equal digests; sets of honest statements that differ have equal ones by a chance of 2^-64.
 */
import { fromBase64Url, toBase64Url } from "../bytes.ts";

/** By the first byte of the subject's node id: with 10,000 members, 40 subjects each. */
export const BUCKETS = 256;
const WORDS = 2;

export class BucketDigests {
  /** Two words a bucket, and two for the whole. */
  readonly #words = new Uint32Array((BUCKETS + 1) * WORDS);
  /** Their texts, as far as they were asked for since they changed: most buckets do not, between two exchanges. */
  readonly #texts: (string | undefined)[] = [];

  /** Adds a hash, or takes one away that was added. */
  toggle(bucket: number, hash: string): void {
    const bytes = fromBase64Url(hash);
    const view = new DataView(bytes.buffer);
    this.toggleWords(bucket, view.getUint32(0), view.getUint32(4));
  }

  /** As `toggle`, of a hash's two big-endian words. */
  toggleWords(bucket: number, high: number, low: number): void {
    for (const place of [bucket, BUCKETS]) {
      this.#words[place * WORDS] = (this.#words[place * WORDS] ?? 0) ^ high;
      this.#words[place * WORDS + 1] = (this.#words[place * WORDS + 1] ?? 0) ^ low;
      this.#texts[place] = undefined;
    }
  }

  /** Of all buckets. */
  get whole(): string {
    return this.of(BUCKETS);
  }

  /** Of one bucket. */
  of(bucket: number): string {
    const known = this.#texts[bucket];
    if (known !== undefined) return known;
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.#words[bucket * WORDS] ?? 0);
    view.setUint32(4, this.#words[bucket * WORDS + 1] ?? 0);
    return (this.#texts[bucket] = toBase64Url(bytes));
  }

  /** Of each bucket, in order. */
  list(): string[] {
    return Array.from({ length: BUCKETS }, (_, bucket) => this.of(bucket));
  }
}
