/** SQL of cohorts: which records are answered together, and as what. */
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { aggregateCellSchema, canonicalBytes } from "../../protocol/index.ts";
import type { FreeRecord, NewCohort } from "../policy/cohorts/form.ts";
import type { StoredCell } from "../policy/cohorts/cell.ts";
import { readRow } from "./database.ts";

/** Held in memory at once while cohorts are formed: 100 MB. The others' turn comes with the next pass. */
const FREE_MAX = 100_000;

const json = z.string().transform((text): unknown => JSON.parse(text));
const profileSchema = json.pipe(z.record(z.string(), z.unknown()));
const valuesSchema = json.pipe(
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
);

const cohortSchema = z.object({
  number: z.int(),
  centre: profileSchema,
  cell: json.pipe(aggregateCellSchema.omit({ similarity: true })),
});
export interface StoredCohort {
  readonly number: number;
  readonly centre: Readonly<Record<string, unknown>>;
  readonly cell: StoredCell;
}

const freeSchema = z.object({
  number: z.int(),
  seq: z.int(),
  reference: z.string(),
  group: z
    .string()
    .nullable()
    .transform((text) => text ?? undefined),
  profile: profileSchema,
  intervention: valuesSchema,
  result: valuesSchema,
});

const memberSchema = z.object({ number: z.int(), entry: z.int() });
export type CohortMember = z.infer<typeof memberSchema>;

export function cohortTable(db: DatabaseSync) {
  const list = db.prepare(
    "SELECT number, centre, cell FROM cohorts WHERE domain = ? ORDER BY number",
  );
  const free = db.prepare(
    `SELECT number, seq, reference, grp AS "group", profile, intervention, result
     FROM records WHERE domain = ? AND cohort IS NULL ORDER BY reference LIMIT ${FREE_MAX}`,
  );
  const countFree = db.prepare(
    "SELECT count(*) AS n FROM records WHERE domain = ? AND cohort IS NULL",
  );
  const isFree = db.prepare(
    "SELECT number, entry FROM records WHERE number = ? AND seq = ? AND cohort IS NULL",
  );
  const add = db.prepare(
    "INSERT INTO cohorts (domain, centre, cell) VALUES (?, ?, ?) RETURNING number",
  );
  const join = db.prepare("UPDATE records SET cohort = ?, entry = ? WHERE number = ?");
  const of = db.prepare("SELECT cohort FROM records WHERE number = ?");
  const members = db.prepare("SELECT number, entry FROM records WHERE domain = ? AND cohort = ?");
  const drop = db.prepare("DELETE FROM cohorts WHERE number = ?");

  return {
    list: (domain: number): StoredCohort[] =>
      list.all(domain).map((row) => cohortSchema.parse(row)),
    /** Records that wait for a cohort, in an order that says nothing of them. */
    free: (domain: number): FreeRecord[] => free.all(domain).map((row) => freeSchema.parse(row)),
    countFree: (domain: number): number => Number(countFree.get(domain)?.["n"]),
    /** The record, if it still is as it was and waits for a cohort. */
    member: ({ number, seq }: NewCohort["members"][number]): CohortMember | undefined =>
      readRow(memberSchema, isFree.get(number, seq)),
    add: (domain: number, { centre, cell }: NewCohort): number =>
      Number(add.get(domain, textOf(centre), textOf(cell))?.["number"]),
    /** Puts a record into a cohort (null: none) and under an entry. */
    move: (record: number, cohort: number | null, entry: number) => join.run(cohort, entry, record),
    of: (record: number): number | undefined => {
      const cohort = of.get(record)?.["cohort"];
      return typeof cohort === "number" ? cohort : undefined;
    },
    members: (domain: number, cohort: number): CohortMember[] =>
      members.all(domain, cohort).map((row) => memberSchema.parse(row)),
    drop: (cohort: number) => drop.run(cohort),
  };
}

function textOf(value: unknown): string {
  return new TextDecoder().decode(canonicalBytes(value));
}
