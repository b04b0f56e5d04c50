import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Silences Node's notice that node:sqlite is experimental. */
const execArgv = ["--disable-warning=ExperimentalWarning"];

/** Mesh tests start workerd with several Workers and wait for gossip between them. */
const MESH_TIMEOUT_MS = 120_000;

/** The node that Durable Objects are of in their tests: the first of test/durable-objects/mesh-fixture.ts. */
const NODE = {
  MESH_ID: "A".repeat(43),
  NODE_KEY: Buffer.alloc(32, 1).toString("base64url"),
  REQUESTER_TOKEN: "a requester of the tests",
  SHARDS: "1",
};

/** Each kind of fault four times, with all checks: in a mesh cut in two, a check waits for silence. */
const FAULTS_TIMEOUT_MS = 1_800_000;

/** docs/walk-through.md takes a minute on a quiet machine. */
const WALK_TIMEOUT_MS = 600_000;
/** The long form kills hundreds of origins. */
const CRASH_TIMEOUT_MS = 1_800_000;

/** A call of a peer may take ten seconds. */
const OBJECT_TIMEOUT_MS = 60_000;

export default defineConfig({
  test: {
    // Most tests wait for something much of their time; one worker fewer than cores, the default, is one of two.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // CI reads the counts from this file; see .ci/run.
    reporters: process.env["CI"]
      ? ["default", ["json", { outputFile: "dist/test-results.json" }]]
      : ["default"],
    projects: [
      // Pure functions: nothing that one file could leave to the next, and half of the time would go into imports.
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], execArgv, isolate: false } },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: NODE },
          }),
        ],
        test: {
          name: "workers",
          include: ["test/durable-objects/**/*.test.ts"],
          // An object that waits for a peer is evicted only when the wait is over.
          testTimeout: OBJECT_TIMEOUT_MS,
        },
      },
      { test: { name: "origin", include: ["test/origin/**/*.test.ts"], execArgv } },
      { test: { name: "client", include: ["test/client/**/*.test.ts"], execArgv } },
      {
        test: {
          name: "mesh",
          include: ["test/mesh/**/*.test.ts"],
          execArgv,
          testTimeout: MESH_TIMEOUT_MS,
          hookTimeout: MESH_TIMEOUT_MS,
          // After the quick projects: each file starts a whole mesh.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "hostile",
          include: ["test/hostile/**/*.test.ts"],
          execArgv,
          testTimeout: MESH_TIMEOUT_MS,
          hookTimeout: MESH_TIMEOUT_MS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          execArgv,
          testTimeout: FAULTS_TIMEOUT_MS,
          hookTimeout: FAULTS_TIMEOUT_MS,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "walk",
          include: ["test/walk/**/*.test.ts"],
          execArgv,
          testTimeout: WALK_TIMEOUT_MS,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "crash",
          include: ["test/crash/**/*.test.ts"],
          execArgv,
          testTimeout: CRASH_TIMEOUT_MS,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
