/**
 * Part `accuracy`: what each privacy setting costs the prediction of heart disease on the published split. Entries lead
 * to origins, the origins' own code answers, and the answers vote: ten single outcomes by their similarity, or cells as
 * the client's synthesis counts them.
 */
import { z } from "zod";
import type { HeartRow } from "../../examples/heart-disease.ts";
import { seededRandom } from "../../examples/random.ts";
import { valuesOfCell } from "../../client/synthesis/aggregates.ts";
import { encodeKnown, estimate, signatureOf, type CompiledDomain } from "../../protocol/index.ts";
import { openOrigin, type AttackedOrigin } from "../attack/origin.ts";
import { readHeartRows, type HeartRows } from "../federated/rows.ts";
import { groupsOf, scoreGroup } from "../federated/scores.ts";
import type { BenchContext, PartReport } from "../suite/bench.ts";
import { readHearts, type Population } from "./people.ts";
import { setScene, type Entry } from "./scene.ts";
import { settingsWith, type PrivacySetting } from "../../client/cli/calibrate/privacy/index.ts";

const K = 10;
/** All four hospitals, and the most promising one alone. */
const ASKED = [4, 1] as const;
const DECOYS = 100;

/** By number of origins asked: the share of disease, a test row. */
const cellSchema = z.array(z.array(z.number()));

export async function measureAccuracy(context: BenchContext): Promise<PartReport> {
  const { cells, progress, seed, data } = context;
  const heart = await readHeartRows(data);
  const population = await readHearts(data);
  const settings = settingsWith(DECOYS);
  const predictions: { readonly name: string; readonly shares: number[][] }[] = [];
  for (const [i, setting] of settings.entries()) {
    progress.report("predicting under each setting", i, settings.length);
    const key = { cell: "leakage accuracy", data: heart.digest, seed, setting };
    const shares = await cells.get(key, cellSchema, () =>
      predict(population, heart, setting, seed),
    );
    predictions.push({ name: setting.name, shares });
  }
  const [pooled] = groupsOf(heart.test, heart.centres);
  if (!pooled) throw new Error("there are no test rows");
  const scored = ASKED.map((asked, i) => {
    const random = seededRandom(`leakage accuracy ${seed} ${asked}`);
    const methods = predictions.map(({ name, shares }) => ({ name, seeds: [shares[i] ?? []] }));
    return { asked, scores: scoreGroup(heart.test, pooled, methods, random) };
  });
  return {
    figures: scored.map(({ asked, scores }) => ({ asked, settings: Object.fromEntries(scores) })),
    tables: scored.map(({ asked, scores }) => ({
      title: `Heart disease, ${pooled.rows.length} test rows, ${asked} of 4 origins asked: what a setting costs`,
      headers: [
        "setting",
        "accuracy",
        "balanced accuracy",
        "accuracy lost",
        "balanced accuracy lost",
      ],
      rows: [...scores].map(([name, { accuracy, balancedAccuracy }]) => [
        name,
        withInterval({ value: accuracy.value, ...accuracy.interval }),
        withInterval({ value: balancedAccuracy.value, ...balancedAccuracy.interval }),
        withInterval(accuracy.behindReference),
        withInterval(balancedAccuracy.behindReference),
      ]),
      notes: ["Lost: beside single records, paired over test rows."],
    })),
    plots: [],
  };
}

async function predict(
  population: Population,
  heart: HeartRows,
  setting: PrivacySetting,
  seed: string,
): Promise<number[][]> {
  const { compiled, entries } = await setScene(population, setting, seed);
  const byOrigin = Map.groupBy(entries, ({ origin }) => origin);
  const origins = new Map<string, AttackedOrigin>();
  try {
    for (const centre of byOrigin.keys()) {
      const people = heart.raw.train
        .filter((row) => row.centre === centre)
        .map(({ profile, disease }) => ({ profile, disease: disease === 1 }));
      origins.set(
        centre,
        await openOrigin(people, { ...setting.policy, queriesPerDay: 1_000_000 }),
      );
    }
    const shares: number[][] = ASKED.map(() => []);
    for (const row of heart.raw.test) {
      const order = rankOrigins(compiled, byOrigin, row);
      for (const [i, asked] of ASKED.entries()) {
        const votes: Vote[] = [];
        for (const centre of order.slice(0, asked)) {
          votes.push(...(await votesOf(origins.get(centre), row, compiled)));
        }
        shares[i]?.push(shareOf(votes));
      }
    }
    return shares;
  } finally {
    for (const origin of origins.values()) await origin.close();
  }
}

/** By the best estimate of their entries. */
function rankOrigins(
  compiled: CompiledDomain,
  byOrigin: ReadonlyMap<string, readonly Entry[]>,
  { profile }: HeartRow,
): string[] {
  const signature = signatureOf(compiled, encodeKnown(compiled, profile));
  return [...byOrigin]
    .map(([origin, entries]) => ({
      origin,
      best: Math.max(...entries.map((e) => estimate(compiled.plan, signature, e.signature))),
    }))
    .toSorted((a, b) => b.best - a.best)
    .map(({ origin }) => origin);
}

interface Vote {
  readonly weight: number;
  readonly disease: boolean;
  readonly isSingle: boolean;
}

async function votesOf(
  origin: AttackedOrigin | undefined,
  { profile }: HeartRow,
  { domain }: CompiledDomain,
): Promise<Vote[]> {
  const answer = await origin?.ask({ profile, k: K });
  const [field] = domain.result;
  if (!answer || !field) return [];
  const cells = answer.aggregate?.cells ?? [];
  return [
    ...answer.results.map(({ score, result }) => ({
      weight: score,
      disease: result["disease"] === true,
      isSingle: true,
    })),
    ...cells.flatMap((cell) =>
      valuesOfCell(cell, field).map((value) => ({
        weight: cell.similarity,
        disease: value === true,
        isSingle: false,
      })),
    ),
  ];
}

/** The ten most similar single outcomes, and all that cells count for. One half where there is nothing. */
function shareOf(votes: readonly Vote[]): number {
  const single = votes
    .filter(({ isSingle }) => isSingle)
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, K);
  const counted = [...single, ...votes.filter(({ isSingle }) => !isSingle)];
  const total = counted.reduce((sum, { weight }) => sum + weight, 0);
  const ill = counted.reduce((sum, { weight, disease }) => sum + (disease ? weight : 0), 0);
  return total === 0 ? 0.5 : ill / total;
}

function withInterval({
  value,
  low,
  high,
}: {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
