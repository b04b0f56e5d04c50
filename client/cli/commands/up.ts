/** `outcome-mesh up`: a whole mesh on this machine, with an example in it. */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { makeDemo } from "../../../examples/demo/demo.ts";
import type { Example } from "../../../examples/example.ts";
import { readHeartDisease } from "../../../examples/heart-disease.ts";
import { readRareDisease } from "../../../examples/rare-disease.ts";
import { createProgress } from "../progress.ts";
import { formatTable } from "../table.ts";
import { runDemo } from "../up/demo.ts";
import { runHeartDisease } from "../up/heart-disease.ts";
import { printDemo, printHeartDisease, printRareDisease } from "../up/print.ts";
import { runRareDisease } from "../up/rare-disease.ts";
import { startExample, stopExample, type RunningExample } from "../up/start-example.ts";

/** In a larger mesh a node has one shard: this machine runs the objects of all. */
const SMALL_MESH = 8;

interface UpOptions {
  readonly example: "demo" | "heart-disease" | "rare-disease";
  readonly data?: string;
  readonly ontology?: string;
  readonly organisations: number;
  readonly queries: number;
  readonly seed: string;
  readonly once?: true;
  readonly persist?: string;
  readonly json?: true;
}

/** An example that was read, and what to do with it once its mesh runs. */
interface Plan {
  readonly example: Example;
  /** How many questions will be asked. */
  readonly asked: number;
  execute(
    running: RunningExample,
    onAnswer: (done: number) => void,
  ): Promise<{ readonly report: object; readonly text: string }>;
}

export function upCommand(): Command {
  return new Command("up")
    .description("Bring up a mesh of organisations on this machine and run an example through it")
    .addOption(
      new Option("--example <name>", "what to run")
        .choices(["demo", "heart-disease", "rare-disease"])
        .default("demo"),
    )
    .option("--data <file>", "records of the example (heart-disease, rare-disease)")
    .option("--ontology <file>", "ontology as OBO Graphs JSON (rare-disease)")
    .option("--organisations <n>", "spread the data over this many (rare-disease)", positive, 64)
    .option("--queries <n>", "how many cases to ask about (rare-disease)", positive, 300)
    .option("--seed <text>", "makes the demo's data, and chooses the cases asked about", "1")
    .option("--once", "stop when the example is done, instead of staying up")
    .option(
      "--persist <dir>",
      "keep keys, databases and shards here; a later start goes on with them",
    )
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh up --once
  outcome-mesh up --example heart-disease --data records.ndjson --once --json
  outcome-mesh up --example rare-disease --data phenopackets.ndjson.gz --ontology hp.json.gz`,
    )
    .action(runUp);
}

async function runUp(options: UpOptions, command: Command): Promise<void> {
  const plan = await readExample(options, command);
  const temporary =
    options.persist === undefined ? await mkdtemp(join(tmpdir(), "outcome-mesh-")) : undefined;
  const directory = temporary ?? resolve(options.persist ?? ".");
  // Whatever ends the process: what was only lent does not stay.
  if (temporary !== undefined) {
    process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));
  }
  const progress = createProgress();
  let running: RunningExample | undefined;
  try {
    running = await startExample(plan.example, {
      directory,
      mesh: {
        shards: plan.example.organisations.length > SMALL_MESH ? 1 : 2,
        // One organisation takes no connection from outside: it is asked over its link.
        linked: plan.example.organisations.slice(0, 1).map(({ slug }) => slug),
      },
      onProgress: progress.report,
    });
    const stopped = untilStopped();
    const answered = plan.execute(running, (done) => progress.report("asking", done, plan.asked));
    const outcome = await Promise.race([answered, stopped]);
    progress.end();
    if (isReport(outcome)) {
      const document = `${JSON.stringify(outcome.report, undefined, 2)}\n`;
      process.stdout.write(options.json ? document : `${outcome.text}\n`);
      if (!options.once) {
        process.stderr.write(`\n${addresses(running)}\n\nUp. Ctrl-C stops it.\n`);
        await stopped;
      }
    }
  } finally {
    progress.end();
    await stopExample(running);
  }
}

/** Resolves when the user or the system asks the process to end. */
function untilStopped(): Promise<unknown> {
  const signals = ["SIGINT", "SIGTERM"] as const;
  // Miniflare's own handlers would end the process before the origins have finished.
  for (const signal of signals) process.removeAllListeners(signal);
  return Promise.race(signals.map((signal) => once(process, signal)));
}

async function readExample(options: UpOptions, command: Command): Promise<Plan> {
  const required = (name: "data" | "ontology"): string => {
    const value = options[name];
    if (value === undefined)
      command.error(`error: --example ${options.example} needs --${name} FILE`);
    return value;
  };
  switch (options.example) {
    case "demo": {
      const example = makeDemo(options.seed);
      return {
        example,
        asked: example.queries.length,
        execute: async (running, onAnswer) => {
          const report = await runDemo(example, running, onAnswer);
          return { report, text: printDemo(report) };
        },
      };
    }
    case "heart-disease": {
      const example = await readHeartDisease(required("data"));
      return {
        example,
        asked: example.queries.length,
        execute: async (running, onAnswer) => {
          const report = await runHeartDisease(example, running, onAnswer);
          return { report, text: printHeartDisease(report) };
        },
      };
    }
    case "rare-disease": {
      const { organisations, queries, seed } = options;
      const data = required("data");
      const ontology = required("ontology");
      const example = await readRareDisease({ data, ontology, organisations, queries, seed });
      return {
        example,
        asked: 2 * example.queries.length,
        execute: async (running, onAnswer) => {
          const report = await runRareDisease(example, running, onAnswer);
          return { report, text: printRareDisease(report) };
        },
      };
    }
  }
}

function isReport(outcome: unknown): outcome is { readonly report: object; readonly text: string } {
  return typeof outcome === "object" && outcome !== null && "report" in outcome;
}

function addresses({ mesh, compiled }: RunningExample): string {
  const rows = mesh.organisations.map(({ name, meshUrl, originUrl, requesterToken }) => [
    name,
    meshUrl,
    originUrl,
    requesterToken,
  ]);
  const table = formatTable(["organisation", "gateway", "origin", "requester token"], rows);
  return `${table}\n\ndomain ${compiled.id} (${compiled.domain.name})`;
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= 10_000) return value;
  throw new InvalidArgumentError("must be a whole number from 1 to 10000");
}
