/**
 * Part `mesh`: queries of 16 organisations, each with a Worker and an origin of its own, beside the same client code
 * calling the very origins that a query asked, with no mesh.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { z } from "zod";
import { callerOf } from "../../client/cli/mesh/caller.ts";
import {
  startExample,
  stopExample,
  type RunningExample,
} from "../../client/cli/up/start-example.ts";
import { createClient, type Client } from "../../client/index.ts";
import type { Example } from "../../examples/example.ts";
import { seededRandom, type Random } from "../../examples/random.ts";
import {
  encodeProfile,
  queryOrigins,
  querySettingsSchema,
  signatureOf,
  type FoundOrigin,
  type Profile,
  type QueryEvent,
  type QueryResponse,
} from "../../protocol/index.ts";
import type { BenchContext, PartReport } from "../suite/bench.ts";
import type { LoadResult } from "./load.ts";
import {
  compiledDomain,
  drawConditions,
  drawProfile,
  drawRecord,
  throughputDomain,
} from "./people.ts";
import { figureOf, figuresSchema, measureRounds, quantile, ratioOf } from "./rounds.ts";
import { goalTable, ratio } from "./tables.ts";

export interface MeshSizes {
  readonly organisations: number;
  /** Records of each. */
  readonly records: number;
  /** Queries of a round, of each way to ask. */
  readonly queries: number;
  readonly rounds: number;
}
export const MESH_SIZES: MeshSizes = { organisations: 16, records: 300, queries: 32, rounds: 9 };

const K = 10;
/** A direct call must not take longer than this times as long. */
const GOAL = 2;

const WAYS = {
  mesh: "through the gateway",
  private: "route from the gateway, origins called by the client",
  direct: "origins called by the client, no mesh",
} as const;
type Way = keyof typeof WAYS;

const splitSchema = z.object({ lookup: z.number(), origins: z.number(), merge: z.number() });
const cellSchema = z.object({
  /** One query at a time, and one of each organisation at once. */
  alone: figuresSchema,
  together: figuresSchema,
  /** Medians over queries asked alone, in milliseconds. */
  split: z.record(z.string(), splitSchema),
  origins: z.number(),
  lookupRequests: z.number(),
});
type MeshCell = z.infer<typeof cellSchema>;

/** A query that was asked once, with the origins that it asked. */
interface Asked {
  readonly slug: string;
  readonly profile: Profile;
  readonly origins: readonly FoundOrigin[];
  readonly lookupRequests: number;
}

/** Milliseconds since the query began. */
interface Times {
  readonly route: number;
  readonly lastOrigin: number;
  readonly done: number;
}

export async function measureMesh(
  context: BenchContext,
  sizes: MeshSizes = MESH_SIZES,
): Promise<PartReport> {
  const { seed, cells } = context;
  const key = { bench: "throughput", part: "mesh", seed, sizes };
  const cell = await cells.get(key, cellSchema, async () => {
    const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-throughput-"));
    const running = await startExample(exampleOf(seed, sizes), {
      directory,
      onProgress: context.progress.report,
      mesh: { replicas: 3 },
    });
    try {
      return await measureQueries(context, sizes, running);
    } finally {
      await stopExample(running, directory);
    }
  });
  return report(cell, sizes);
}

function exampleOf(seed: string, { organisations, records }: MeshSizes): Example {
  const random = seededRandom(`${seed}/mesh`);
  const conditions = drawConditions(seededRandom(seed));
  return {
    name: "throughput",
    origin: `synthetic, seed ${seed}`,
    domain: throughputDomain,
    ontologies: [],
    organisations: Array.from({ length: organisations }, (_, i) => {
      // Each sees a third of the conditions: for most queries some origins have nothing.
      const own = random.sample(conditions, Math.ceil(conditions.length / 3));
      return {
        slug: `org-${i}`,
        name: `Organisation ${i}`,
        records: Array.from({ length: records }, (__, j) => drawRecord(random, own, `${i}-${j}`)),
      };
    }),
    queries: [],
  };
}

async function measureQueries(
  { seed, progress }: BenchContext,
  { queries, rounds, organisations }: MeshSizes,
  running: RunningExample,
): Promise<MeshCell> {
  const random = seededRandom(`${seed}/queries`);
  const asked = await askFirst(running, random, queries);
  const times: Record<Way, Times[]> = { mesh: [], private: [], direct: [] };
  const measure = (atOnce: number) =>
    measureRounds(
      waysOf(running).map(([way, ask]) => ({
        name: way,
        run: () =>
          askAll(asked, atOnce, async (query) => {
            const taken = await timesOf(ask(query));
            if (atOnce === 1) times[way].push(taken);
            return taken.done;
          }),
      })),
      rounds,
      (done) => progress.report(`queries, ${atOnce} at once`, done, rounds),
    );
  const alone = await measure(1);
  const together = await measure(organisations);
  return {
    alone,
    together,
    split: Object.fromEntries(
      Object.entries(times).map(([way, list]) => [
        way,
        {
          lookup: median(list.map(({ route }) => route)),
          origins: median(list.map(({ route, lastOrigin }) => lastOrigin - route)),
          merge: median(list.map(({ lastOrigin, done }) => done - lastOrigin)),
        },
      ]),
    ),
    origins: asked.reduce((sum, { origins }) => sum + origins.length, 0) / asked.length,
    lookupRequests: asked.reduce((sum, query) => sum + query.lookupRequests, 0) / asked.length,
  };
}

/** Asks each query once, to know which origins are the right ones for it. */
async function askFirst(running: RunningExample, random: Random, count: number): Promise<Asked[]> {
  const conditions = drawConditions(random);
  const { organisations } = running.mesh;
  const asked: Asked[] = [];
  for (let i = 0; i < count; i++) {
    const { slug } = organisations[i % organisations.length] ?? random.pick(organisations);
    const profile = drawProfile(random, conditions);
    const response = await clientOf(running, slug)
      .query({ domain: compiledDomain.id, profile, k: K })
      .response();
    asked.push({
      slug,
      profile,
      origins: originsOf(running, response),
      lookupRequests: response.cost.lookupRequests,
    });
  }
  return asked;
}

/** Those that answered, in the order in which they were asked. Throws where one did not. */
function originsOf({ mesh }: RunningExample, { origins }: QueryResponse): FoundOrigin[] {
  return origins.flatMap(({ node, organisation, estimate, status }) => {
    if (status === "not-needed") return [];
    if (status !== "answered") throw new Error(`${organisation}: ${status}`);
    const found = mesh.organisations.find(({ identity }) => identity.node === node);
    if (!found) throw new Error(`${organisation} is of another mesh`);
    const { identity, originUrl, sealingKey } = found;
    return [{ node, organisation, estimate, key: identity.publicKey, originUrl, sealingKey }];
  });
}

function clientOf({ mesh }: RunningExample, slug: string): Client {
  const { meshUrl, requesterToken } = mesh.organisation(slug);
  return createClient({ gateway: meshUrl, token: requesterToken, mesh: mesh.mesh });
}

type Ask = (query: Asked) => AsyncIterable<QueryEvent>;

function waysOf(running: RunningExample): [Way, Ask][] {
  return [
    [
      "mesh",
      ({ slug, profile }) =>
        clientOf(running, slug).query({ domain: compiledDomain.id, profile, k: K }),
    ],
    [
      "private",
      ({ slug, profile }) =>
        clientOf(running, slug).queryPrivately({ domain: compiledDomain, profile, k: K }),
    ],
    ["direct", (query) => askDirectly(running, query)],
  ];
}

/** What the gateway does once it knows the origins, in this process and without one. */
function askDirectly({ mesh }: RunningExample, query: Asked): AsyncGenerator<QueryEvent, void> {
  const { identity } = mesh.organisation(query.slug);
  const checked = encodeProfile(compiledDomain, query.profile);
  if (!checked.ok) throw new Error("the profile does not fit the domain");
  return queryOrigins({
    domain: compiledDomain,
    profile: query.profile,
    checked: checked.value,
    signature: signatureOf(compiledDomain, checked.value.values),
    settings: querySettingsSchema.parse({ k: K, exhaustive: true }),
    origins: query.origins,
    routing: { coverage: NO_ROUTING_COVERAGE, cost: NO_ROUTING_COST },
    caller: callerOf(identity, mesh.mesh),
    startedAt: Date.now(),
  });
}

const NO_ROUTING_COVERAGE = { slotsAsked: 0, slotsAnswered: 0, overBudget: 0 };
const NO_ROUTING_COST = {
  lookupRequests: 0,
  hedged: 0,
  confirmations: 0,
  bytesSent: 0,
  bytesReceived: 0,
  rowsScanned: 0,
  milliseconds: 0,
};

/** Takes the events as they come. Throws where the ranking is empty, or an origin asked did not answer. */
async function timesOf(events: AsyncIterable<QueryEvent>): Promise<Times> {
  const startedAt = performance.now();
  let route = NaN;
  let lastOrigin = NaN;
  for await (const event of events) {
    const at = performance.now() - startedAt;
    if (event.type === "route") route = lastOrigin = at;
    if (event.type === "origin") {
      lastOrigin = at;
      if (event.origin.status !== "answered") throw new Error(JSON.stringify(event.origin));
    }
    if (event.type === "done") {
      if (event.response.ranking.length < K) throw new Error("the ranking is not full");
      return { route, lastOrigin, done: at };
    }
  }
  throw new Error("the query did not end");
}

async function askAll(
  queries: readonly Asked[],
  atOnce: number,
  ask: (query: Asked) => Promise<number>,
): Promise<LoadResult> {
  const milliseconds: number[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let query = queries[next++]; query; query = queries[next++]) {
      milliseconds.push(await ask(query));
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: atOnce }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: queries.length / seconds, milliseconds };
}

function median(list: readonly number[]): number {
  return quantile(list, 0.5);
}

function report(cell: MeshCell, sizes: MeshSizes): PartReport {
  const { alone, together, split, origins, lookupRequests } = cell;
  const slower = (figures: MeshCell["alone"], way: Way) => ratioOf(figures, "direct", way);
  const goal = slower(alone, "mesh");
  return {
    figures: { ...cell, sizes, slower: { alone: goal, together: slower(together, "mesh") } },
    tables: [
      {
        title: `Queries of ${sizes.organisations} organisations`,
        headers: [
          "how",
          "ms alone: p50",
          "p99",
          "lookup",
          "origins",
          "merge",
          "times as long as direct",
          `queries a second, ${sizes.organisations} at once`,
          "times as long as direct",
        ],
        rows: Object.entries(WAYS).map(([way, text]) => {
          const figure = figureOf(alone, way);
          const parts = split[way];
          return [
            text,
            figure.p50.toFixed(1),
            figure.p99.toFixed(1),
            ...[parts?.lookup, parts?.origins, parts?.merge].map((ms) => ms?.toFixed(1) ?? ""),
            ratio(ratioOf(alone, "direct", way)),
            figureOf(together, way).perSecond.toFixed(1),
            ratio(ratioOf(together, "direct", way)),
          ];
        }),
        notes: [
          `${sizes.records} records each. A query asks ${origins.toFixed(1)} origins on average, and sends ${lookupRequests.toFixed(1)} lookup requests.`,
        ],
      },
      goalTable([
        {
          goal: `a query alone takes no more than ${GOAL.toFixed(1)} times as long as calling its origins directly`,
          measured: ratio(goal),
          isMet: goal.median <= GOAL,
        },
      ]),
    ],
    plots: [],
  };
}
