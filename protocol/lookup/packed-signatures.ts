/**
 * Signatures side by side in memory, and their comparison with a query four symbols at a time: a lookup compares
 * thousands, and a loop over symbols would spend its time on branches that no one can foresee.
 */
import { MISSING } from "../features/index.ts";
import type { RoutingPlan } from "../signature/plan.ts";
import { estimateFrom, queryWeight } from "../signature/signature.ts";
import { capacityFor } from "./capacity.ts";

const WORD_BYTES = 4;
/** Subsets of a word's symbols. */
const SUBSETS = 16;
/** The top bit of each byte, and all others. */
const TOP_BITS = 0x80808080 | 0;
const LOW_BITS = 0x7f7f7f7f;

/** A query, laid out for `PackedSignatures.estimate`. */
export interface PackedQuery {
  readonly words: Int32Array;
  /** The top bit of each byte that is a symbol, and not missing. */
  readonly present: Int32Array;
  readonly weight: number;
}

export class PackedSignatures {
  readonly #plan: RoutingPlan;
  readonly #wordCount: number;
  #words = new Int32Array(0);
  #bytes = new Uint8Array(0);
  /** 1 for rows that lack a symbol. */
  #lacking = new Uint8Array(0);
  /** For each word, the weight of each subset of its symbols. */
  readonly #weights: Float64Array;

  constructor(plan: RoutingPlan) {
    this.#plan = plan;
    this.#wordCount = Math.ceil(plan.symbols / WORD_BYTES);
    this.#weights = subsetWeights(plan.weightAt, this.#wordCount);
  }

  /** Bytes from one row to the next: whole words. */
  get stride(): number {
    return this.#wordCount * WORD_BYTES;
  }

  /** Row r's symbols begin at r times `stride`. Another array after `grow`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Makes room for `rows`. */
  grow(rows: number): void {
    if (rows <= this.#lacking.length) return;
    const capacity = capacityFor(rows, this.#lacking.length);
    const words = new Int32Array(capacity * this.#wordCount);
    words.set(this.#words);
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer);
    const lacking = new Uint8Array(capacity);
    lacking.set(this.#lacking);
    this.#lacking = lacking;
  }

  set(row: number, signature: Uint8Array): void {
    this.#bytes.set(signature, row * this.stride);
    this.#lacking[row] = signature.includes(MISSING) ? 1 : 0;
  }

  get(row: number): Uint8Array {
    const offset = row * this.stride;
    return this.#bytes.subarray(offset, offset + this.#plan.symbols);
  }

  pack(query: Uint8Array): PackedQuery {
    const bytes = new Uint8Array(this.stride);
    bytes.set(query);
    const words = new Int32Array(bytes.buffer);
    return {
      words,
      present: words.map(presentBytes),
      weight: queryWeight(this.#plan, query),
    };
  }

  /** As `estimate` of the row's signature, but for rounding. */
  estimate({ words, present, weight }: PackedQuery, row: number): number {
    const held = this.#words;
    const weights = this.#weights;
    const count = this.#wordCount;
    const start = row * count;
    let equal = 0;
    for (let w = 0; w < count; w++) {
      const difference = (held[start + w] ?? 0) ^ (words[w] ?? 0);
      const equalBytes = ~presentBytes(difference) & (present[w] ?? 0);
      equal += weights[w * SUBSETS + subsetOf(equalBytes)] ?? 0;
    }
    if (this.#lacking[row] === 0) return estimateFrom(this.#plan, equal, weight, weight);
    let both = 0;
    for (let w = 0; w < count; w++) {
      const bytes = presentBytes(held[start + w] ?? 0) & (present[w] ?? 0);
      both += weights[w * SUBSETS + subsetOf(bytes)] ?? 0;
    }
    return estimateFrom(this.#plan, equal, both, weight);
  }
}

/** The top bit of each byte that is not zero. */
function presentBytes(word: number): number {
  return (((word & LOW_BITS) + LOW_BITS) | word) & TOP_BITS;
}

/** Four bits from the top bits of four bytes: the product brings each to its place above the others. */
function subsetOf(topBits: number): number {
  return Math.imul(topBits >>> 7, 0x10204080) >>> 28;
}

function subsetWeights(weightAt: Float64Array, wordCount: number): Float64Array {
  const bytes = new Uint8Array(WORD_BYTES);
  // By way of memory, so that the order of bytes in a word is the machine's.
  const bitOf = Array.from({ length: WORD_BYTES }, (_, i) => {
    bytes.fill(0)[i] = 0x80;
    return subsetOf(new Int32Array(bytes.buffer)[0] ?? 0);
  });
  return Float64Array.from({ length: wordCount * SUBSETS }, (_, at) => {
    const first = Math.floor(at / SUBSETS) * WORD_BYTES;
    return bitOf.reduce(
      (sum, bit, i) => ((at % SUBSETS) & bit ? sum + (weightAt[first + i] ?? 0) : sum),
      0,
    );
  });
}
