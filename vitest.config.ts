import { cloudflareTest } from "@cloudflare/vitest-plugin";
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

/** One fault of the long form, with all checks after it. */
const FAULTS_TIMEOUT_MS = 600_000;

/** The long form kills hundreds of origins. */
const CRASH_TIMEOUT_MS = 1_800_000;

/** A call of a peer may take ten seconds. */
const OBJECT_TIMEOUT_MS = 60_000;

export default defineConfig({
  test: {
    // CI reads the counts from this file; see .ci/run.
    reporters: process.env["CI"]
      ? ["default", ["json", { outputFile: "dist/test-results.json" }]]
      : ["default"],
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], execArgv } },
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
          // One file after another, and after the quick projects: each starts a whole mesh.
          fileParallelism: false,
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
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          execArgv,
          testTimeout: FAULTS_TIMEOUT_MS,
          hookTimeout: FAULTS_TIMEOUT_MS,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: "crash",
          include: ["test/crash/**/*.test.ts"],
          execArgv,
          testTimeout: CRASH_TIMEOUT_MS,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
