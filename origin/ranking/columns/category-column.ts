/** Category features: a value's number plus 1 a row, 0 where it lacks one; which values may be in each block. */
import type { FeatureValue } from "../../../protocol/index.ts";
import { Dictionary } from "../dictionary.ts";
import { blockOf, BLOCK_ROWS, growUint32 } from "../rows.ts";
import type { SectionReader, SectionWriter } from "../sections.ts";
import { wrongKind, type Column, type Probe } from "./column.ts";

/** Words of a block's summary; values share its bits by their number. */
const MASK_WORDS = 2;
/** A part smaller than this share of the rows is not worth a block of its own. */
const PART_MIN = 1 / 4;

export class CategoryColumn implements Column {
  readonly #dictionary = new Dictionary();
  #codes = new Uint32Array();
  #masks = new Uint32Array();

  reserve(rows: number): void {
    this.#codes = growUint32(this.#codes, rows);
    this.#masks = growUint32(this.#masks, MASK_WORDS * Math.ceil(rows / BLOCK_ROWS));
  }

  write(row: number, value: FeatureValue | undefined): void {
    this.#codes[row] = value === undefined ? 0 : this.#dictionary.add(textOf(value)) + 1;
  }

  move(from: number, to: number): void {
    this.#codes[to] = this.#codes[from] ?? 0;
    this.#codes[from] = 0;
  }

  clearBlock(block: number): void {
    this.#masks.fill(0, MASK_WORDS * block, MASK_WORDS * (block + 1));
  }

  cover(row: number): void {
    const code = this.#codes[row] ?? 0;
    if (code === 0) return;
    const word = wordOf(blockOf(row), code);
    this.#masks[word] = (this.#masks[word] ?? 0) | (1 << (code % 32));
  }

  probe(asked: FeatureValue): Probe {
    // Of a value that no record has, 0 would be the code of those that lack one.
    const code = (this.#dictionary.numberOf(textOf(asked)) ?? -2) + 1;
    const codes = this.#codes;
    return {
      bound: (block) => {
        if (code < 0) return 0;
        return ((this.#masks[wordOf(block, code)] ?? 0) >>> (code % 32)) & 1;
      },
      kernels: (rows, count, out) => {
        for (let i = 0; i < count; i++) out[i] = codes[rows[i] ?? 0] === code ? 1 : 0;
      },
    };
  }

  likeness(a: number, b: number): number {
    return this.#codes[a] === this.#codes[b] ? 1 : 0;
  }

  /** The value that most rows have, against all others. */
  pivot(rows: Uint32Array, count: number): number | undefined {
    const counts = new Map<number, number>();
    let best = 0;
    for (let i = 0; i < count; i++) {
      const code = this.#codes[rows[i] ?? 0] ?? 0;
      const seen = (counts.get(code) ?? 0) + 1;
      counts.set(code, seen);
      if (seen > (counts.get(best) ?? 0)) best = code;
    }
    const rest = count - (counts.get(best) ?? 0);
    return Math.min(rest, count - rest) < PART_MIN * count ? undefined : best;
  }

  side(row: number, pivot: number): 0 | 1 {
    return this.#codes[row] === pivot ? 1 : 0;
  }

  save(write: SectionWriter, rows: number): void {
    this.#dictionary.save(write);
    write("codes", this.#codes.subarray(0, rows));
    write("masks", this.#masks.subarray(0, MASK_WORDS * Math.ceil(rows / BLOCK_ROWS)));
  }

  restore(read: SectionReader): void {
    this.#dictionary.restore(read);
    this.#codes = read.uint32("codes");
    this.#masks = read.uint32("masks");
  }
}

function textOf(value: FeatureValue): string {
  return typeof value === "object" && "text" in value ? value.text : wrongKind();
}

function wordOf(block: number, code: number): number {
  return MASK_WORDS * block + (Math.floor(code / 32) % MASK_WORDS);
}
