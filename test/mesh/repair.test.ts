/** Replicas mend what one of them lost, hand over what moves, and forget what was withdrawn, whoever missed it. */
import { copyFile, rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalMesh } from "../../client/cli/local-mesh/local-mesh.ts";
import { canonicalBytes, type NodeId, type Profile } from "../../protocol/index.ts";
import {
  askTree,
  countRows,
  deleteRows,
  repairNode,
  shardDatabases,
  signatureOfProfile,
  type ReplicaMesh,
  type TreeAnswer,
} from "../support/replicas.ts";
import { smallDomain, smallExample, smallRecord } from "../support/small-example.ts";
import { postJson, startTestMesh, type TestMesh } from "../support/test-mesh.ts";

const SLUGS = ["ash", "birch", "cedar", "elm", "fir", "gorse"];
const VICTIM = "cedar";
const OTHERS = SLUGS.filter((slug) => slug !== VICTIM);
const TREES = Array.from({ length: smallDomain.signature.trees }, (_, tree) => tree);
/** Long enough that no round begins by itself: each test says when. */
const ENVIRONMENT = { REPAIR_SECONDS: "3600" };
/** Rounds after which everything is where it should be again, whatever one test did. */
const ROUNDS = 2;

let started: TestMesh;
let mesh: LocalMesh;

beforeAll(async () => {
  started = await startTestMesh(smallExample(SLUGS), {
    replicas: 3,
    shards: 2,
    environment: ENVIRONMENT,
  });
  mesh = started.mesh;
  await rounds(ROUNDS);
});

afterAll(async () => {
  await mesh.stop();
  await started.stop();
});

function replicas(): ReplicaMesh {
  return { mesh: mesh.mesh, organisations: mesh.organisations, compiled: started.compiled };
}

/** So many rounds of every node, one node after the other. Returns what the nodes said in the last. */
async function rounds(count: number) {
  let last = await Promise.all(mesh.organisations.map((o) => repairNode(replicas(), o)));
  for (let i = 1; i < count; i++) {
    last = await Promise.all(mesh.organisations.map((o) => repairNode(replicas(), o)));
  }
  return last;
}

async function restart(between: () => Promise<void>, shards?: number): Promise<void> {
  await mesh.stop();
  await between();
  if (shards !== undefined) {
    const { compiled } = started;
    const document = new TextDecoder().decode(canonicalBytes(compiled.domain));
    mesh = await LocalMesh.open({
      directory: started.directory,
      organisations: SLUGS.map((slug) => ({ slug, name: `Organisation ${slug}` })),
      domains: [{ compiled, document }],
      ontologies: [],
      replicas: 3,
      shards,
      environment: ENVIRONMENT,
    });
  }
  await mesh.startWorkers();
}

async function startOrigin(slug: string): Promise<void> {
  await mesh.startOrigin(slug);
}

interface Sample {
  readonly slug: string;
  readonly tree: number;
  readonly answer: TreeAnswer;
}

/** What every node says of a profile in every tree. */
async function sample(profile: Profile): Promise<Sample[]> {
  const signature = signatureOfProfile(started.compiled, profile);
  return Promise.all(
    mesh.organisations.flatMap((organisation) =>
      TREES.map(async (tree) => ({
        slug: organisation.slug,
        tree,
        answer: await askTree(replicas(), organisation, signature, tree),
      })),
    ),
  );
}

const node = (slug: string): NodeId => mesh.organisation(slug).identity.node;

/** The profile of every organisation's first record: an entry of each has its signature. */
const COMMON = smallRecord("ash", 0).profile;

/** Of every tree, so many nodes answer in full, and whoever does has the entries of all organisations. */
async function expectNothingMissing(least = 3): Promise<void> {
  const all = new Set(SLUGS.map(node));
  const byTree = Map.groupBy(await sample(COMMON), ({ tree }) => tree);
  for (const [tree, samples] of byTree) {
    const full = samples.filter(({ answer }) => answer.state === "held");
    expect(full.length, `nodes that hold tree ${tree}`).toBeGreaterThanOrEqual(least);
    for (const { slug, answer } of full) {
      expect(answer.nodes, `tree ${tree} at ${slug}`).toEqual(all);
    }
  }
}

test("P-67: an entry that a node lost is there again after one round of that node", async () => {
  let files: string[] = [];
  let before = 0;
  await restart(async () => {
    files = await shardDatabases(started.directory, VICTIM);
    before = countRows(files);
    deleteRows(files);
  });
  expect(files.length).toBe(2);
  expect(before).toBeGreaterThan(0);
  const lost = (await sample(COMMON)).filter(({ slug }) => slug === VICTIM);
  expect(lost.every(({ answer }) => answer.nodes.size === 0)).toBe(true);
  const repaired = await repairNode(replicas(), mesh.organisation(VICTIM));
  expect(repaired).toMatchObject({ fetched: before, failed: 0, backlog: 0 });
  await expectNothingMissing();
  expect(await repairNode(replicas(), mesh.organisation(VICTIM))).toMatchObject({ fetched: 0 });
});

test("P-67, P-68: while slots move to a node and away from it again, whoever answers in full has everything", async () => {
  for (const capacity of [6, 1]) {
    await mesh.renew({ [VICTIM]: { capacity } });
    let isSettled = false;
    for (let round = 0; round < 2 * ROUNDS && !isSettled; round++) {
      for (const organisation of mesh.organisations) {
        await repairNode(replicas(), organisation);
        // Of each slot at most one replica changes, so two can be relied on.
        await expectNothingMissing(2);
      }
      const reports = await rounds(1);
      isSettled = reports.every(({ backlog }) => backlog === 0);
    }
    expect(isSettled).toBe(true);
    await expectNothingMissing();
    const holders = Map.groupBy(
      (await sample(COMMON)).filter(({ answer }) => answer.state !== "not-held"),
      ({ tree }) => tree,
    );
    for (const held of holders.values()) expect(held).toHaveLength(3);
  }
});

test("a withdrawn entry never comes back from a node that missed its withdrawal", async () => {
  const profile = { age: 8, site: "harbour", signs: ["rash"] };
  await startOrigin("gorse");
  const { originUrl, operatorToken } = mesh.organisation("gorse");
  const deposited = await postJson(`${originUrl}/v1/outcomes`, operatorToken, {
    domain: started.compiled.id,
    record: { ...smallRecord("gorse", 0), id: "to-withdraw", profile },
  });
  expect(deposited).toMatchObject({ status: 201, body: { publication: { complete: 1 } } });
  let files: string[] = [];
  await restart(async () => {
    files = await shardDatabases(started.directory, VICTIM);
    for (const file of files) await copyFile(file, `${file}.before`);
  });
  await startOrigin("gorse");
  const withdrawn = await fetch(`${originUrl}/v1/outcomes/${started.compiled.id}/to-withdraw`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${operatorToken}` },
  });
  expect(await withdrawn.json()).toMatchObject({ publication: { acknowledged: 1 } });
  await restart(async () => {
    for (const file of files) {
      await copyFile(`${file}.before`, file);
      await rm(`${file}.before`);
      for (const journal of ["-wal", "-shm"]) await rm(file + journal, { force: true });
    }
  });
  const holders = async (): Promise<string[]> => {
    const found = (await sample(profile)).filter(({ answer }) => answer.nodes.has(node("gorse")));
    return [...new Set(found.map(({ slug }) => slug))];
  };
  expect(await holders()).toEqual([VICTIM]);
  // The others first: what they might fetch from it is older than what they have.
  for (const slug of OTHERS) await repairNode(replicas(), mesh.organisation(slug));
  expect(await holders()).toEqual([VICTIM]);
  await repairNode(replicas(), mesh.organisation(VICTIM));
  expect(await holders()).toEqual([]);
  await rounds(ROUNDS);
  expect(await holders()).toEqual([]);
});

test.each([5, 1])(
  "P-70: with %i shards instead, a node misses nothing at any moment",
  async (shards) => {
    await restart(async () => undefined, shards);
    for (let i = 0; i < 5; i++) await expectNothingMissing();
    await startOrigin("birch");
    const { originUrl, operatorToken } = mesh.organisation("birch");
    const record = {
      ...smallRecord("birch", 0),
      id: `with-${shards}`,
      profile: { age: 77, site: `s${shards}`, signs: ["rash"] },
    };
    const deposited = await postJson(`${originUrl}/v1/outcomes`, operatorToken, {
      domain: started.compiled.id,
      record,
    });
    expect(deposited).toMatchObject({ status: 201, body: { publication: { complete: 1 } } });
    await expect
      .poll(() => rounds(1), { timeout: 30_000, interval: 250 })
      .toEqual(SLUGS.map(() => expect.objectContaining({ failed: 0, backlog: 0 })));
    await expectNothingMissing();
    const found = (await sample(record.profile)).filter(({ answer }) => answer.state === "held");
    expect(found.every(({ answer }) => answer.nodes.has(node("birch")))).toBe(true);
  },
);
