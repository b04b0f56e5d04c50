/** `npm run bench -- recall`: whether the right origins are found, and at what cost, beside every alternative. */
import type { Bench } from "../suite/bench.ts";
import { goalTable } from "./goals.ts";
import { readHeartCases } from "./heart.ts";
import { measureCollection, reportOn } from "./measure.ts";
import { readRareDiseaseCases, type Dealing } from "./rare-disease.ts";
import { CENTRAL_HNSW } from "./routers/hnsw.ts";
import { makeVectorCases } from "./vectors.ts";

const FIRST_DESIGN = {
  name: "mesh, 128 symbols, 24 trees, 400 candidates",
  settings: { symbols: 128, trees: 24, branches: 1, candidates: 400 },
};
const BAND_DEPTH = 2;
const HEART_DEALT_TO = 100;

export const recallBench: Bench = {
  name: "recall",
  description:
    "Find the origins of the nearest outcomes: recall and cost of the mesh's routing beside broadcast, chance, central indices, other signatures, exact-match buckets, summaries and an oracle, on the same queries.",
  parts: {
    "rare-disease": (context) => rareDisease(context, { name: "publications" }, 0.985, true),
    spread: (context) => rareDisease(context, { name: "spread", organisations: 1000 }, 0.97, false),
    heart: async (context) => {
      const { data, seed } = context;
      const collections = [
        await readHeartCases(data, seed),
        await readHeartCases(data, seed, HEART_DEALT_TO),
      ];
      const measured = [];
      for (const collection of collections) {
        const options = { variants: [], bandDepth: BAND_DEPTH };
        measured.push(await measureCollection(context, collection, options));
      }
      return reportOn(measured);
    },
    vectors: async (context) => {
      const collection = makeVectorCases(context.seed);
      const measured = await measureCollection(context, collection, {
        variants: [{ name: "mesh, 512 symbols", settings: { symbols: 512 } }],
        // A root has four symbols at most, and of signs that is a sixteenth of everything: no band to speak of.
        others: [CENTRAL_HNSW],
      });
      return reportOn([measured]);
    },
  },
};

async function rareDisease(
  context: Parameters<Bench["parts"][string]>[0],
  dealing: Dealing,
  recallGoal: number,
  hasStopGoal: boolean,
) {
  const collection = await readRareDiseaseCases(context.data, context.seed, dealing);
  const measured = await measureCollection(context, collection, {
    variants: [FIRST_DESIGN],
    bandDepth: BAND_DEPTH,
  });
  return reportOn([measured], [goalTable(measured, recallGoal, hasStopGoal)]);
}
