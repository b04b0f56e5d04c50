/**
 * UCI Heart Disease at four hospitals, the split of FLamby's Fed-Heart-Disease (CC BY 4.0). A training row is an
 * outcome record of its centre; a test row is a query of its centre. Weights, tolerances and k were fixed
 * before any test row was looked at.
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { domainSchema, type Domain } from "../protocol/index.ts";
import type { Example } from "./example.ts";

const rowSchema = z.object({
  centre: z.string(),
  split: z.enum(["train", "test"]),
  profile: z.record(z.string(), z.number()),
  disease: z.union([z.literal(0), z.literal(1)]),
});
export type HeartRow = z.infer<typeof rowSchema>;

export interface HeartDisease extends Example {
  readonly rows: readonly HeartRow[];
}

export const heartDiseaseDomain: Domain = domainSchema.parse({
  outcomeMesh: 1,
  name: "heart-disease",
  title: "Heart disease: ten findings before angiography",
  features: [
    { name: "age", kind: "numeric", weight: 1, unit: "a", tolerance: 25 },
    { name: "sex", kind: "category", weight: 1 },
    { name: "chestPain", kind: "category", weight: 1 },
    { name: "restingBloodPressure", kind: "numeric", weight: 1, unit: "mm[Hg]", tolerance: 50 },
    { name: "cholesterol", kind: "numeric", weight: 1, unit: "mg/dL", tolerance: 150 },
    { name: "fastingBloodSugar", kind: "category", weight: 1 },
    { name: "restingEcg", kind: "category", weight: 1 },
    { name: "maxHeartRate", kind: "numeric", weight: 1, unit: "/min", tolerance: 60 },
    { name: "exerciseAngina", kind: "category", weight: 1 },
    { name: "stDepression", kind: "numeric", weight: 1, unit: "mm", tolerance: 2.5 },
  ],
  intervention: [{ name: "procedure", kind: "categorical", values: ["angiography"] }],
  result: [{ name: "disease", kind: "binary", better: false }],
  signature: { symbols: 128, trees: 24, rootDepth: 1, candidates: 200 },
});

export async function readHeartDisease(file: string): Promise<HeartDisease> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
  const rows = lines.map((line) => rowSchema.parse(JSON.parse(line)));
  const centres = [...new Set(rows.map((row) => row.centre))];
  return {
    name: "heart-disease",
    origin: "UCI Heart Disease, four hospitals, the FLamby train and test split (CC BY 4.0)",
    domain: heartDiseaseDomain,
    ontologies: [],
    rows,
    organisations: centres.map((centre) => ({
      slug: centre,
      name: `${centre.charAt(0).toUpperCase()}${centre.slice(1)}`,
      records: rows
        .map((row, i) => ({ row, i }))
        .filter(({ row }) => row.centre === centre && row.split === "train")
        .map(({ row, i }) => ({
          id: `${centre}-${i}`,
          profile: row.profile,
          intervention: { procedure: "angiography" },
          result: { disease: row.disease === 1 },
        })),
    })),
    queries: rows
      .filter((row) => row.split === "test")
      .map((row) => ({ slug: row.centre, title: "a test row", profile: row.profile })),
  };
}
