/**
 * What ranking is compared with: a plain pass over the same values in typed arrays, one array after another, which adds
 * weight times kernel to each record's score and then takes the k best. It leaves nothing out and knows no bounds; it
 * gives no breakdown and does not order ties. Sets and terms are compared through a table by element, not by merging.
 */
import { BLOCK_ROWS } from "../../origin/ranking/rows.ts";
import { Dictionary } from "../../origin/ranking/dictionary.ts";
import { readUnder, type SectionReader } from "../../origin/ranking/sections.ts";
import {
  triangular,
  type CompiledDomain,
  type EncodedProfile,
  type FeatureValue,
} from "../../protocol/index.ts";

/** Adds the feature's part to every record's score. */
type Pass = (asked: FeatureValue, weight: number, scores: Float64Array) => void;

/** Scores of the `k` best, best first. */
export type BarePass = (query: EncodedProfile, k: number) => Float64Array;

/** Copies the columns of a snapshot without the rows that hold no record. */
export function createBarePass(compiled: CompiledDomain, sections: SectionReader): BarePass {
  const numbers = sections.float64("numbers");
  const rows = Uint32Array.from(numbers, (_, row) => row).filter(
    (row) => row >= BLOCK_ROWS && numbers[row] !== 0,
  );
  const passes = compiled.features.map((_, i) =>
    passOf(compiled, i, readUnder(`column${i}`, sections), rows),
  );
  return (query, k) => {
    const scores = new Float64Array(rows.length);
    let weights = 0;
    passes.forEach((pass, i) => {
      const asked = query[i];
      const weight = compiled.features[i]?.weight ?? 0;
      if (asked === undefined) return;
      pass(asked, weight, scores);
      weights += weight;
    });
    return bestOf(scores, k).map((score) => score / weights);
  };
}

function passOf(compiled: CompiledDomain, i: number, read: SectionReader, rows: Uint32Array): Pass {
  const spec = compiled.domain.features[i];
  switch (spec?.kind) {
    case "numeric":
    case "ordinal": {
      const all = read.float64("values");
      const values = Float64Array.from(rows, (row) => all[row] ?? Number.NaN);
      return (asked, weight, scores) => {
        if (typeof asked !== "number") return;
        for (let r = 0; r < values.length; r++) {
          const value = values[r] ?? Number.NaN;
          if (!Number.isNaN(value))
            add(scores, r, weight * triangular(asked, value, spec.tolerance));
        }
      };
    }
    case "category": {
      const dictionary = new Dictionary();
      dictionary.restore(read);
      const all = read.uint32("codes");
      const codes = Uint32Array.from(rows, (row) => all[row] ?? 0);
      return (asked, weight, scores) => {
        if (typeof asked !== "object" || !("text" in asked)) return;
        const code = (dictionary.numberOf(asked.text) ?? -2) + 1;
        for (let r = 0; r < codes.length; r++) if (codes[r] === code) add(scores, r, weight);
      };
    }
    case "set": {
      const dictionary = new Dictionary();
      dictionary.restore(read);
      const lists = listsOf(readUnder("lists", read), rows, spec.weighted === true);
      const table = new Float64Array(dictionary.size);
      return (asked, weight, scores) => {
        if (typeof asked !== "object" || !("elements" in asked)) return;
        asked.elements.forEach((element, e) => {
          const number = dictionary.numberOf(element);
          if (number !== undefined) table[number] = asked.weights[e] ?? 0;
        });
        addJaccard(
          lists,
          table,
          asked.weights.reduce((a, b) => a + b, 0),
          weight,
          scores,
        );
        table.fill(0);
      };
    }
    case "terms": {
      const content = compiled.features[i]?.termWeights ?? new Float64Array();
      const lists = listsOf(readUnder("lists", read), rows, false, content);
      const table = new Float64Array(content.length);
      return (asked, weight, scores) => {
        if (typeof asked !== "object" || !("closure" in asked)) return;
        let total = 0;
        for (const term of asked.closure) {
          table[term] = content[term] ?? 0;
          total += content[term] ?? 0;
        }
        addJaccard(lists, table, total, weight, scores);
        table.fill(0);
      };
    }
    case "vector": {
      const { dimensions } = spec;
      const all = read.float64("values");
      const values = new Float64Array(dimensions * rows.length);
      rows.forEach((row, r) =>
        values.set(all.subarray(dimensions * row, dimensions * (row + 1)), dimensions * r),
      );
      return (asked, weight, scores) => {
        if (!(asked instanceof Float64Array)) return;
        for (let r = 0; r < rows.length; r++) {
          let dot = 0;
          for (let d = 0; d < dimensions; d++) {
            dot += (asked[d] ?? 0) * (values[dimensions * r + d] ?? 0);
          }
          if (Number.isNaN(dot)) continue;
          add(scores, r, weight * (1 - Math.acos(Math.min(1, Math.max(-1, dot))) / Math.PI));
        }
      };
    }
    case undefined:
      throw new RangeError("no such feature");
  }
}

interface Lists {
  readonly starts: Uint32Array;
  readonly items: Uint32Array;
  /** Beside each of `items`. */
  readonly weights: Float64Array | undefined;
  /** A record's weights; NaN where it lacks the feature. */
  readonly totals: Float64Array;
}

/** In the order of `rows`, end to end. */
function listsOf(
  read: SectionReader,
  rows: Uint32Array,
  isWeighted: boolean,
  contents?: Float64Array,
): Lists {
  const [from, lengths, all] = [
    read.uint32("starts"),
    read.uint32("lengths"),
    read.uint32("items"),
  ];
  const allWeights = isWeighted ? read.float64("weights") : undefined;
  const isAbsent = (row: number): boolean => lengths[row] === 0xffff_ffff;
  const starts = new Uint32Array(rows.length + 1);
  rows.forEach((row, r) => {
    starts[r + 1] = (starts[r] ?? 0) + (isAbsent(row) ? 0 : (lengths[row] ?? 0));
  });
  const items = new Uint32Array(starts.at(-1) ?? 0);
  const weights = allWeights && new Float64Array(items.length);
  const totals = new Float64Array(rows.length);
  rows.forEach((row, r) => {
    const start = from[row] ?? 0;
    const end = start + (starts[r + 1] ?? 0) - (starts[r] ?? 0);
    items.set(all.subarray(start, end), starts[r]);
    weights?.set(allWeights?.subarray(start, end) ?? [], starts[r]);
    let total = isAbsent(row) ? Number.NaN : 0;
    for (let e = start; e < end; e++) total += allWeights?.[e] ?? contents?.[all[e] ?? 0] ?? 1;
    totals[r] = total;
  });
  return { starts, items, weights, totals };
}

function addJaccard(
  { starts, items, weights, totals }: Lists,
  table: Float64Array,
  total: number,
  weight: number,
  scores: Float64Array,
): void {
  for (let r = 0; r < totals.length; r++) {
    const held = totals[r] ?? Number.NaN;
    if (Number.isNaN(held)) continue;
    const end = starts[r + 1] ?? 0;
    let shared = 0;
    if (weights) {
      for (let e = starts[r] ?? 0; e < end; e++) {
        shared += Math.min(table[items[e] ?? 0] ?? 0, weights[e] ?? 0);
      }
    } else {
      for (let e = starts[r] ?? 0; e < end; e++) shared += table[items[e] ?? 0] ?? 0;
    }
    const all = total + held - shared;
    add(scores, r, weight * (all <= 0 ? 1 : shared / all));
  }
}

function add(scores: Float64Array, at: number, value: number): void {
  scores[at] = (scores[at] ?? 0) + value;
}

/** The `k` greatest, by insertion: almost all are below the least of them. */
function bestOf(scores: Float64Array, k: number): Float64Array {
  const best = new Float64Array(k).fill(-Infinity);
  for (const score of scores) {
    if (score <= (best[k - 1] ?? 0)) continue;
    let at = k - 1;
    while (at > 0 && (best[at - 1] ?? 0) < score) {
      best[at] = best[at - 1] ?? 0;
      at -= 1;
    }
    best[at] = score;
  }
  return best;
}
