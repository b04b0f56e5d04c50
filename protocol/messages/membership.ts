/** What a node is told of its mesh, and says of it. */
import { z } from "zod";
import { domainIdSchema, sealingKeySchema } from "../ids.ts";
import { statementSchema } from "../membership/statements.ts";
import { charterSchema } from "../signed/charter.ts";
import { DESCRIPTOR_MAX_DOMAINS } from "../signed/descriptor.ts";

/** 10,000 members, each with a descriptor and some votes. */
const STATEMENTS_MAX = 65_536;
/** Enough for three replicas of each of a lookup's slots with their votes. */
export const PROVING_STATEMENTS_MAX = 64;

export const membersSchema = z.strictObject({
  charter: charterSchema,
  statements: z.array(statementSchema).max(STATEMENTS_MAX),
});
export type Members = z.infer<typeof membersSchema>;

/** What an operator gives its node at once: a newcomer needs a few, the rest comes by gossip. */
export const givenMembersSchema = membersSchema.extend({
  statements: z.array(statementSchema).max(10_000),
});

/** A newcomer's descriptor, with the votes that admit it. */
export const joinRequestSchema = z.strictObject({
  statements: z.array(statementSchema).min(1).max(PROVING_STATEMENTS_MAX),
});
export type JoinRequest = z.infer<typeof joinRequestSchema>;

/** What the newcomer needs to gossip with the member that took it in. */
export const joinResponseSchema = z.strictObject({
  charter: charterSchema,
  statements: z.array(statementSchema).max(PROVING_STATEMENTS_MAX),
});
export type JoinResponse = z.infer<typeof joinResponseSchema>;

/** What the node's origin says of itself. */
export const holdingsSchema = z.strictObject({
  /** In which domains it holds outcomes. */
  domains: z.array(domainIdSchema).max(DESCRIPTOR_MAX_DOMAINS),
  /** To which queries are sealed; none where it takes unsealed ones alone. */
  sealingKey: sealingKeySchema.optional(),
  /** That it is asked over its link: its address is the node's own, unless the operator gives another. */
  linked: z.boolean().default(false),
});
export type HeldDomains = z.infer<typeof holdingsSchema>;
