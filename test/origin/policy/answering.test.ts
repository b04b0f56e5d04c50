import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dryRun, policiesOf, publicationsOf } from "../../../origin/index.ts";
import { problemSchema, signedAnswerSchema } from "../../../protocol/index.ts";
import { ward, wardRecord } from "../../support/origin-domain.ts";
import { startTestMesh, type TestMesh } from "../../support/origin-mesh.ts";
import {
  asOperator,
  delegateOf,
  postQuery,
  signedQuery,
  startTestOrigin,
  writeOriginFiles,
  type QuerySender,
  type TestOrigin,
} from "../../support/origin-server.ts";

const SIZE = 5;
let mesh: TestMesh;
let started: TestOrigin;
let configFile: string;
let member: QuerySender;
const query = { domain: ward.id, profile: { age: 40, sex: "female" }, k: 10 };

beforeAll(async () => {
  mesh = await startTestMesh(2);
  configFile = await writeOriginFiles(mesh, {
    policy: {
      minimumGroupSize: SIZE,
      queriesPerDay: 40,
      rules: [
        { effect: "refuse", purposes: ["marketing"] },
        { effect: "allow", members: ["node 1"] },
      ],
    },
  });
  started = await startTestOrigin(configFile);
  const [own, other] = mesh.members;
  if (!other) throw new Error("no second member");
  member = { identity: other.identity, mesh: mesh.id, to: own.identity.node };
  for (let i = 0; i < 4 * SIZE; i++) {
    const record = wardRecord(`patient-${i}`, {
      profile: { age: 30 + i, sex: i % 2 === 0 ? "female" : "male" },
      result: { recovered: i % 4 !== 0 },
      group: `g${i}`,
    });
    await asOperator(started.url, "POST", "/v1/outcomes", { domain: ward.id, record });
  }
});

afterAll(async () => {
  await started.origin.close();
  await mesh.stop();
});

async function send(changes: object = {}, sender = member): Promise<Response> {
  return postQuery(started.url, await signedQuery(started.url, { ...query, ...changes }, sender));
}

async function ask(changes: object = {}, sender = member) {
  return signedAnswerSchema.parse(await (await send(changes, sender)).json()).answer;
}

/** Queries of the day that a RateLimit header leaves. */
function left(header: string | null): number {
  return Number(/"day";r=(\d+)/.exec(header ?? "")?.[1]);
}

async function refusal(response: Response) {
  const { status, detail } = problemSchema.parse(await response.json());
  return [status, detail];
}

describe("P-101: under a policy that gives no single cases", () => {
  test("an answer has cells of whole cohorts, and nothing of a single record", async () => {
    const { results, aggregate } = await ask();
    expect(results).toEqual([]);
    expect(aggregate?.minimumGroupSize).toBe(SIZE);
    expect(aggregate?.cells.length).toBeGreaterThan(0);
    for (const cell of aggregate?.cells ?? []) {
      expect(cell.individuals).toBeGreaterThanOrEqual(SIZE);
      expect(Object.keys(cell).toSorted()).toEqual(
        ["individuals", "intervention", "records", "result", "similarity"].toSorted(),
      );
    }
  });

  test("near-identical queries, of the member or its client, get the same cells", async () => {
    const cellsOf = async (changes: object, sender = member) =>
      new Set(
        ((await ask(changes, sender)).aggregate?.cells ?? []).map((cell) =>
          JSON.stringify({ ...cell, similarity: null }),
        ),
      );
    const client = { ...member, ...(await delegateOf(mesh.id, member.identity)) };
    const all = await cellsOf({ k: 200 });
    for (const age of [39, 40, 40.001, 41]) {
      for (const k of [1, 6, 11]) {
        for (const sender of [member, client]) {
          const some = await cellsOf({ k, profile: { ...query.profile, age } }, sender);
          expect([...some].filter((cell) => !all.has(cell))).toEqual([]);
        }
      }
    }
  });

  test("groups can not be left out, whichever they are", async () => {
    const expected = [403, "this origin's policy does not allow excludeGroups"];
    for (const group of ["g1", "no group"]) {
      expect(await refusal(await send({ excludeGroups: [group] }))).toEqual(expected);
    }
  });
});

test("P-100: who may not ask, or not for this, is told which of both, and no more", async () => {
  const [own] = mesh.members;
  const stranger = { ...member, identity: own.identity };
  expect(await refusal(await send({}, stranger))).toEqual([
    403,
    "this origin's policy does not let this member ask",
  ]);
  expect(await refusal(await send({ purpose: "marketing" }))).toEqual([
    403,
    "this origin's policy does not let this member ask for this purpose",
  ]);
  expect((await send({ purpose: "research" })).status).toBe(200);
});

test("a dry run says what the live path answers, and counts against no quota", async () => {
  const { config } = started;
  const domains = [ward];
  const before = (await send()).headers.get("ratelimit");
  const run = await dryRun({
    database: config.database,
    domains,
    policies: policiesOf(config, domains),
    publications: publicationsOf(policiesOf(config, domains)),
    asker: { node: member.identity.node, name: "node 1" },
    query,
    now: Date.now,
  });
  const live = await send();
  expect(left(live.headers.get("ratelimit"))).toBe(left(before) - 1);
  const { answer } = signedAnswerSchema.parse(await live.json());
  expect(run.answer.decision.outcome).toBe("aggregate");
  expect(run.answer.aggregate).toEqual(answer.aggregate);
  const [published] = run.published;
  expect(published?.records).toBe(4 * SIZE);
  for (const { count } of published?.entries ?? []) expect(count).toBeGreaterThanOrEqual(SIZE);
});

// Last: it uses the day's quota up.
test("P-103: a member's quota is its clients' too, and outlives a restart", async () => {
  const client = { ...member, ...(await delegateOf(mesh.id, member.identity)) };
  let answered = 0;
  for (;;) {
    const response = await send({}, answered % 2 === 0 ? member : client);
    if (response.status !== 200) break;
    answered += 1;
    expect(answered).toBeLessThanOrEqual(40);
  }
  await started.origin.close();
  started = await startTestOrigin(configFile);
  // Later than the last request before the restart, which is not told from a replay.
  const refused = await send({}, { ...member, now: Date.now() + 2000 });
  expect(refused.status).toBe(429);
  expect(refused.headers.get("ratelimit-policy")).toBe('"day";q=40;w=86400');
  const seconds = Number(refused.headers.get("retry-after"));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(86_400);
  expect(refused.headers.get("ratelimit")).toBe(`"day";r=0;t=${seconds}`);
});
