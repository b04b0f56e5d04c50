/** Exact ranking: the records of a table that are most similar to a query, most of them never looked at. */
import type { EncodedProfile } from "../../protocol/index.ts";
import { BOUND_ERROR, closureOf } from "./columns/index.ts";
import { Evaluator, type KnownBounds } from "./evaluator.ts";
import type { Postings } from "./postings.ts";
import { BLOCK_ROWS } from "./rows.ts";
import { FIRST_BLOCK, type Table } from "./table.ts";

export interface Ranked {
  /** Of the record in the store. */
  readonly number: number;
  readonly reference: string;
  readonly group: string | undefined;
  readonly score: number;
  /** Per feature of the domain; undefined where the query lacks it. */
  readonly kernels: readonly (number | undefined)[];
}

/** The `k` best, best first, equal scores by reference: the same for the same records, however they are held. */
export function rank(
  table: Table,
  query: EncodedProfile,
  k: number,
  excludeGroups: readonly string[] = [],
): Ranked[] {
  const evaluator = new Evaluator(table, query, k, excludeGroups);
  const { postings } = table;
  const asked = postings && query[postings.feature];
  if (postings && asked !== undefined) rankByTerms(table, evaluator, postings, closureOf(asked));
  else rankByBlocks(table, evaluator);
  return evaluator.best.sorted().map(({ row, score }) => ({
    number: table.numbers[row] ?? 0,
    reference: table.referenceOf(row),
    group: table.groupOf(row),
    score,
    kernels: evaluator.kernelsOf(row),
  }));
}

/** Classes by which blocks are ordered: sorting them in full would cost more than it spares. */
const BOUND_CLASSES = 1024;

/** The most promising blocks first, until no block is left that could hold one of the best. */
function rankByBlocks(table: Table, evaluator: Evaluator): void {
  const bounds = evaluator.boundBlocks(FIRST_BLOCK, table.blocks);
  const classOf = (block: number): number => {
    const share = (bounds[block] ?? 0) / evaluator.total;
    return BOUND_CLASSES - 1 - Math.min(BOUND_CLASSES - 1, Math.floor(share * BOUND_CLASSES));
  };
  const starts = new Uint32Array(BOUND_CLASSES + 1);
  for (let block = FIRST_BLOCK; block < table.blocks; block++) {
    starts[classOf(block) + 1] = (starts[classOf(block) + 1] ?? 0) + 1;
  }
  for (let i = 1; i < starts.length; i++) starts[i] = (starts[i] ?? 0) + (starts[i - 1] ?? 0);
  const order = new Uint32Array(table.blocks - FIRST_BLOCK);
  for (let block = FIRST_BLOCK; block < table.blocks; block++) {
    const at = starts[classOf(block)] ?? 0;
    order[at] = block;
    starts[classOf(block)] = at + 1;
  }
  const rows = new Uint32Array(BLOCK_ROWS);
  for (const block of order) {
    if ((bounds[block] ?? 0) < evaluator.needed) continue;
    for (let i = 0; i < BLOCK_ROWS; i++) rows[i] = block * BLOCK_ROWS + i;
    evaluator.evaluate(rows, BLOCK_ROWS);
  }
}

/** Rows seen before the first of them are evaluated, and how many times more before each next time. */
const FIRST_LOOK = 512;
const NEXT_LOOK_FACTOR = 4;

/**
 * Reads the lists of rows of the query's terms, the shortest first, and adds up what each row shares with the query;
 * until a row that is in none of them could not be among the best. Then evaluates those that still could.
 */
function rankByTerms(
  table: Table,
  evaluator: Evaluator,
  postings: Postings,
  closure: Uint32Array,
): void {
  const { column, apart } = postings;
  postings.settle(table.end);
  const batch = new Batch(evaluator, postings.feature);
  for (const row of apart) batch.add(row, 1);
  batch.flush();

  const total = column.total(closure);
  const weight = table.compiled.features[postings.feature]?.weight ?? 0;
  const others = evaluator.total - weight;
  const wanted = LOOK_FACTOR * evaluator.k;
  const terms = closure.toSorted((a, b) => postings.count(a) - postings.count(b));
  /** Information content shared with the query by the lists read so far; negative once a row is evaluated. */
  const { shared, seen } = postings.scratch(table.end);
  for (const row of apart) shared[row] = -Infinity;
  let seenCount = 0;
  let rest = total;
  let nextLook = FIRST_LOOK;

  /** Evaluates the rows seen that share at least so much, if they may be among the best with all that is unread. */
  const evaluateAbove = (least: number): void => {
    // No kernel exceeds what is shared over the query's total.
    const leastKernel = (evaluator.needed - others) / weight;
    const leastKnown = Math.max(least, leastKernel * total - rest, 0);
    for (let i = 0; i < seenCount; i++) {
      const row = seen[i] ?? 0;
      const known = shared[row] ?? 0;
      if (known < leastKnown) continue;
      const bound = column.boundOf(row, known + rest, total);
      if (others + weight * bound < evaluator.needed) continue;
      shared[row] = -Infinity;
      batch.add(row, bound);
    }
    batch.flush();
  };
  const readLists = (): void => {
    for (const term of terms) {
      const restBound = total === 0 ? 1 : Math.min(1, rest / total + BOUND_ERROR);
      if (others + weight * restBound < evaluator.needed) {
        evaluateAbove(mostPromising(seen, seenCount, shared, total, wanted));
        evaluateAbove(0);
        return;
      }
      const content = column.weights[term] ?? 0;
      seenCount = postings.share(term, shared, seen, seenCount);
      rest = Math.max(0, rest - content);
      if (seenCount >= nextLook) {
        nextLook = seenCount * NEXT_LOOK_FACTOR;
        evaluateAbove(mostPromising(seen, seenCount, shared, total, wanted));
      }
    }
    for (let row = FIRST_BLOCK * BLOCK_ROWS; row < table.end; row++) {
      const known = shared[row] ?? 0;
      if (known < 0) continue;
      const bound = column.boundOf(row, known, total);
      if (others + weight * bound < evaluator.needed) continue;
      batch.add(row, bound);
    }
    batch.flush();
  };
  try {
    readLists();
  } finally {
    for (let i = 0; i < seenCount; i++) shared[seen[i] ?? 0] = 0;
    for (const row of apart) shared[row] = 0;
  }
}

/** Rows that a look evaluates, as a multiple of those asked for: enough that the threshold is near the final one. */
const LOOK_FACTOR = 2;
const LOOK_CLASSES = 256;

/** About `wanted` of the first `count` rows seen share so much with the query, or more. */
function mostPromising(
  seen: Uint32Array,
  count: number,
  shared: Float64Array,
  total: number,
  wanted: number,
): number {
  const counts = new Uint32Array(LOOK_CLASSES);
  const scale = (LOOK_CLASSES - 1) / total;
  for (let i = 0; i < count; i++) {
    const at = Math.max(0, Math.floor((shared[seen[i] ?? 0] ?? 0) * scale));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  let rows = 0;
  for (let at = LOOK_CLASSES - 1; at > 0; at--) {
    rows += counts[at] ?? 0;
    if (rows >= wanted) return at / scale;
  }
  return 0;
}

/** Collects rows until there are enough for one evaluation. */
class Batch {
  readonly #evaluator: Evaluator;
  readonly #rows = new Uint32Array(BLOCK_ROWS);
  readonly #known: KnownBounds;
  #count = 0;

  constructor(evaluator: Evaluator, feature: number) {
    this.#evaluator = evaluator;
    this.#known = { feature, kernels: new Float64Array(BLOCK_ROWS) };
  }

  /** `bound`: the feature's kernel of this row is at most that. */
  add(row: number, bound: number): void {
    this.#known.kernels[this.#count] = bound;
    this.#rows[this.#count++] = row;
    if (this.#count === BLOCK_ROWS) this.flush();
  }

  flush(): void {
    this.#evaluator.evaluate(this.#rows, this.#count, this.#known);
    this.#count = 0;
  }
}
