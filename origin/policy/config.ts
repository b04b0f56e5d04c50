/** The policy as an administrator writes it: defaults for every domain, and what differs in single domains. */
import { z } from "zod";
import { purposeSchema } from "../../protocol/index.ts";

/** A median of sound cell-size rules (10 to 30): see docs/decisions/0015 for what was measured. */
const GROUP_SIZE = 20;
const GROUP_SIZE_MAX = 10_000;

/** A node id, a member's name, or `group:NAME` for one of `memberGroups`. */
const memberSchema = z.string().min(1).max(256);

const ruleSchema = z
  .strictObject({
    effect: z.enum(["allow", "refuse"]).describe("What happens to a query that the rule is about."),
    members: z
      .array(memberSchema)
      .optional()
      .describe("Node ids, names, or group:NAME; every live member where it is absent."),
    purposes: z
      .array(purposeSchema)
      .optional()
      .describe("Purposes that the requester may declare; any, and none, where it is absent."),
  })
  .describe("One rule of who may ask.");
export type Rule = z.infer<typeof ruleSchema>;

const fieldRuleSchema = z
  .strictObject({
    omit: z.literal(true).optional().describe("Leave the field out."),
    bin: z.number().positive().optional().describe("Round numbers to multiples of this."),
    atLeast: z
      .int()
      .min(2)
      .max(GROUP_SIZE_MAX)
      .optional()
      .describe('Replace a category that fewer records have by "other".'),
  })
  .refine((rule) => Object.values(rule).filter((value) => value !== undefined).length === 1, {
    error: "must have one of omit, bin and atLeast",
  });
export type FieldRule = z.infer<typeof fieldRuleSchema>;

const fieldRulesSchema = z.record(z.string(), fieldRuleSchema);

const fieldsSchema = z.strictObject({
  intervention: fieldRulesSchema.default({}).describe("By field of the intervention."),
  result: fieldRulesSchema.default({}).describe("By field of the result."),
  observedAt: z
    .enum(["exact", "month", "year", "omit"])
    .default("exact")
    .describe("How exactly an answer dates a result."),
  breakdown: z
    .boolean()
    .default(true)
    .describe("Tell the similarity of each feature, besides the score."),
  scoreStep: z
    .number()
    .positive()
    .max(1)
    .optional()
    .describe("Round scores to multiples of this. Alone it does not protect: see queryCoarseness."),
  queryCoarseness: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("Compare records with the query's profile on a grid this coarse (0: as it is sent)."),
});
export type AnswerFields = z.infer<typeof fieldsSchema>;

const shape = {
  rules: z
    .array(ruleSchema)
    .describe("Who may ask, and what for: the first rule that fits decides; none fits: refused."),
  minimumGroupSize: z
    .int()
    .min(1)
    .max(GROUP_SIZE_MAX)
    .describe(
      "Whatever is answered describes at least so many individuals together. 1 (for rare diseases) gives single cases.",
    ),
  allowExclusion: z
    .boolean()
    .describe("Answer queries that leave out groups of records; only with single cases."),
  queriesPerDay: z
    .int()
    .min(1)
    .max(100_000_000)
    .describe("Queries of one member, its clients included, that are answered a day (UTC)."),
  fields: fieldsSchema.describe("What answers carry, and how exactly."),
  publish: z.boolean().describe("Let the mesh know that this origin has records of the domain."),
  minimumCount: z
    .int()
    .min(1)
    .max(0xffff_ffff)
    .describe("Let the mesh know of a signature only where at least so many records share it."),
  publishedCoarseness: z
    .number()
    .min(0)
    .max(1)
    .describe(
      "Publish signatures of profiles on a grid this coarse (0: of the profiles themselves).",
    ),
  decoys: z
    .int()
    .min(0)
    .max(100_000)
    .describe("Publish so many signatures behind which there is no record."),
};
const overridesSchema = z
  .strictObject(shape)
  .partial()
  .transform((given): Partial<DomainSettings> =>
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  );

/** Settings of one domain. */
export interface DomainSettings extends z.output<z.ZodObject<typeof shape>> {}

export const policySchema = z
  .strictObject({
    requestsPerMinute: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(600)
      .describe("Queries that one member may send a minute, by itself and its clients together."),
    memberGroups: z
      .record(z.string().regex(/^[a-z0-9-]{1,64}$/), z.array(memberSchema))
      .default({})
      .describe("Named groups of members, for use in rules as group:NAME."),
    rules: shape.rules.default([{ effect: "allow" }]),
    minimumGroupSize: shape.minimumGroupSize.default(GROUP_SIZE),
    allowExclusion: shape.allowExclusion.default(false),
    queriesPerDay: shape.queriesPerDay.default(1000),
    fields: shape.fields.prefault({}),
    publish: shape.publish.default(true),
    minimumCount: shape.minimumCount.default(1),
    publishedCoarseness: shape.publishedCoarseness.default(0),
    decoys: shape.decoys.default(0),
    domains: z
      .record(z.string().min(1), overridesSchema)
      .default({})
      .describe("By a domain's name or id: settings that differ there."),
  })
  .superRefine(checkPolicy);
export type OriginPolicy = z.output<typeof policySchema>;

interface Checked {
  readonly memberGroups: Readonly<Record<string, readonly string[]>>;
  readonly rules: readonly Rule[];
  readonly minimumGroupSize: number;
  readonly allowExclusion: boolean;
  readonly domains: Readonly<Record<string, Partial<DomainSettings>>>;
}

function checkPolicy(policy: Checked, context: z.RefinementCtx): void {
  const issue = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: "custom", path, message });
  const check = (settings: Partial<Checked>, at: readonly string[]): void => {
    const size = settings.minimumGroupSize ?? policy.minimumGroupSize;
    if ((settings.allowExclusion ?? policy.allowExclusion) && size > 1) {
      issue(
        [...at, "allowExclusion"],
        "needs minimumGroupSize 1: two answers would differ by what one group holds",
      );
    }
    for (const [i, { members = [] }] of (settings.rules ?? []).entries()) {
      for (const [j, member] of members.entries()) {
        if (!member.startsWith("group:")) continue;
        if (!Object.hasOwn(policy.memberGroups, member.slice("group:".length))) {
          issue([...at, "rules", i, "members", j], "is not one of memberGroups");
        }
      }
    }
  };
  check(policy, []);
  for (const [name, overrides] of Object.entries(policy.domains)) {
    check(overrides, ["domains", name]);
  }
}
