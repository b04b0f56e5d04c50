/** Query inference: a lookup shows each shard that it asks the query's whole signature, whatever origins publish. */
import { z } from "zod";
import { signatureOf } from "../../protocol/index.ts";
import { seededRandom } from "../../examples/random.ts";
import { attackByFrequency, attackWithFamilies } from "./behind-entry.ts";
import { learnFromDump, type Knowledge } from "./knowledge.ts";
import { advantageSchema, type Ground } from "./measure.ts";
import { compile } from "./people.ts";
import { setScene } from "./scene.ts";
import { SINGLE_RECORDS } from "../../client/cli/calibrate/privacy/index.ts";

export const queriesSchema = z.object({
  /** That the shard has seen. */
  queries: z.number(),
  families: advantageSchema,
  dump: advantageSchema,
});
export type QueryFigures = z.infer<typeof queriesSchema>;

/** Queries of people of whom no origin has a record. */
export async function inferQueries(ground: Ground): Promise<QueryFigures> {
  const { population, seed, notHeld, summarize } = ground;
  const compiled = compile(population, population.domain);
  const { known, targets } = population;
  const random = seededRandom(`leakage queries ${seed} ${population.name}`);
  const knowledge: Knowledge = { compiled, known, targets, random };
  const { simulated } = await setScene(population, SINGLE_RECORDS, seed);
  const asked = notHeld.map((person) => ({
    person,
    signature: signatureOf(compiled, person.profile),
  }));
  const seen = asked.map(({ signature }) => signature);
  const reader = learnFromDump(knowledge, seen, simulated);
  return {
    queries: seen.length,
    families: summarize(attackWithFamilies(knowledge, asked, simulated), "notHeld"),
    dump: summarize(attackByFrequency(knowledge, asked, simulated, reader), "notHeld"),
  };
}
