/** From a ranking to what is known of each intervention. Pure: it runs where the requester is, and sends nothing. */
import {
  compareText,
  valuesSchema,
  type Domain,
  type OriginReport,
  type RankedResult,
  type Value,
  type ValueField,
} from "../../protocol/index.ts";
import { valuesOfCell } from "./aggregates.ts";
import { estimateOf, methodOf, pooledEstimate } from "./estimate.ts";
import { effectiveSize } from "./intervals.ts";
import {
  LEVEL,
  type InterventionSynthesis,
  type OriginEstimate,
  type Synthesis,
} from "./schema.ts";

/** An outcome with the two values that matter here; undefined where the domain does not allow what it has. */
interface Outcome {
  readonly node: string;
  readonly organisation: string;
  readonly reference: string;
  readonly weight: number;
  readonly intervention: Value | undefined;
  readonly value: Value | undefined;
}
type Supporting = Outcome & { readonly value: Value };

/**
 * Summarises a ranking per intervention: support, origins, the similarity-weighted estimate of the domain's first
 * result field with a 95 % interval, and each origin's own estimate. The order of the ranking does not matter.
 * `origins` bring the aggregates of those whose policy gives no single results: see aggregates.ts for what they count.
 *
 * @example
 * const { ranking, origins } = await client.query({ domain, profile, k: 50 }).response();
 * const { interventions } = synthesize(ranking, await client.domain(domain), origins);
 */
export function synthesize(
  ranking: readonly RankedResult[],
  domain: Domain,
  origins: readonly OriginReport[] = [],
): Synthesis {
  const [intervention] = domain.intervention;
  const [result] = domain.result;
  if (!intervention || !result) throw new TypeError("a domain has an intervention and a result");
  const readIntervention = readerOf(intervention);
  const readResult = readerOf(result);
  const single = ranking.map((ranked) => ({
    node: ranked.node,
    organisation: ranked.organisation,
    reference: ranked.reference,
    weight: ranked.score,
    intervention: readIntervention(ranked.intervention),
    value: readResult(ranked.result),
  }));
  const aggregated = origins.flatMap(({ node, organisation, aggregate }) =>
    (aggregate?.cells ?? []).flatMap((cell, i) =>
      valuesOfCell(cell, result).map((value, j) => ({
        node,
        organisation,
        reference: `${i}/${j}`,
        weight: cell.similarity,
        intervention: readIntervention(cell.intervention),
        value: value === undefined ? undefined : readResult({ [result.name]: value }),
      })),
    ),
  );
  const outcomes = [...single, ...aggregated].toSorted(compareOutcomes);
  const groups = [...Map.groupBy(outcomes, (outcome) => outcome.intervention)];
  return {
    level: LEVEL,
    method: methodOf(result),
    intervention: intervention.name,
    result: {
      name: result.name,
      kind: result.kind,
      ...(result.kind === "numeric" && { unit: result.unit }),
      ...("better" in result && result.better !== undefined && { better: result.better }),
    },
    outcomes: outcomes.length,
    withoutIntervention: outcomes.filter((outcome) => outcome.intervention === undefined).length,
    interventions: groups
      .flatMap(([name, group]) =>
        name === undefined ? [] : [synthesizeGroup(name, group, result)],
      )
      .toSorted((a, b) => compareInterventions(a, b, result)),
  };
}

function synthesizeGroup(
  intervention: Value,
  outcomes: readonly Outcome[],
  field: ValueField,
): InterventionSynthesis {
  const given = outcomes.filter(hasValue);
  const supporting = given.filter(({ weight }) => weight > 0);
  const byOrigin = [...Map.groupBy(supporting, ({ node }) => node).values()]
    .flatMap((sample) => originEstimate(sample, field))
    .toSorted((a, b) => b.support - a.support || compareText(a.node, b.node));
  return {
    intervention,
    support: supporting.length,
    effectiveSize: effectiveSize(supporting),
    missing: outcomes.length - given.length,
    weightless: given.length - supporting.length,
    origins: byOrigin.length,
    estimate: supporting.length > 0 ? pooledEstimate(field, supporting, byOrigin) : null,
    byOrigin,
  };
}

function originEstimate(sample: readonly Supporting[], field: ValueField): OriginEstimate[] {
  return sample.slice(0, 1).map(({ node, organisation }) => ({
    node,
    organisation,
    support: sample.length,
    effectiveSize: effectiveSize(sample),
    estimate: estimateOf(field, sample),
  }));
}

function hasValue(outcome: Outcome): outcome is Supporting {
  return outcome.value !== undefined;
}

/** Reads a field that origins answered; what the domain does not allow is missing. */
function readerOf(
  field: ValueField,
): (values: Readonly<Record<string, Value>>) => Value | undefined {
  const schema = valuesSchema([field]);
  return (values) => {
    if (!Object.hasOwn(values, field.name)) return undefined;
    const parsed = schema.safeParse({ [field.name]: values[field.name] });
    return parsed.success ? parsed.data[field.name] : undefined;
  };
}

/** A total order, so that sums, which round, come out the same for every order of the ranking. */
function compareOutcomes(a: Outcome, b: Outcome): number {
  return (
    b.weight - a.weight ||
    compareText(a.node, b.node) ||
    compareText(a.reference, b.reference) ||
    compareText(String(a.value), String(b.value))
  );
}

function compareInterventions(
  a: InterventionSynthesis,
  b: InterventionSynthesis,
  field: ValueField,
): number {
  return (
    compareNumbers(pessimisticValue(b, field), pessimisticValue(a, field)) ||
    b.support - a.support ||
    compareText(String(a.intervention), String(b.intervention))
  );
}

/**
 * The end of the interval that is worse, as a number of which more is better: what little is known of can not come
 * first by chance. Without an interval it is the worst; without a better direction, all are equal.
 */
function pessimisticValue({ estimate }: InterventionSynthesis, field: ValueField): number {
  if (field.kind === "categorical" || field.better === undefined) return 0;
  if (!estimate || estimate.kind === "categorical" || !estimate.interval) return -Infinity;
  const higherIsBetter = field.better === true || field.better === "higher";
  return higherIsBetter ? estimate.interval.lower : -estimate.interval.upper;
}

/** Not by subtraction: -Infinity less itself is not a number. */
function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
