/** The rare-disease example: recall of the mesh against exact search over all patients. */
import { z } from "zod";
import { recallAt } from "../../../examples/evaluation.ts";
import type { Example, ExampleQuery } from "../../../examples/example.ts";
import {
  encodeProfile,
  profileSchema,
  similarity,
  type CompiledDomain,
  type EncodedProfile,
} from "../../../protocol/index.ts";
import { costReport, runQueries, type AnsweredQuery } from "./run-queries.ts";
import type { RunningExample } from "./start-example.ts";

const K = 10;
/** The most origins that a query may ask, of however many there are. */
const ORIGIN_CAP = 32;

export async function runRareDisease(
  example: Example,
  running: RunningExample,
  onAnswer: (done: number) => void,
) {
  const patients = readPatients(example, running.compiled);
  const truths = example.queries.map((query) => exactScores(query, patients, running.compiled));
  const cap = Math.min(ORIGIN_CAP, example.organisations.length);
  const capped = await runQueries(running, example.queries, { k: K, maxOrigins: cap }, onAnswer);
  const all = await runQueries(
    running,
    example.queries,
    { k: K, maxOrigins: example.organisations.length, exhaustive: true, deadlineMs: 60_000 },
    (done) => onAnswer(capped.length + done),
  );
  return {
    ...costReport(example, running.totals, capped),
    k: K,
    originCap: cap,
    recallAt10: { capped: meanRecall(capped, truths), all: meanRecall(all, truths) },
    withoutCap: costReport(example, running.totals, all),
  };
}
export type RareDiseaseReport = Awaited<ReturnType<typeof runRareDisease>>;

interface Patient {
  readonly group: string;
  readonly profile: EncodedProfile;
}

const recordSchema = z.object({ group: z.string(), profile: profileSchema });

function readPatients(example: Example, compiled: CompiledDomain): Patient[] {
  return example.organisations.flatMap(({ records }) =>
    records.map((raw) => {
      const { group, profile } = recordSchema.parse(raw);
      return { group, profile: encode(profile, compiled) };
    }),
  );
}

/** Exact similarity to every patient of another publication. */
function exactScores(
  query: ExampleQuery,
  patients: readonly Patient[],
  compiled: CompiledDomain,
): number[] {
  const profile = encode(query.profile, compiled);
  return patients
    .filter(({ group }) => !query.excludeGroups?.includes(group))
    .map((patient) => similarity(compiled, profile, patient.profile).score);
}

function meanRecall(
  answers: readonly AnsweredQuery[],
  truths: readonly (readonly number[])[],
): number {
  const recalls = answers.map(({ response }, i) => {
    const scores = response.ranking.map(({ score }) => score);
    return recallAt(K, scores, truths[i] ?? []);
  });
  return recalls.reduce((a, b) => a + b, 0) / Math.max(1, recalls.length);
}

function encode(profile: z.infer<typeof profileSchema>, compiled: CompiledDomain): EncodedProfile {
  const encoded = encodeProfile(compiled, profile);
  if (!encoded.ok) throw new Error("a patient does not fit the domain");
  return encoded.value.values;
}
