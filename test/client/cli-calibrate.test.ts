/** `domain calibrate` on a small seeded set. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { seededRandom } from "../../examples/random.ts";
import { smallDomain } from "../support/small-example.ts";
import { command, errorOf, fileOf, PROCESS_TIMEOUT_MS } from "./cli-process.ts";

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS });

const SIGNS = Array.from({ length: 30 }, (_, i) => `sign-${i}`);

function makeRecords(count: number): unknown[] {
  const random = seededRandom("calibrate");
  return Array.from({ length: count }, (_, i) => ({
    id: `case-${i}`,
    profile: {
      age: Math.round(random.normal(50, 15)),
      site: random.pick(["north", "south", "east"]),
      signs: random.sample(SIGNS, 2 + random.below(4)),
    },
    intervention: { treatment: random.pick(["a", "b"]) },
    result: { recovered: random.unit() < 0.5 },
  }));
}

function ndjson(records: readonly unknown[]): Promise<string> {
  return fileOf("records.ndjson", records.map((record) => JSON.stringify(record)).join("\n"));
}

interface Trial {
  readonly recall: number;
  readonly bytesCompared: number;
  readonly settings: Readonly<Record<string, number>>;
}
interface PrivacyTrial {
  readonly setting: { readonly name: string };
  readonly recall: number;
  readonly advantage: number;
}
interface Report {
  readonly proposal: Trial | null;
  readonly trials: readonly Trial[];
  readonly privacy?: { readonly proposal: PrivacyTrial; readonly trials: readonly PrivacyTrial[] };
}

function reportOf(stdout: string): Report {
  const report: Report = JSON.parse(stdout);
  return report;
}

let domain = "";
let records = "";
beforeAll(async () => {
  domain = await fileOf("small.json", JSON.stringify(smallDomain));
  records = await ndjson(makeRecords(300));
});

function calibrate(...args: string[]) {
  return command(["domain", "calibrate", domain, "--queries", "20", ...args]);
}

describe.concurrent("domain calibrate", () => {
  test("proposes the cheapest setting that reaches the target", async () => {
    const { code, stdout } = await calibrate("--records", records, "--target", "0.95", "--json");
    expect(code).toBe(0);
    const { proposal, trials } = reportOf(stdout);
    expect(proposal?.recall).toBeGreaterThanOrEqual(0.95);
    const reaching = trials.filter(({ recall }) => recall >= 0.95);
    const cheapest = Math.min(...reaching.map(({ bytesCompared }) => bytesCompared));
    expect(proposal?.bytesCompared).toBe(cheapest);
    // The grid is worth trying: not everything reaches the target, and costs differ.
    expect(reaching.length).toBeLessThan(trials.length);
    expect(new Set(trials.map(({ bytesCompared }) => bytesCompared)).size).toBeGreaterThan(10);
  });

  test("prints a table with the domain's own settings, and what to write into it", async () => {
    const { code, stdout, stderr } = await calibrate("--records", records);
    expect(code).toBe(0);
    expect(stdout).toContain("300 of 300 records, 20 queries");
    expect(stdout).toMatch(/^\* +96 +16 +1 +100 /m);
    expect(stdout).toMatch(/^Proposed: "signature": \{"symbols":\d+,"trees":\d+,/m);
    expect(stderr).toBe("reading records\ntrying settings\n");
  });

  test("measures the same with the same seed, and other records with another", async () => {
    const args = ["--records", records, "--sample", "100", "--json", "--seed"];
    const runs = ["x", "x", "y"].map((seed) => calibrate(...args, seed));
    const [a = "", b = "", c = ""] = (await Promise.all(runs)).map(({ stdout }) => stdout);
    expect(a).toBe(b);
    expect(reportOf(a).trials).not.toEqual(reportOf(c).trials);
    expect(JSON.parse(a)).toMatchObject({ records: 300, sampled: 100, queries: 20 });
  });

  test("with --privacy, shows what entries tell, and proposes what tells least at a recall loss of 0.02", async () => {
    const { code, stdout } = await calibrate("--records", records, "--privacy", "--json");
    expect(code).toBe(0);
    const { proposal, trials } = reportOf(stdout).privacy ?? { trials: [] };
    const single = trials.find(({ setting }) => setting.name === "single records");
    const fits = trials.filter(({ recall }) => recall >= (single?.recall ?? 1) - 0.02);
    expect(proposal?.advantage).toBe(Math.min(...fits.map(({ advantage }) => advantage)));
    const cohorts = trials.find(({ setting }) => setting.name === "cohorts of 20 (default)");
    expect(single?.advantage).toBeGreaterThan(2 * (cohorts?.advantage ?? 1));
  });

  test("needs no secret of a keyed domain", async () => {
    const key = { epoch: 1, commitment: "A".repeat(43) };
    const keyed = { ...smallDomain, signature: { ...smallDomain.signature, key, epsilon: 4 } };
    const file = await fileOf("keyed.json", JSON.stringify(keyed));
    const args = ["--records", records, "--queries", "20", "--privacy"];
    const { code, stdout } = await command(["domain", "calibrate", file, ...args]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^What entries tell: 225 records published/m);
    expect(stdout).toMatch(/^\*? +single records +225 /m);
    expect(stdout).toContain("in the origin's policy {");
  });

  test("ends with 1 where no setting reaches the target", async () => {
    const sparse = await ndjson(makeRecords(300).map((record) => onlyNear(record)));
    const none = await calibrate("--records", sparse, "--target", "1");
    expect(none.code).toBe(1);
    expect(none.stdout).toContain("None reaches a recall@10 of 1");
  });

  test("is content with 50 good records, leaves bad ones out, and says so", async () => {
    const bad = await ndjson([{ id: "bad" }, ...makeRecords(50)]);
    const { code, stderr } = await calibrate("--records", bad, "--target", "0");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: 1 record left out, the first at line 1: .*profile/m);
  });

  test("refuses 49 good records", async () => {
    const few = await ndjson(makeRecords(49));
    const run = await calibrate("--records", few, "--json");
    expect(run.code).toBe(2);
    expect(errorOf(run)).toMatchObject({ message: expect.stringContaining("49 good records") });
  });

  test("asks for the mapping of a CSV file", async () => {
    const csv = await fileOf("records.csv", "id\n1\n");
    const run = await calibrate("--records", csv, "--json");
    expect(run.code).toBe(2);
    expect(errorOf(run)).toMatchObject({ hint: "give it with --mapping FILE" });
  });
});

/** A record whose only feature is numeric: thousands of near ties, which no signature tells apart. */
function onlyNear(record: unknown): unknown {
  const { profile, ...rest } = Object(record);
  return { ...rest, profile: { age: profile.age + Number(rest.id.slice(5)) / 1000 } };
}
