/** Asking a mesh of some number of organisations, over which the records that a survey found are spread. */
import type { Random } from "../../examples/random.ts";
import type { CompiledDomain } from "../../protocol/index.ts";
import { openRoutedMesh, type RouteCost, type RoutedMesh } from "../routing/routed-mesh.ts";
import { mean } from "../suite/bootstrap.ts";
import { PROFILE_MAX, type Population } from "./population.ts";
import { planWith, type Setting } from "./settings.ts";
import { SignatureWriter } from "./signatures.ts";
import { MARGIN, type SurveyedQuery } from "./survey.ts";

export const REPLICAS = 3;
/** Answers wanted of a query. */
export const K = 10;

/** The records that lookups with one setting can come to, with their signatures. */
export interface NearRecords {
  readonly setting: Setting;
  readonly queries: readonly {
    readonly query: SurveyedQuery;
    readonly records: Uint32Array;
    /** S symbols each. */
    readonly signatures: Uint8Array;
  }[];
}

export function nearRecords(
  compiled: CompiledDomain,
  population: Population,
  surveyed: readonly SurveyedQuery[],
  setting: Setting,
): NearRecords {
  const { symbols } = compiled.plan;
  const writer = new SignatureWriter(compiled);
  const profile = new Uint16Array(PROFILE_MAX);
  const count = Math.ceil(setting.candidates * MARGIN);
  const queries = surveyed.map((query) => {
    const near = new Set<number>();
    for (const path of query.paths.flatMap((paths) => paths.slice(0, setting.branches))) {
      for (const record of path.subarray(0, count)) near.add(record);
    }
    const records = Uint32Array.from(near).toSorted();
    const signatures = new Uint8Array(records.length * symbols);
    for (const [i, record] of records.entries()) {
      const size = population.profile(record, profile);
      writer.write(profile, size, signatures.subarray(i * symbols, (i + 1) * symbols));
    }
    return { query, records, signatures };
  });
  return { setting, queries };
}

export interface Asked {
  /** By query, how many origins have to be asked for the first, second, ... of the best answers, as far as found. */
  readonly ranks: readonly (readonly number[])[];
  readonly originsFound: number;
  readonly lookupRequests: number;
  readonly confirmations: number;
  readonly nodesAsked: number;
  readonly rowsScanned: number;
  readonly rowsScannedByOneShard: number;
  readonly lookupBytes: number;
}

export interface AskOptions {
  readonly compiled: CompiledDomain;
  readonly population: Population;
  readonly near: NearRecords;
  readonly organisations: number;
  /** Origins that each node returns at most, and that are found. */
  readonly limit: number;
  readonly random: Random;
  readonly progress: (done: number) => void;
}

/** Rows that are indexed at once: some hundred MB. */
const ROWS_AT_ONCE = 300_000;

/** All figures but `ranks` are means over the queries. */
export async function askMesh(options: AskOptions): Promise<Asked> {
  const { near, limit, random, organisations, population } = options;
  const routes: (RouteCost & { readonly ranks: number[]; readonly originsFound: number })[] = [];
  for (const queries of batchesOf(near.queries)) {
    const mesh = openMesh(options, queries);
    for (const { query } of queries) {
      const route = await mesh.route(query.signature, {
        asker: random.below(organisations),
        limit,
        random: () => random.unit(),
      });
      const place = new Map(route.origins.map(({ organisation }, i) => [organisation, i + 1]));
      const ranks = query.nearest
        .flatMap(({ record }) => place.get(population.organisation(record, organisations)) ?? [])
        .toSorted((a, b) => a - b)
        .slice(0, K);
      routes.push({ ranks, ...route.cost, originsFound: route.origins.length });
      options.progress(routes.length);
    }
  }
  const meanOf = (figure: Exclude<keyof (typeof routes)[number], "ranks">): number =>
    mean(routes.map((route) => route[figure]));
  return {
    ranks: routes.map(({ ranks }) => ranks),
    originsFound: meanOf("originsFound"),
    lookupRequests: meanOf("lookupRequests"),
    confirmations: meanOf("confirmations"),
    nodesAsked: meanOf("nodesAsked"),
    rowsScanned: meanOf("rowsScanned"),
    rowsScannedByOneShard: meanOf("rowsScannedByOneShard"),
    lookupBytes: meanOf("bytes"),
  };
}

type NearQuery = NearRecords["queries"][number];

function* batchesOf(queries: readonly NearQuery[]): Generator<NearQuery[]> {
  let batch: NearQuery[] = [];
  let rows = 0;
  for (const query of queries) {
    if (batch.length > 0 && rows + query.records.length > ROWS_AT_ONCE) {
      yield batch;
      batch = [];
      rows = 0;
    }
    batch.push(query);
    rows += query.records.length;
  }
  yield batch;
}

function openMesh(
  { compiled, population, near, organisations, limit }: AskOptions,
  queries: readonly NearQuery[],
): RoutedMesh {
  const { symbols } = compiled.plan;
  const held = Array.from({ length: organisations }, () => new Array<Uint8Array>());
  const seen = new Set<number>();
  for (const { records, signatures } of queries) {
    for (const [i, record] of records.entries()) {
      if (seen.has(record)) continue;
      seen.add(record);
      const owner = population.organisation(record, organisations);
      held[owner]?.push(signatures.subarray(i * symbols, (i + 1) * symbols));
    }
  }
  return openRoutedMesh({
    plan: planWith(compiled.plan, near.setting),
    organisations: held.map((list) => Buffer.concat(list)),
    queries: queries.map(({ query }) => query.signature),
    replicas: REPLICAS,
    // Confirmations are part of the cost, and are not to be saved on.
    requests: limit + 2 * compiled.plan.trees,
  });
}

/** Mean recall with so many origins asked. */
export function recallAt({ ranks }: Pick<Asked, "ranks">, origins: number): number {
  return mean(ranks.map((each) => each.filter((rank) => rank <= origins).length / K));
}

/** The fewest origins with which this recall is reached; undefined where all that are found do not suffice. */
export function originsFor(asked: Pick<Asked, "ranks">, recall: number): number | undefined {
  const counts = [...new Set(asked.ranks.flat())].toSorted((a, b) => a - b);
  return counts.find((origins) => recallAt(asked, origins) >= recall);
}
