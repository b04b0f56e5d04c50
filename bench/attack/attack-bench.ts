/** `npm run bench -- attack`: what an attacker learns who knows all but one attribute of a record. */
import { Command } from "commander";
import { jsonOption, wholeNumber } from "../../client/cli/options.ts";
import { printJson, printText } from "../../client/cli/output.ts";
import { createProgress } from "../../client/cli/progress.ts";
import { formatTable } from "../../client/cli/table.ts";
import { attack, type AttackReport } from "./attack.ts";
import { ATTRIBUTES, makePopulation, readPopulation, type Population } from "./people.ts";

interface AttackOptions {
  readonly data?: string;
  readonly people: number;
  readonly targets: number;
  readonly seed: string;
  readonly json?: true;
}

/** What the attacker knows of the population, in people. */
const KNOWN = 3000;

export function attackBench(): Command {
  return new Command("attack")
    .description(
      "Attack an origin as a member that knows all but one attribute of a record, under the default policy and without its guard. The same seed gives the same figures.",
    )
    .option("--data <file>", "also attack the real heart-disease records of this file")
    .option("--people <n>", "people at the made-up origin", wholeNumber(100, 100_000), 600)
    .option(
      "--targets <n>",
      "targets an attribute; half of them are for tuning",
      wholeNumber(20, 100_000),
      600,
    )
    .option("--seed <text>", "seed of everything drawn", "1")
    .addOption(jsonOption())
    .action(run);
}

async function run({ data, people, targets, seed, json }: AttackOptions): Promise<void> {
  const populations: readonly {
    population: Population;
    attributes: readonly (typeof ATTRIBUTES)[number][];
  }[] = [
    { population: makePopulation(seed, people, KNOWN, false), attributes: ATTRIBUTES },
    { population: makePopulation(seed, people, KNOWN, true), attributes: ["disease"] },
    ...(data === undefined
      ? []
      : [{ population: await readPopulation(data), attributes: ATTRIBUTES }]),
  ];
  const progress = createProgress();
  const reports: { source: string; report: AttackReport }[] = [];
  for (const { population, attributes } of populations) {
    for (const attribute of attributes) {
      let done = 0;
      const onProgress = (more: number): void =>
        progress.report(`${population.source}: ${attribute}`, (done += more), 2 * targets);
      const report = await attack(population, attribute, targets, onProgress);
      reports.push({ source: population.source, report });
    }
  }
  progress.end();
  if (json) printJson({ bench: "attack", seed, reports });
  else printText(tableOf(reports));
}

function tableOf(reports: readonly { source: string; report: AttackReport }[]): string {
  return formatTable(
    [
      "people",
      "attribute",
      "targets",
      "prior",
      "with the guard",
      "gain",
      "without",
      "by",
      "without by",
    ],
    reports.map(({ source, report: { attribute, targets, prior, guarded, unguarded } }) => [
      source,
      attribute,
      String(targets),
      prior.toFixed(3),
      guarded.success.toFixed(3),
      (guarded.success - prior).toFixed(3),
      unguarded.success.toFixed(3),
      guarded.strategy,
      unguarded.strategy,
    ]),
  );
}
