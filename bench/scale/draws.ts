/** Draws that follow from a number: what record 7,654,321 is can be told without drawing those before it. */

/** An even increment (Weyl sequence) and a bijective mixer (Wellons, "lowbias32", 2018). */
const STEP = 0x9e3779b9;

export class Draws {
  #state = 0;

  /** Begins the stream of `number` in the family `seed`; both 32-bit words. */
  start(seed: number, number: number): void {
    this.#state = scramble(scramble(seed) ^ number);
  }

  /** A 32-bit word. */
  word(): number {
    this.#state = (this.#state + STEP) | 0;
    return scramble(this.#state) >>> 0;
  }

  /** An integer in 0..bound-1. */
  below(bound: number): number {
    return Math.floor((this.word() / 2 ** 32) * bound);
  }

  /** An item of the table, each as likely as the others. */
  pick(table: Uint16Array): number {
    return table[Math.floor((this.word() / 2 ** 32) * table.length)] ?? 0;
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.word() < probability * 2 ** 32;
  }
}

/** The draw of `number` in the family `seed`, where only one is wanted: an integer in 0..bound-1. */
export function draw(seed: number, number: number, bound: number): number {
  return Math.floor(((scramble(scramble(seed) ^ number) >>> 0) / 2 ** 32) * bound);
}

function scramble(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}
