/** The form of a synthesis: what is known of each intervention's result, from the outcomes of a ranking. */
import { z } from "zod";

/** The confidence level of every interval. */
export const LEVEL = 0.95;

const intervalSchema = z.strictObject({ lower: z.number(), upper: z.number() });
export type Interval = z.infer<typeof intervalSchema>;

const share = z.number().min(0).max(1);

const binarySchema = z.strictObject({
  kind: z.literal("binary"),
  /** The proportion of `true`. */
  value: share,
  interval: intervalSchema,
});
const numericSchema = z.strictObject({
  kind: z.literal("numeric"),
  /** The mean, in the unit of the field. */
  value: z.number(),
  /** Null where the outcomes are too few, or too equal, to say how far the mean may be off. */
  interval: intervalSchema.nullable(),
});
const ordinalSchema = z.strictObject({
  kind: z.literal("ordinal"),
  /** The mean rank; the domain's first level has rank 0. */
  value: z.number().min(0),
  /** Of the mean rank; null for a single outcome. */
  interval: intervalSchema.nullable(),
  /** The level whose rank is nearest. */
  nearest: z.string(),
  /** Every level of the domain, in its order. */
  distribution: z.array(z.strictObject({ level: z.string(), share })),
});
const shareSchema = z.strictObject({ value: z.string(), share, interval: intervalSchema });
const categoricalSchema = z.strictObject({
  kind: z.literal("categorical"),
  /** The values that occur, the most frequent first. */
  shares: z.array(shareSchema),
});

/** The estimate from one sample: an origin's, or all. */
export const estimateSchema = z.discriminatedUnion("kind", [
  binarySchema,
  numericSchema,
  ordinalSchema,
  categoricalSchema,
]);
export type Estimate = z.infer<typeof estimateSchema>;

/** The lowest and the highest of the origins' own estimates. */
const spreadSchema = z.strictObject({ min: z.number(), max: z.number() });
export type Spread = z.infer<typeof spreadSchema>;
const spread = { spread: spreadSchema };

/** The estimate from all origins, with how far they differ. */
const pooledSchema = z.discriminatedUnion("kind", [
  z.strictObject({ ...binarySchema.shape, ...spread }),
  z.strictObject({ ...numericSchema.shape, ...spread }),
  z.strictObject({ ...ordinalSchema.shape, ...spread }),
  z.strictObject({
    ...categoricalSchema.shape,
    shares: z.array(z.strictObject({ ...shareSchema.shape, ...spread })),
  }),
]);
export type PooledEstimate = z.infer<typeof pooledSchema>;

const sample = {
  /** Outcomes that the estimate rests on: their score is above 0, and their result is given. */
  support: z.int().min(0),
  /** Kish's effective sample size: how many equally similar outcomes would say as much. */
  effectiveSize: z.number().min(0),
};

export const originEstimateSchema = z.strictObject({
  node: z.string(),
  organisation: z.string(),
  ...sample,
  estimate: estimateSchema,
});
export type OriginEstimate = z.infer<typeof originEstimateSchema>;

export const interventionSynthesisSchema = z.strictObject({
  /** The value of the domain's first intervention field. */
  intervention: z.union([z.string(), z.number(), z.boolean()]),
  ...sample,
  /** Outcomes without a result that the domain allows. */
  missing: z.int().min(0),
  /** Outcomes with a result, but with a score of 0: they weigh nothing. */
  weightless: z.int().min(0),
  /** Origins that support the estimate. */
  origins: z.int().min(0),
  /** Null without support. */
  estimate: pooledSchema.nullable(),
  /** Each supporting origin on its own, the best supported first. */
  byOrigin: z.array(originEstimateSchema),
});
export type InterventionSynthesis = z.infer<typeof interventionSynthesisSchema>;

export const synthesisSchema = z.strictObject({
  level: z.literal(LEVEL),
  /** How estimates and intervals are computed, with sources. */
  method: z.string(),
  /** The intervention field that outcomes are grouped by. */
  intervention: z.string(),
  /** The result field that is estimated. */
  result: z.strictObject({
    name: z.string(),
    kind: z.enum(["binary", "numeric", "ordinal", "categorical"]),
    unit: z.string().optional(),
    better: z.union([z.boolean(), z.enum(["higher", "lower"])]).optional(),
  }),
  /** All outcomes of the ranking. */
  outcomes: z.int().min(0),
  /** Outcomes without an intervention that the domain allows: they are in no group. */
  withoutIntervention: z.int().min(0),
  /** Those that are best at the pessimistic end of their interval first; then by support, then by name. */
  interventions: z.array(interventionSynthesisSchema),
});
export type Synthesis = z.infer<typeof synthesisSchema>;
