/** How many entries an attacker that cannot compute signatures has to see before their frequencies tell anything. */
import { z } from "zod";
import { attackByFrequency } from "./behind-entry.ts";
import { learnFromDump, type Knowledge } from "./knowledge.ts";
import { advantageSchema, type AdvantageFigures, type Ground } from "./measure.ts";
import { setScene } from "./scene.ts";
import type { PrivacySetting } from "../../client/cli/calibrate/privacy/index.ts";
import type { SymbolReader } from "./frequency.ts";

export const SEEN = [1, 3, 10, 30, 100] as const;
/** Disjoint samples of so many entries, at most. */
const SAMPLES_MAX = 12;

export const seenSchema = z.array(advantageSchema.extend({ seen: z.number() }));
export type SeenFigures = readonly (AdvantageFigures & { readonly seen: number })[];

/** For each number, as far as there are so many: victims are those behind the entries of the samples. */
export async function attackBySeen(ground: Ground, setting: PrivacySetting): Promise<SeenFigures> {
  const { population, seed, victims, summarize } = ground;
  const { compiled, entries, entryOf, simulated, random } = await setScene(
    population,
    setting,
    seed,
  );
  const { known, targets } = population;
  const knowledge: Knowledge = { compiled, known, targets, random };
  const shuffled = random.sample([...entries], entries.length);
  return SEEN.filter((seen) => seen <= entries.length).map((seen) => {
    const readers = new Map<Uint8Array, SymbolReader | undefined>();
    for (let i = 0; i < SAMPLES_MAX && (i + 1) * seen <= shuffled.length; i++) {
      const sample = shuffled.slice(i * seen, (i + 1) * seen).map(({ signature }) => signature);
      const reader = learnFromDump(knowledge, sample, simulated);
      for (const signature of sample) readers.set(signature, reader);
    }
    const given = victims.map((person) => {
      const signature = entryOf.get(person)?.signature;
      return { person, signature: signature && readers.has(signature) ? signature : undefined };
    });
    const nothing = { classes: [], likeness: [] };
    const scores = attackByFrequency(
      knowledge,
      given,
      simulated,
      (signature) => readers.get(signature)?.(signature) ?? nothing,
    ).map(({ cases, ...score }) => ({
      ...score,
      cases: cases.filter(({ victim }) => given[victim]?.signature !== undefined),
    }));
    return { seen, ...summarize(scores, "victims") };
  });
}
