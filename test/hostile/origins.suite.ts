/** What a hostile member's origin answers: it costs the query that origin's results, and nothing else. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import {
  contentDigest,
  openQuery,
  openSealingKey,
  ORIGIN_QUERY_PATH,
  secretKeySchema,
  signAnswer,
  utf8Bytes,
  type OriginStatus,
} from "../../protocol/index.ts";
import { signatureOfCase } from "../support/faults/workload.ts";
import {
  HONEST,
  sharedHostileMesh,
  type HostileMesh,
  type Reply,
} from "../support/hostile/hostile-mesh.ts";
import type { Arrival } from "../support/recording-proxy.ts";

const BOMB_BYTES = 104_857_600;
const [ASKER = ""] = HONEST;

let mesh: HostileMesh;

beforeAll(async () => {
  mesh = await sharedHostileMesh();
  // It says that it has the case, so that it is asked.
  const entry = await mesh.entry({ signature: signatureOfCase(mesh.faults, 0), seq: 1000 });
  for (const { slug } of mesh.faults.local.organisations) {
    await mesh.post("/v1/peer/publish", { entries: [entry] }, mesh.faults.local.organisation(slug));
  }
});

async function expectOnlyLoss(
  status: OriginStatus,
  reply: (arrival: Arrival) => Reply | Promise<Reply>,
): Promise<void> {
  const behave = mesh.misbehave("origin", ORIGIN_QUERY_PATH, reply);
  try {
    const broken = mesh.workload.ledger.broken.length;
    const answer = await mesh.workload.query(ASKER, 0, { exhaustive: true, deadlineMs: 4000 });
    expect(mesh.workload.ledger.broken.slice(broken)).toEqual([]);
    const { node } = mesh.hostile.identity;
    expect(answer?.origins.find((origin) => origin.node === node)?.status).toBe(status);
    const exact = answer?.ranking.filter(({ score }) => score === 1) ?? [];
    expect(exact.map((result) => result.node).toSorted()).toEqual(
      HONEST.map((slug) => mesh.honest(slug).identity.node).toSorted(),
    );
  } finally {
    behave();
  }
}

test("100 MB", () =>
  expectOnlyLoss("invalid", () => ({ body: new Uint8Array(BOMB_BYTES).fill(0x20) })));

test("100 MB, compressed to a few kB", () =>
  expectOnlyLoss("invalid", () => ({
    headers: { "content-encoding": "gzip" },
    body: gzipSync(new Uint8Array(BOMB_BYTES).fill(0x20)),
  })));

test("a redirect to an internal address", () =>
  expectOnlyLoss("invalid", () => ({
    status: 307,
    headers: { location: `${mesh.honest().originUrl}/v1/status` },
    body: new Uint8Array(),
  })));

test("results in another organisation's name, sealed as an honest answer is", () =>
  expectOnlyLoss("invalid", async ({ body }) => {
    const { identity, database } = mesh.hostile;
    const secret = (await readFile(`${database}.sealing-key`, "utf8")).trim();
    const key = await openSealingKey(secretKeySchema.parse(secret));
    const opened = await openQuery(body, [key], {
      mesh: mesh.faults.local.mesh,
      from: mesh.honest(ASKER).identity.node,
      to: identity.node,
      method: "POST",
      path: ORIGIN_QUERY_PATH,
    });
    if (!opened.ok) throw new Error(opened.error);
    const signed = await signAnswer(identity, mesh.faults.local.mesh, {
      version: 1,
      node: mesh.honest().identity.node,
      domain: mesh.faults.domain.id,
      query: contentDigest(opened.value.body),
      answeredAt: Date.now(),
      results: [],
      warnings: [],
    });
    const content = { status: 200, body: utf8Bytes(JSON.stringify(signed)) };
    return { body: await opened.value.answer.seal(content, randomBytes(16)) };
  }));
