/** The heart-disease example: every test row asked through the mesh, and what that predicts beside baselines. */
import {
  accuracy,
  balancedAccuracy,
  weightedVote,
  type Prediction,
} from "../../../examples/evaluation.ts";
import type { HeartDisease, HeartRow } from "../../../examples/heart-disease.ts";
import {
  encodeProfile,
  similarity,
  type CompiledDomain,
  type EncodedProfile,
} from "../../../protocol/index.ts";
import { costReport, runQueries } from "./run-queries.ts";
import type { RunningExample } from "./start-example.ts";

/** Fixed, with weights and tolerances, before the test rows were looked at. */
const K = 10;

interface Measures {
  readonly accuracy: number;
  readonly balancedAccuracy: number;
}

export async function runHeartDisease(
  example: HeartDisease,
  running: RunningExample,
  onAnswer: (done: number) => void,
) {
  const tests = example.rows.filter((row) => row.split === "test");
  const answers = await runQueries(running, example.queries, { k: K }, onAnswer);
  const ours = answers.map(({ response }, i): Prediction => ({
    truth: tests[i]?.disease === 1,
    predicted: weightedVote(
      response.ranking.map(({ score, result }) => ({ score, result: result["disease"] === true })),
    ),
  }));
  const ownCentre = tests.map((row) => predictFromOwnCentre(row, example.rows, running.compiled));
  const majority = tests.map((row) => predictMajority(row, example.rows));
  const centres = example.organisations.map(({ slug }) => slug);
  const byCentre = (of: (measures: Measures) => number, predictions: readonly Prediction[]) =>
    Object.fromEntries(
      centres.map((centre) => {
        const rows = predictions.filter((_, i) => tests[i]?.centre === centre);
        return [centre, of(measure(rows))] as const;
      }),
    );
  const table = (predictions: readonly Prediction[]) => ({
    accuracy: {
      pooled: accuracy(predictions),
      byCentre: byCentre((m) => m.accuracy, predictions),
    },
    balancedAccuracy: {
      pooled: balancedAccuracy(predictions),
      byCentre: byCentre((m) => m.balancedAccuracy, predictions),
    },
  });
  return {
    ...costReport(example, running.totals, answers),
    k: K,
    ...table(ours),
    baselines: { ownCentre: table(ownCentre), majority: table(majority) },
    published: { fedAvg: 0.748, bestFederated: 0.779, centralised: 0.795 },
  };
}
export type HeartDiseaseReport = Awaited<ReturnType<typeof runHeartDisease>>;

function measure(predictions: readonly Prediction[]): Measures {
  return {
    accuracy: accuracy(predictions),
    balancedAccuracy: balancedAccuracy(predictions),
  };
}

/** The nearest outcomes of the centre's own training rows alone. */
function predictFromOwnCentre(
  row: HeartRow,
  rows: readonly HeartRow[],
  compiled: CompiledDomain,
): Prediction {
  const query = encode(row, compiled);
  const nearest = rows
    .filter(({ centre, split }) => centre === row.centre && split === "train")
    .map((other) => ({
      score: similarity(compiled, query, encode(other, compiled)).score,
      result: other.disease === 1,
    }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, K);
  return { truth: row.disease === 1, predicted: weightedVote(nearest) };
}

/** What most of the centre's own training rows are. */
function predictMajority(row: HeartRow, rows: readonly HeartRow[]): Prediction {
  const own = rows.filter(({ centre, split }) => centre === row.centre && split === "train");
  const diseased = own.filter(({ disease }) => disease === 1).length;
  return { truth: row.disease === 1, predicted: 2 * diseased >= own.length };
}

function encode(row: HeartRow, compiled: CompiledDomain): EncodedProfile {
  const encoded = encodeProfile(compiled, row.profile);
  if (!encoded.ok) throw new Error("a row does not fit the domain");
  return encoded.value.values;
}
