/** What the configuration says of the link to the own Worker. */
import { z } from "zod";
import { LINK_IN_FLIGHT_MAX } from "../../protocol/index.ts";

export const linkConfigSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe(
      "Let others ask this origin over a connection that it opens to its own Worker, so that no port is open to the outside; an ORIGIN_URL of the Worker takes precedence.",
    ),
  maxInFlight: z
    .int()
    .min(1)
    .max(LINK_IN_FLIGHT_MAX)
    .default(32)
    .describe("How many queries the Worker may give over the link at once; others wait there."),
});
export type LinkConfig = z.infer<typeof linkConfigSchema>;
