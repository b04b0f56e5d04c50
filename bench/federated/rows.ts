/**
 * The rows of UCI Heart Disease as FLamby prepares and splits them, in the two forms that are compared: encoded
 * profiles for similarity, and thirteen numbers for a model (FLamby's: chest pain and resting ECG as indicators, the
 * first level of each left out).
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readHeartDisease, type HeartRow } from "../../examples/heart-disease.ts";
import {
  compileDomain,
  encodeProfile,
  similarity,
  type CompiledDomain,
  type EncodedProfile,
  type Profile,
} from "../../protocol/index.ts";
import type { Samples } from "./logistic.ts";

export interface Row {
  readonly centre: string;
  readonly profile: EncodedProfile;
  readonly x: Float64Array;
  readonly y: 0 | 1;
}

export interface HeartRows {
  readonly compiled: CompiledDomain;
  readonly train: readonly Row[];
  readonly test: readonly Row[];
  readonly centres: readonly string[];
  /** SHA-256 of the file: what is computed from it is named by it. */
  readonly digest: string;
  /** Rows before they were encoded, as the two lists above have them. */
  readonly raw: { readonly train: readonly HeartRow[]; readonly test: readonly HeartRow[] };
}

/** Where the file lies below the folder of real data. */
export const HEART_FILE = join("heart-disease", "records.ndjson");

export async function readHeartRows(data: string): Promise<HeartRows> {
  const file = join(data, HEART_FILE);
  const example = await readHeartDisease(file);
  const compiled = compileDomain(example.domain);
  if (!compiled.ok) throw new Error(compiled.error.map(({ message }) => message).join("; "));
  const of = (split: HeartRow["split"]) => example.rows.filter((row) => row.split === split);
  const raw = { train: of("train"), test: of("test") };
  return {
    compiled: compiled.value,
    train: raw.train.map((row) => encodeRow(compiled.value, row)),
    test: raw.test.map((row) => encodeRow(compiled.value, row)),
    centres: example.organisations.map(({ slug }) => slug),
    digest: createHash("sha256")
      .update(await readFile(file))
      .digest("base64url"),
    raw,
  };
}

const numbersSchema = z.object({
  age: z.number(),
  sex: z.number(),
  chestPain: z.number(),
  restingBloodPressure: z.number(),
  cholesterol: z.number(),
  fastingBloodSugar: z.number(),
  restingEcg: z.number(),
  maxHeartRate: z.number(),
  exerciseAngina: z.number(),
  stDepression: z.number(),
});

/** `profile` may differ from the row's own where a value is to count as missing in similarity. */
export function encodeRow(
  compiled: CompiledDomain,
  row: HeartRow,
  profile: Profile = row.profile,
): Row {
  const encoded = encodeProfile(compiled, profile);
  if (!encoded.ok) throw new Error("a row does not fit the domain");
  const { chestPain, restingEcg, ...rest } = numbersSchema.parse(row.profile);
  const levels = [2, 3, 4].map((level) => Number(chestPain === level));
  const ecg = [1, 2].map((level) => Number(restingEcg === level));
  return {
    centre: row.centre,
    profile: encoded.value.values,
    x: Float64Array.from([...Object.values(rest), ...levels, ...ecg]),
    y: row.disease,
  };
}

/** What is to be learnt, and on what it is tried. */
export interface Task {
  readonly compiled: CompiledDomain;
  readonly train: readonly Row[];
  readonly test: readonly Row[];
  readonly centres: readonly string[];
  /** Exact similarity of each test row to each training row; computed when first asked for. */
  readonly similarities: () => readonly Float64Array[];
}

export function makeTask({ compiled, train, test, centres }: Omit<Task, "similarities">): Task {
  let computed: Float64Array[] | undefined;
  const similarities = (): Float64Array[] =>
    (computed ??= test.map((query) =>
      Float64Array.from(
        train,
        (record) => similarity(compiled, query.profile, record.profile).score,
      ),
    ));
  return { compiled, train, test, centres, similarities };
}

export type Scaling = (x: Float64Array) => Float64Array;

/** To mean 0 and deviation 1 in `rows`; a feature that is constant there becomes 0, as in FLamby. */
export function scalingOf(rows: readonly Row[]): Scaling {
  const size = rows[0]?.x.length ?? 0;
  const means = Float64Array.from({ length: size }, (_, i) => meanOf(rows, (x) => x[i] ?? 0));
  const deviations = means.map((centre, i) =>
    Math.sqrt(
      (meanOf(rows, (x) => ((x[i] ?? 0) - centre) ** 2) * rows.length) /
        Math.max(1, rows.length - 1),
    ),
  );
  return (x) => x.map((value, i) => (value - (means[i] ?? 0)) / ((deviations[i] ?? 0) + 1e-9));
}

function meanOf(rows: readonly Row[], of: (x: Float64Array) => number): number {
  return rows.reduce((sum, { x }) => sum + of(x), 0) / rows.length;
}

export function samplesOf(rows: readonly Row[], scaling: Scaling): Samples {
  return { x: rows.map(({ x }) => scaling(x)), y: rows.map(({ y }) => y) };
}
