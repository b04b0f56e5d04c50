/** The product's own rule for when to stop asking, against exact ranking at each origin. */
import { z } from "zod";
import { recallAt } from "../../examples/evaluation.ts";
import { seededRandom } from "../../examples/random.ts";
import {
  CONNECTIONS_MAX,
  askOrigins,
  estimateDeviation,
  rankResults,
  type AskedOrigin,
  type OriginCandidate,
} from "../../protocol/index.ts";
import { rankOutcomes } from "../routing/origin-exchange.ts";
import type { RoutedMesh } from "../routing/routed-mesh.ts";
import type { BenchContext } from "../suite/bench.ts";
import { mean } from "../suite/bootstrap.ts";
import {
  isHidden,
  recordsByOrganisation,
  signCollection,
  type Collection,
  type SignatureSettings,
} from "./collection.ts";
import { estimateMean, type Estimate } from "./evaluate.ts";
import { openMesh } from "./routers/mesh.ts";
import { K, type Truth } from "./truth.ts";

/** Origins that may be asked where the rule does not stop before. */
export const MOST_ORIGINS = [24, 64] as const;

const stoppedSchema = z.object({ recall: z.number(), asked: z.number(), lookups: z.number() });
type Stopped = z.infer<typeof stoppedSchema>;

export interface StopFigures {
  readonly mesh: string;
  readonly mostOrigins: number;
  readonly recall10: Estimate;
  /** Share of queries whose whole answer was found. */
  readonly complete: number;
  readonly asked: Estimate;
  readonly askedBy95: number;
  readonly lookups: number;
}

export interface StoppingMesh {
  readonly name: string;
  readonly settings: Partial<SignatureSettings>;
}

export async function evaluateStop(
  { cells, seed, progress }: BenchContext,
  collection: Collection,
  truths: readonly Truth[],
  { name, settings }: StoppingMesh,
  mostOrigins: number,
): Promise<StopFigures> {
  const key = { cell: "stop", collection: collection.key, seed, settings, mostOrigins };
  const stopped = await cells.get(key, z.array(stoppedSchema), async () => {
    const mesh = openMesh(collection, signCollection(collection, settings));
    const lists = recordsByOrganisation(collection);
    const random = seededRandom(JSON.stringify(key));
    const all: Stopped[] = [];
    for (const [i, truth] of truths.entries()) {
      progress.report(`${collection.name}: stop rule, ${name}`, i + 1, truths.length);
      all.push(
        await askUntilStopped({
          collection,
          settings,
          mesh,
          lists,
          query: i,
          truth,
          mostOrigins,
          random: () => random.unit(),
        }),
      );
    }
    return all;
  });
  const asked = stopped.map((each) => each.asked);
  return {
    mesh: name,
    mostOrigins,
    recall10: estimateMean(
      stopped.map(({ recall }) => recall),
      `stop ${seed}`,
    ),
    complete: mean(stopped.map(({ recall }) => (recall === 1 ? 1 : 0))),
    asked: estimateMean(asked, `stop ${seed}`),
    askedBy95: asked.toSorted((a, b) => a - b)[Math.ceil(0.95 * asked.length) - 1] ?? 0,
    lookups: mean(stopped.map(({ lookups }) => lookups)),
  };
}

interface StopQuery {
  readonly collection: Collection;
  readonly settings: Partial<SignatureSettings>;
  readonly mesh: RoutedMesh;
  readonly lists: readonly (readonly number[])[];
  readonly query: number;
  readonly truth: Truth;
  readonly mostOrigins: number;
  readonly random: () => number;
}

async function askUntilStopped(options: StopQuery): Promise<Stopped> {
  const { collection, settings, mesh, lists, truth, mostOrigins, random } = options;
  const query = collection.queries[options.query];
  const { compiled, queries } = signCollection(collection, settings);
  const signature = queries[options.query];
  if (!query || !signature) throw new RangeError("there is no such query");
  const { origins, cost } = await mesh.route(signature, {
    asker: query.organisation,
    limit: mostOrigins,
    hidden: query.group,
    random,
  });
  const candidates = origins.flatMap(({ organisation, estimate }) => {
    const node = mesh.nodes[organisation];
    return node === undefined ? [] : [{ node, organisation: String(organisation), estimate }];
  });
  const asking = askOrigins<OriginCandidate>(candidates, {
    k: K,
    maxOrigins: mostOrigins,
    exhaustive: false,
    concurrency: CONNECTIONS_MAX,
    deviation: (score) => estimateDeviation(compiled.plan, signature, score),
    now: () => 0,
    ask: async ({ organisation }) => {
      const own = (lists[Number(organisation)] ?? []).flatMap((i) => collection.records[i] ?? []);
      const outcomes = own.filter((record) => !isHidden(query, record));
      return {
        status: "answered",
        results: rankOutcomes({ ...query, compiled, k: K }, outcomes),
        warnings: [],
        bytesSent: 0,
        bytesReceived: 0,
      };
    },
  });
  const answered = await lastOf(asking);
  const scores = rankResults(answered, K).map(({ score }) => score);
  return {
    recall: recallAt(
      K,
      scores,
      truth.hits.map(({ score }) => score),
    ),
    asked: answered.filter(({ report }) => report.status === "answered").length,
    lookups: cost.lookupRequests,
  };
}

async function lastOf(asking: AsyncGenerator<unknown, AskedOrigin[]>): Promise<AskedOrigin[]> {
  for (;;) {
    const next = await asking.next();
    if (next.done) return next.value;
  }
}
