/**
 * Everything measured at one number of records. Each figure is a cell; the population is gone through when the first
 * is missing.
 */
import { z } from "zod";
import { seededRandom } from "../../examples/random.ts";
import {
  encodeEntry,
  nodeIdSchema,
  SIGNATURE_BYTES,
  type CompiledDomain,
} from "../../protocol/index.ts";
import { openRoutedMesh } from "../routing/routed-mesh.ts";
import type { BenchContext } from "../suite/bench.ts";
import { mean } from "../suite/bootstrap.ts";
import { NOW } from "../suite/exchange.ts";
import {
  askMesh,
  K,
  nearRecords,
  originsFor,
  REPLICAS,
  type Asked,
  type NearRecords,
} from "./ask.ts";
import { foundByBranches } from "./found.ts";
import { bytesPerOrigin } from "./origin-bytes.ts";
import { BRANCHES, Population, scaleDomain, type Growth } from "./population.ts";
import {
  CANDIDATES_MAX,
  DEFAULT_SETTING,
  SETTINGS,
  settingName,
  type Setting,
} from "./settings.ts";
import { measureStorage, rowBytes } from "./storage.ts";
import { surveyPopulation, type SurveyedQuery } from "./survey.ts";

/** Origins that a query may ask at most. */
const ORIGINS_MAX = 256;
/** Queries whose bytes are counted. */
const BYTES_QUERIES = 8;
/** Messages that the next setting, which costs more, must save. */
const WORTHWHILE = 1;
/** Where settings are tried. */
const TRIED_AT = 1000;
export const ORGANISATIONS: readonly number[] = [10, 100, 1000, 10_000];
export const RECALL = 0.985;

const askedSchema = z.strictObject({
  ranks: z.array(z.array(z.int())),
  originsFound: z.number(),
  lookupRequests: z.number(),
  confirmations: z.number(),
  nodesAsked: z.number(),
  rowsScanned: z.number(),
  rowsScannedByOneShard: z.number(),
  lookupBytes: z.number(),
});
const surveySchema = z.strictObject({
  /** Mean similarity of the first and the k-th neighbour, and of all records. */
  first: z.number(),
  tenth: z.number(),
  all: z.number(),
  /** Records by similarity, in bins of equal width: means over the queries. */
  counts: z.array(z.number()),
  found: z.array(
    z.strictObject({
      candidates: z.number(),
      measured: z.array(z.number()),
      expected: z.array(z.number()),
    }),
  ),
});
export type SurveyFigures = z.infer<typeof surveySchema>;
const storageSchema = z.strictObject({
  entries: z.number(),
  entriesMost: z.number(),
  hottestSlot: z.number(),
});

export interface MeshFigures extends Asked {
  readonly organisations: number;
  /** Origins to ask for `RECALL`; undefined where it is not reached. */
  readonly origins: number | undefined;
  /** Bytes of all lookups of a query that asks so many origins. */
  readonly bytes: number;
  readonly storage: z.infer<typeof storageSchema>;
}

export interface SizeFigures {
  readonly records: number;
  readonly queries: number;
  readonly survey: SurveyFigures;
  /** Bytes of asking one origin. */
  readonly originBytes: number;
  /** Bytes of an entry in a shard's storage. */
  readonly rowBytes: number;
  /** The settings tried, with 1,000 organisations. */
  readonly tried: readonly { readonly setting: Setting; readonly asked: Asked }[];
  readonly byDefault: readonly MeshFigures[];
  /** The first setting after which the next saves less than a message. */
  readonly chosen: Setting;
  readonly byChosen: readonly MeshFigures[];
}

export interface SizeOptions {
  readonly growth: Growth;
  readonly records: number;
  readonly queries: number;
}

export async function measureSize(
  context: BenchContext,
  options: SizeOptions,
): Promise<SizeFigures> {
  const size = new Size(context, options);
  const survey = await size.survey();
  const tried: { setting: Setting; asked: Asked }[] = [];
  let chosen = DEFAULT_SETTING;
  let fewest = Infinity;
  for (const setting of SETTINGS) {
    const asked = await size.asked(setting, TRIED_AT);
    tried.push({ setting, asked });
    const messages = messagesFor(asked);
    if (messages > fewest - WORTHWHILE) break;
    if (messages < fewest) chosen = setting;
    fewest = messages;
  }
  return {
    records: options.records,
    queries: options.queries,
    survey,
    originBytes: await size.originBytes(),
    rowBytes: size.rowBytes(),
    tried,
    byDefault: await size.meshes(DEFAULT_SETTING),
    chosen,
    byChosen: await size.meshes(chosen),
  };
}

/** Lookup requests and origins asked for `RECALL`; Infinity where it is not reached. */
function messagesFor(asked: Asked): number {
  return asked.lookupRequests + (originsFor(asked, RECALL) ?? Infinity);
}

class Size {
  readonly #context: BenchContext;
  readonly #options: SizeOptions;
  readonly #compiled: CompiledDomain = scaleDomain();
  readonly #population: Population;
  #surveyed: readonly SurveyedQuery[] | undefined;
  #near: NearRecords | undefined;

  constructor(context: BenchContext, options: SizeOptions) {
    this.#context = context;
    this.#options = options;
    this.#population = new Population({ ...options, seed: context.seed });
  }

  survey(): Promise<SurveyFigures> {
    return this.#cell({ cell: "survey" }, surveySchema, () => {
      const queries = this.#queries();
      const { records } = this.#options;
      return {
        first: mean(queries.map(({ nearest }) => nearest[0]?.similarity ?? 0)),
        tenth: mean(queries.map(({ nearest }) => nearest[K - 1]?.similarity ?? 0)),
        all: mean(
          queries.map(({ counts }) =>
            counts.reduce(
              (sum, count, i) => sum + (count * (i + 0.5)) / counts.length / records,
              0,
            ),
          ),
        ),
        counts: Array.from(queries[0]?.counts ?? [], (_, bin) =>
          mean(queries.map(({ counts }) => counts[bin] ?? 0)),
        ),
        found: [...new Set(SETTINGS.map(({ candidates }) => candidates))].map((candidates) =>
          foundByBranches(queries, candidates, { ...this.#compiled.plan, branches: BRANCHES }),
        ),
      };
    });
  }

  originBytes(): Promise<number> {
    return bytesPerOrigin(this.#compiled, this.#population);
  }

  rowBytes(): number {
    const { id, plan } = this.#compiled;
    const node = nodeIdSchema.parse(id);
    const entry = encodeEntry({
      node,
      domain: id,
      epoch: 1,
      seq: NOW,
      count: 1,
      signature: new Uint8Array(plan.symbols),
    });
    return rowBytes(entry.length + SIGNATURE_BYTES);
  }

  asked(setting: Setting, organisations: number): Promise<Asked> {
    const key = { cell: "asked", setting, organisations, limit: ORIGINS_MAX };
    return this.#cell(key, askedSchema, () =>
      this.#ask(setting, organisations, ORIGINS_MAX, Infinity),
    );
  }

  async meshes(setting: Setting): Promise<MeshFigures[]> {
    const figures: MeshFigures[] = [];
    for (const organisations of ORGANISATIONS) {
      const asked = await this.asked(setting, organisations);
      const origins = originsFor(asked, RECALL);
      const limit = origins ?? ORIGINS_MAX;
      const key = { cell: "bytes", setting, organisations, limit };
      const bytes = await this.#cell(key, z.number(), async () => {
        const { lookupBytes } = await this.#ask(setting, organisations, limit, BYTES_QUERIES);
        return lookupBytes;
      });
      figures.push({
        ...asked,
        organisations,
        origins,
        bytes,
        storage: await this.#storage(organisations),
      });
    }
    return figures;
  }

  #storage(organisations: number): Promise<z.infer<typeof storageSchema>> {
    return this.#cell({ cell: "storage", organisations }, storageSchema, () => {
      const held = Array.from({ length: organisations }, () => new Uint8Array(0));
      const { placement } = openRoutedMesh({
        plan: this.#compiled.plan,
        organisations: held,
        replicas: REPLICAS,
      });
      return measureStorage(this.#compiled, this.#population, placement, organisations);
    });
  }

  #ask(setting: Setting, organisations: number, limit: number, queries: number): Promise<Asked> {
    const near = this.#nearRecords(setting);
    const { progress, seed } = this.#context;
    const { records } = this.#options;
    const total = Math.min(queries, near.queries.length);
    const step = `${records} records, ${organisations} organisations, ${settingName(setting)}: asking`;
    return askMesh({
      compiled: this.#compiled,
      population: this.#population,
      near: { setting, queries: near.queries.slice(0, total) },
      organisations,
      limit,
      random: seededRandom(`ask ${seed} ${organisations}`),
      progress: (done) => progress.report(step, done, total),
    });
  }

  #nearRecords(setting: Setting): NearRecords {
    const isHeld = this.#near && settingName(this.#near.setting) === settingName(setting);
    const near = isHeld && this.#near ? this.#near : undefined;
    if (near) return near;
    this.#context.progress.report(
      `${this.#options.records} records, ${settingName(setting)}: gathering`,
      0,
      1,
    );
    this.#near = nearRecords(this.#compiled, this.#population, this.#queries(), setting);
    return this.#near;
  }

  #queries(): readonly SurveyedQuery[] {
    const { records, queries } = this.#options;
    this.#surveyed ??= surveyPopulation({
      compiled: this.#compiled,
      population: this.#population,
      queries,
      k: K,
      candidates: CANDIDATES_MAX,
      progress: (done) =>
        this.#context.progress.report(`${records} records: one pass`, done, records),
    });
    return this.#surveyed;
  }

  #cell<T>(key: object, schema: z.ZodType<T>, compute: () => T | Promise<T>): Promise<T> {
    return this.#context.cells.get(
      { ...key, ...this.#options, seed: this.#context.seed },
      schema,
      compute,
    );
  }
}
