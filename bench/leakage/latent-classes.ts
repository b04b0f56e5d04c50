/** The latent-class model of the frequency attack: its tables, its expectation and maximisation steps. */
import type { RoutingPlan } from "../../protocol/index.ts";

/** A feature of few classes; its classes are ordered or not. */
export interface Latent {
  readonly feature: number;
  readonly classes: number;
  readonly isOrdered: boolean;
}

/** What is known of one person (or typical of a cohort): a class a latent feature, -1 where it is missing. */
export type KnownClasses = readonly number[];

/** By entry, by latent feature: a weight of each class. */
export type Soft = readonly (readonly (readonly number[])[])[];

/** By position: the chance of each symbol under each class, `symbol * classes + class`. */
type Tables = readonly (Float64Array | undefined)[];

export interface Reading {
  readonly classes: readonly (readonly number[])[];
  readonly likeness: readonly number[];
  readonly likelihood: number;
}

export interface Fitted {
  readonly tables: Tables;
  readonly soft: Soft;
  /** Logarithm of the entries' chance. */
  readonly likelihood: number;
}

export interface Model {
  /** Share of each class among the known, by latent. */
  readonly priors: readonly (readonly number[])[];
  fit(signatures: readonly Uint8Array[], start: Soft, steps: number): Fitted;
  read(tables: Tables, signature: Uint8Array): Reading;
}

const SYMBOLS = 256;
/** A feature is not like the known person's with this chance, but like anyone's. */
const INDEPENDENT = 0.25;
/** Cases that a position's plain frequencies count for beside those of a class. */
const PSEUDO_CASES = 1;
/** Positions of a feature do not tell independently: together they count as so many. */
const POSITIONS_WORTH = 4;

export function createModel(
  { featureAt, symbols }: RoutingPlan,
  latents: readonly Latent[],
  known: readonly KnownClasses[],
): Model {
  const priors = latents.map(({ classes }, f) => {
    const counts = Array.from<number>({ length: classes }).fill(1 / 2);
    for (const person of known) {
      const v = person[f] ?? -1;
      if (v >= 0) counts[v] = (counts[v] ?? 0) + 1;
    }
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => count / total);
  });
  const positions = latents.map(({ feature }) =>
    [...featureAt.keys()].filter((at) => featureAt[at] === feature),
  );

  const learn = (signatures: readonly Uint8Array[], soft: Soft): Tables => {
    const tables = Array.from<Float64Array | undefined>({ length: symbols });
    for (const [f, { classes }] of latents.entries()) {
      for (const at of positions[f] ?? []) {
        const table = new Float64Array(SYMBOLS * classes);
        const plain = new Float64Array(SYMBOLS).fill(1 / SYMBOLS);
        const totals = new Float64Array(classes);
        for (const [i, signature] of signatures.entries()) {
          const symbol = signature[at] ?? 0;
          if (symbol === 0) continue;
          plain[symbol] = (plain[symbol] ?? 0) + 1;
          for (let v = 0; v < classes; v++) {
            const weight = soft[i]?.[f]?.[v] ?? 0;
            table[symbol * classes + v] = (table[symbol * classes + v] ?? 0) + weight;
            totals[v] = (totals[v] ?? 0) + weight;
          }
        }
        const all = plain.reduce((sum, each) => sum + each, 0);
        for (let symbol = 0; symbol < SYMBOLS; symbol++) {
          const background = (PSEUDO_CASES * (plain[symbol] ?? 0)) / all;
          for (let v = 0; v < classes; v++) {
            const count = table[symbol * classes + v] ?? 0;
            table[symbol * classes + v] = (count + background) / ((totals[v] ?? 0) + PSEUDO_CASES);
          }
        }
        tables[at] = table;
      }
    }
    return tables;
  };

  /** Of each class, by one feature's positions: in proportion to the chance of what is there. */
  const chances = (tables: Tables, signature: Uint8Array, f: number): number[] => {
    const { classes } = latents[f] ?? { classes: 0 };
    const own = positions[f] ?? [];
    const worth = Math.min(1, POSITIONS_WORTH / Math.max(1, own.length));
    const logs = Array.from<number>({ length: classes }).fill(0);
    for (const at of own) {
      const symbol = signature[at] ?? 0;
      if (symbol === 0) continue;
      for (let v = 0; v < classes; v++) {
        logs[v] = (logs[v] ?? 0) + worth * Math.log(tables[at]?.[symbol * classes + v] ?? 1);
      }
    }
    return logs.map(Math.exp);
  };

  // By known person, by latent: its class, flat, because this is the inner loop.
  const width = latents.length;
  const classAt = Int8Array.from(known.flatMap((person) => latents.map((_, f) => person[f] ?? -1)));

  const read = (tables: Tables, signature: Uint8Array): Reading => {
    const own = latents.map((_, f) => chances(tables, signature, f));
    const anyone = own.map((list, f) =>
      list.reduce((sum, chance, v) => sum + chance * (priors[f]?.[v] ?? 0), 0),
    );
    const mixed = own.map((list, f) =>
      list.map((chance) => (1 - INDEPENDENT) * chance + INDEPENDENT * (anyone[f] ?? 0)),
    );
    const likeness = Array.from<number>({ length: known.length }).fill(0);
    let total = Number.MIN_VALUE;
    for (let i = 0; i < known.length; i++) {
      let product = 1;
      for (let f = 0; f < width; f++) {
        const v = classAt[i * width + f] ?? -1;
        product *= (v < 0 ? anyone[f] : mixed[f]?.[v]) ?? 1;
      }
      likeness[i] = product;
      total += product;
    }
    const like = own.map((list) => Array.from<number>({ length: list.length }).fill(0));
    const unlike = new Float64Array(width);
    for (let i = 0; i < known.length; i++) {
      const share = (likeness[i] ?? 0) / total;
      likeness[i] = share;
      for (let f = 0; f < width; f++) {
        const v = classAt[i * width + f] ?? -1;
        const counts = like[f];
        if (v < 0) unlike[f] = (unlike[f] ?? 0) + share / (anyone[f] ?? 1);
        else if (counts) counts[v] = (counts[v] ?? 0) + share / (mixed[f]?.[v] ?? 1);
      }
    }
    const classes = own.map((list, f) => {
      const all = (like[f] ?? []).reduce((sum, each) => sum + each, 0);
      const independent = (unlike[f] ?? 0) + INDEPENDENT * all;
      return list.map(
        (chance, v) =>
          chance * ((1 - INDEPENDENT) * (like[f]?.[v] ?? 0) + independent * (priors[f]?.[v] ?? 0)),
      );
    });
    return { classes, likeness, likelihood: Math.log(total / Math.max(1, known.length)) };
  };

  return {
    priors,
    read,
    fit: (signatures, start, steps) => {
      let soft = start;
      let tables: Tables = [];
      let likelihood = -Infinity;
      for (let step = 0; step < steps; step++) {
        tables = learn(signatures, soft);
        const readings = signatures.map((signature) => read(tables, signature));
        soft = readings.map(({ classes }) => classes);
        likelihood = readings.reduce((sum, reading) => sum + reading.likelihood, 0);
      }
      return { tables, soft, likelihood };
    },
  };
}
