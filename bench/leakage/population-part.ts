/** The parts `heart` and `rare`: every setting under attack, on one population. */
import type { BenchContext, Part, PartReport } from "../suite/bench.ts";
import {
  measureSetting,
  prepareGround,
  settingSchema,
  type Ground,
  type SettingFigures,
} from "./measure.ts";
import { readHearts, readPatients } from "./people.ts";
import { inferQueries, queriesSchema } from "./queries.ts";
import { attackBySeen, seenSchema, type SeenFigures } from "./seen.ts";
import {
  DEFAULT_POLICY,
  SINGLE_RECORDS,
  settingsWith,
  type PrivacySetting,
} from "../../client/cli/calibrate/privacy/index.ts";
import {
  attributesTable,
  goalTable,
  membershipTable,
  plotsOf,
  queriesTable,
  seenTable,
  settingsTable,
} from "./tables.ts";

export interface Measured {
  readonly setting: PrivacySetting;
  readonly figures: SettingFigures;
}

export const attackHearts: Part = async (context) => {
  const population = await readHearts(context.data);
  return attackPopulation(context, prepareGround(population, context.seed, [1, 2, 4]), {
    settings: settingsWith(100),
    seen: [SINGLE_RECORDS, DEFAULT_POLICY],
  });
};

/** Those that have shown to matter on hearts: ten times as many records take ten times as long. */
const PATIENT_SETTINGS = [
  SINGLE_RECORDS.name,
  "single, coarseness 0.5",
  "single, epsilon 6",
  "single, epsilon 4",
  "cohorts of 5",
  DEFAULT_POLICY.name,
];

export const attackPatients: Part = async (context) => {
  const population = await readPatients(context.data, context.seed);
  return attackPopulation(context, prepareGround(population, context.seed, [24, 32]), {
    settings: settingsWith(5).filter(({ name }) => PATIENT_SETTINGS.includes(name)),
    seen: [],
  });
};

async function attackPopulation(
  { cells, progress, seed }: BenchContext,
  ground: Ground,
  {
    settings,
    seen,
  }: { readonly settings: readonly PrivacySetting[]; readonly seen: readonly PrivacySetting[] },
): Promise<PartReport> {
  const { population, asked } = ground;
  const { name, digest } = population;
  const measured: Measured[] = [];
  for (const [i, setting] of settings.entries()) {
    progress.report(`${name}: settings under attack`, i, settings.length);
    const key = { cell: "leakage", name, digest, seed, setting, asked };
    const figures = await cells.get(key, settingSchema, () => measureSetting(ground, setting));
    measured.push({ setting, figures });
  }
  progress.report(`${name}: queries under attack`, 0, 1);
  const queries = await cells.get(
    { cell: "leakage queries", name, digest, seed },
    queriesSchema,
    () => inferQueries(ground),
  );
  const bySeen: { setting: string; figures: SeenFigures }[] = [];
  for (const setting of seen) {
    progress.report(`${name}: entries seen`, bySeen.length, seen.length);
    const key = { cell: "leakage seen", name, digest, seed, setting };
    const figures = await cells.get(key, seenSchema, () => attackBySeen(ground, setting));
    bySeen.push({ setting: setting.name, figures: [...figures] });
  }
  return {
    figures: {
      population: name,
      published: population.published.length,
      known: population.known.length,
      asked,
      settings: measured.map(({ setting, figures }) => ({ ...setting, ...figures })),
      queries,
      seen: bySeen,
    },
    tables: [
      goalTable(name, measured, asked),
      settingsTable(name, measured, asked),
      membershipTable(name, measured),
      attributesTable(name, measured),
      queriesTable(name, queries),
      ...(bySeen.length > 0 ? [seenTable(name, bySeen)] : []),
    ],
    plots: plotsOf(name, measured, bySeen, asked),
  };
}
