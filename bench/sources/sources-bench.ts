/** `npm run bench -- sources`: how fast an origin loads from PostgreSQL, and how fast it finds that nothing changed. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { csvMappingSchema, openStore, syncSource, type SyncReport } from "../../origin/index.ts";
import { postgresqlSource } from "../../origin/sources/postgresql/index.ts";
import { compileDomain } from "../../protocol/index.ts";
import { startPostgres } from "../../test/support/postgres/postgres.ts";

/** Of mixed features, as a registry has them. */
const compiled = compileDomain(
  {
    outcomeMesh: 1,
    name: "bench",
    title: "A registry that does not exist",
    features: [
      { name: "age", kind: "numeric", weight: 2, tolerance: 20, min: 0, max: 130 },
      { name: "sex", kind: "category", weight: 1, values: ["female", "male"] },
      { name: "signs", kind: "set", weight: 3 },
    ],
    intervention: [{ name: "treatment", kind: "categorical" }],
    result: [{ name: "recovered", kind: "binary", better: true }],
    signature: { symbols: 128, trees: 24, rootDepth: 1, candidates: 200 },
  },
  new Map(),
);
if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
const domain = compiled.value;

const MILLION = 1_000_000;

interface Step {
  readonly report: SyncReport;
  /** The origin's own, as a machine may do other work: not the database's. */
  readonly cpuMs: number;
}

interface SourcesOptions {
  readonly rows: string;
  readonly json?: true;
}

export function sourcesBench(): Command {
  return new Command("sources")
    .description("Load rows from a PostgreSQL that it starts, compare them all, and read changes.")
    .option("--rows <number>", "rows of the table", "100000")
    .option("--json", "print one JSON document")
    .action(runSourcesBench);
}

async function runSourcesBench({ rows: wanted, json }: SourcesOptions): Promise<void> {
  const rows = Math.min(Number(wanted), MILLION);
  const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-bench-"));
  const postgres = await startPostgres();
  try {
    await postgres.sql(`
      CREATE TABLE outcomes (id int PRIMARY KEY, age int, sex text, signs text[], given text,
        better boolean, changed_at timestamptz DEFAULT clock_timestamp());
      CREATE INDEX ON outcomes (changed_at);
      INSERT INTO outcomes
      SELECT i, i % 120, CASE i % 2 WHEN 0 THEN 'female' ELSE 'male' END,
        ARRAY[(ARRAY['T:fast', 'T:slow', 'T:cough'])[1 + i % 3]], 'rest', i % 5 = 0
      FROM generate_series(1, ${rows}) AS i`);
    const store = openStore(join(directory, "origin.sqlite"), [domain]);
    const source = sourceAt(postgres.url(), postgres.password);
    const steps: Record<string, Step> = {};
    const measure = async (isFull = false): Promise<Step> => {
      const before = process.cpuUsage();
      const report = await syncSource(store, source, { isFull });
      const { user, system } = process.cpuUsage(before);
      return { report, cpuMs: Math.round((user + system) / 1000) };
    };
    steps["first load"] = await measure();
    steps["full comparison"] = await measure(true);
    await syncSource(store, source);
    const changed = Math.ceil(rows / 100);
    await postgres.sql(
      "UPDATE outcomes SET age = (age + 40) % 120, changed_at = clock_timestamp() WHERE id <= $1",
      [changed],
    );
    steps["changed rows"] = await measure();
    store.close();
    const lines = Object.entries(steps).map(([step, { report, cpuMs }]) => {
      const { read, startedAt, endedAt } = report;
      const ms = endedAt - startedAt;
      return { step, rows: read, ms, cpuMs, rowsPerSecond: Math.round((read / ms) * 1000) };
    });
    if (json) process.stdout.write(`${JSON.stringify({ rows, steps: lines }, undefined, 2)}\n`);
    else {
      for (const line of lines) {
        process.stdout.write(
          `${line.step}: ${line.rows} rows in ${line.ms} ms (${line.cpuMs} ms of processor), ${line.rowsPerSecond} rows/s\n`,
        );
      }
    }
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function sourceAt(url: string, password: string) {
  return postgresqlSource(
    {
      kind: "postgresql",
      name: "bench",
      domain: "bench",
      url,
      password,
      tls: "off",
      query: "SELECT * FROM outcomes",
      mapping: "",
      cursor: "changed_at",
      overlapSeconds: 0,
      everySeconds: 60,
      compareEveryHours: 24,
      timeoutSeconds: 60,
    },
    domain,
    csvMappingSchema.parse({
      columns: {
        id: { to: "id" },
        age: { to: "profile.age", type: "number" },
        sex: { to: "profile.sex" },
        signs: { to: "profile.signs", type: "list" },
        given: { to: "intervention.treatment" },
        better: { to: "result.recovered", type: "boolean" },
      },
    }),
  );
}
