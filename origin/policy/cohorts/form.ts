/** From records that are in no cohort to new cohorts: by intervention, then by similarity. */
import {
  canonicalBytes,
  encodeKnown,
  signatureOf,
  typicalProfile,
  type CompiledDomain,
  type Profile,
  type Value,
} from "../../../protocol/index.ts";
import { coarsenValues, type CategoryCount } from "../coarsen.ts";
import type { DomainPolicy } from "../domain-policy.ts";
import { cellOf, type StoredCell } from "./cell.ts";
import { partition } from "./partition.ts";

/** A record that waits for a cohort. */
export interface FreeRecord {
  readonly number: number;
  /** Of its last change: a cohort that was formed of an older state is not stored. */
  readonly seq: number;
  /** Meaningless outside. */
  readonly reference: string;
  readonly group: string | undefined;
  readonly profile: Profile;
  readonly intervention: Readonly<Record<string, Value>>;
  readonly result: Readonly<Record<string, Value>>;
}

export interface NewCohort {
  readonly cell: StoredCell;
  /** Typical of its members. */
  readonly centre: Profile;
  /** Of the centre. */
  readonly signature: Uint8Array;
  readonly members: readonly Pick<FreeRecord, "number" | "seq">[];
}

/** Where an intervention has cohorts already, new ones wait for this many times the minimum: they are more alike then. */
const PATIENCE = 4;

export interface FormOptions {
  readonly policy: DomainPolicy;
  readonly countOf: { readonly intervention: CategoryCount; readonly result: CategoryCount };
  /** Interventions that have cohorts already, as `stratumOf` names them. */
  readonly known: ReadonlySet<string>;
  /** Lets others run. */
  readonly pause: () => Promise<void>;
}

/** The coarse intervention that all of a cohort's records have. */
export function stratumOf(intervention: Readonly<Record<string, Value>>): string {
  return new TextDecoder().decode(canonicalBytes(intervention));
}

export async function formCohorts(
  compiled: CompiledDomain,
  free: readonly FreeRecord[],
  { policy, countOf, known, pause }: FormOptions,
): Promise<NewCohort[]> {
  const { intervention: done, result: ended } = compiled.domain;
  const { fields, minimumGroupSize: size } = policy;
  const told = free.map((record) => ({
    record,
    profile: encodeKnown(compiled, record.profile),
    intervention: coarsenValues(
      fields.intervention,
      done.slice(0, 1),
      record.intervention,
      countOf.intervention,
    ),
    result: coarsenValues(fields.result, ended.slice(0, 1), record.result, countOf.result),
  }));
  const cohorts: NewCohort[] = [];
  for (const [stratum, members] of Map.groupBy(told, (each) => stratumOf(each.intervention))) {
    const individuals = [...Map.groupBy(members, ({ record }) => individualOf(record))].flatMap(
      ([, records]) => {
        const [first] = records;
        return first ? [{ key: first.record.reference, profile: first.profile, records }] : [];
      },
    );
    if (individuals.length < size * (known.has(stratum) ? PATIENCE : 1)) continue;
    for (const leaf of await partition(compiled, individuals, size, pause)) {
      const records = leaf.flatMap((individual) => individual.records);
      const [field] = ended;
      const [sample] = records;
      if (!field || !sample) continue;
      // An individual counts once, by its latest record.
      const results = leaf.flatMap(
        (individual) => individual.records.at(-1)?.result[field.name] ?? [],
      );
      const centre = typicalProfile(
        compiled,
        records.map(({ profile }) => profile),
      );
      cohorts.push({
        cell: cellOf(
          sample.intervention,
          { records: records.length, individuals: leaf.length },
          field,
          results,
          size,
        ),
        centre,
        signature: signatureOf(compiled, encodeKnown(compiled, centre)),
        members: records.map(({ record: { number, seq } }) => ({ number, seq })),
      });
    }
  }
  return cohorts;
}

/** Whom a record is of: all records of one group are of one individual. */
function individualOf({ group, reference }: FreeRecord): string {
  return group === undefined ? `r/${reference}` : `g/${group}`;
}
