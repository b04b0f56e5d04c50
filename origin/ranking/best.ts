/** The k best rows seen so far, in a heap whose root is the worst of them. */
import type { Table } from "./table.ts";

export class Best {
  readonly #table: Table;
  readonly #k: number;
  readonly #rows: number[] = [];
  readonly #scores: number[] = [];

  constructor(table: Table, k: number) {
    this.#table = table;
    this.#k = k;
  }

  /** A row of a lower score is not among the k best. */
  get threshold(): number {
    return this.#rows.length < this.#k ? -Infinity : (this.#scores[0] ?? Infinity);
  }

  offer(row: number, score: number): void {
    if (this.#rows.length < this.#k) {
      this.#rows.push(row);
      this.#scores.push(score);
      this.#rise(this.#rows.length - 1);
    } else if (this.#k > 0 && this.#isWorse(this.#scores[0] ?? 0, this.#rows[0] ?? 0, score, row)) {
      this.#rows[0] = row;
      this.#scores[0] = score;
      this.#sink();
    }
  }

  /** Best first, equal scores by reference. */
  sorted(): { row: number; score: number }[] {
    return this.#rows
      .map((row, i) => ({ row, score: this.#scores[i] ?? 0 }))
      .toSorted((a, b) => b.score - a.score || this.#table.compareReferences(a.row, b.row));
  }

  #isWorse(score: number, row: number, other: number, otherRow: number): boolean {
    return score < other || (score === other && this.#table.compareReferences(row, otherRow) > 0);
  }

  /** True if the heap's item `i` ranks after its item `j`. */
  #isAfter(i: number, j: number): boolean {
    return this.#isWorse(
      this.#scores[i] ?? 0,
      this.#rows[i] ?? 0,
      this.#scores[j] ?? 0,
      this.#rows[j] ?? 0,
    );
  }

  #rise(start: number): void {
    for (let i = start; i > 0;) {
      const parent = (i - 1) >>> 1;
      if (!this.#isAfter(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #sink(): void {
    for (let i = 0; ;) {
      const left = 2 * i + 1;
      const right = left + 1;
      if (left >= this.#rows.length) return;
      const child = right < this.#rows.length && this.#isAfter(right, left) ? right : left;
      if (!this.#isAfter(child, i)) return;
      this.#swap(i, child);
      i = child;
    }
  }

  #swap(i: number, j: number): void {
    [this.#rows[i], this.#rows[j]] = [this.#rows[j] ?? 0, this.#rows[i] ?? 0];
    [this.#scores[i], this.#scores[j]] = [this.#scores[j] ?? 0, this.#scores[i] ?? 0];
  }
}
