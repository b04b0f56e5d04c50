/** `query`, against a server that answers as a gateway does. */
import { readdir, readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { synthesisSchema } from "../../client/index.ts";
import {
  domainIdOf,
  nodeIdSchema,
  problemOf,
  queryResponseSchema,
  toBase64Url,
  type OriginReport,
  type Problem,
  type QueryEvent,
  type QueryResponse,
} from "../../protocol/index.ts";
import { sendJson, startTestServer, type TestServer } from "../support/client-server.ts";
import { receiptOf } from "../support/receipts.ts";
import { smallDomain, smallQuery } from "../support/small-example.ts";
import { alice, bob, mesh } from "../unit/support/identities.ts";
import {
  command,
  errorOf,
  fileOf,
  freshDirectory,
  PROCESS_TIMEOUT_MS,
  type Finished,
} from "./cli-process.ts";

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS });

const TOKEN = "token-of-the-tests";
const DOMAIN = domainIdOf(smallDomain);
const PROFILE = JSON.stringify(smallQuery);
const node = (byte: number) => nodeIdSchema.parse(toBase64Url(new Uint8Array(32).fill(byte)));

function report(byte: number, changes: Partial<OriginReport>): OriginReport {
  return {
    node: node(byte),
    organisation: `Hospital ${byte}`,
    estimate: 0.9,
    status: "answered",
    results: 0,
    milliseconds: 12,
    bytesSent: 100,
    bytesReceived: 200,
    ...changes,
  };
}

const result = (reference: string, score: number, treatment: string, recovered: boolean) => ({
  reference,
  score,
  features: { age: score, site: 1 },
  intervention: { treatment },
  result: { recovered },
});

const FOUND = [result("x", 0.91, "a", true), result("y", 0.8, "b", false)];

/** What a gateway says of a query that one of the two origins asked has refused. */
function responseOf(refused: boolean): QueryResponse {
  const origins = [
    report(1, { results: FOUND.length }),
    ...(refused
      ? [report(2, { status: "refused", problem: problemOf("forbidden", { detail: "not you" }) })]
      : []),
  ];
  return {
    domain: DOMAIN,
    ranking: FOUND.map((found, i) => ({
      ...found,
      rank: i + 1,
      node: node(1),
      organisation: "Hospital 1",
    })),
    origins,
    coverage: {
      slotsAsked: 16,
      slotsAnswered: 16,
      overBudget: 0,
      originsFound: origins.length,
      originsAsked: origins.length,
      originsAnswered: 1,
      originsRefused: refused ? 1 : 0,
      originsTimedOut: 0,
      originsFailed: 0,
    },
    cost: {
      lookupRequests: 7,
      hedged: 1,
      confirmations: 2,
      originRequests: origins.length,
      bytesSent: 1500,
      bytesReceived: 2500,
      rowsScanned: 40,
      milliseconds: 123,
    },
    warnings: [{ path: "signs.0", message: "unknown term T:x" }],
  };
}

const NOTHING: QueryResponse = { ...responseOf(false), ranking: [] };

function eventsOf(response: QueryResponse): QueryEvent[] {
  const { slotsAsked, slotsAnswered, overBudget } = response.coverage;
  return [
    {
      type: "route",
      coverage: { slotsAsked, slotsAnswered, overBudget },
      origins: response.origins.map(({ node: id, organisation, estimate }) => ({
        node: id,
        organisation,
        estimate,
      })),
    },
    ...response.origins.map((origin): QueryEvent => ({
      type: "origin",
      origin,
      results: origin.results > 0 ? FOUND : [],
    })),
    { type: "done", response },
  ];
}

let server: TestServer;
let domainFile = "";
beforeAll(async () => {
  server = await startTestServer();
  domainFile = await fileOf("small.json", JSON.stringify(smallDomain));
});
afterAll(() => server.close());

let answerQuery: (response: ServerResponse) => void;
const stream = (events: readonly QueryEvent[]) => (response: ServerResponse) => {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  for (const event of events) response.write(`${JSON.stringify(event)}\n`);
  response.end();
};
const refuse = (problem: Problem) => (response: ServerResponse) =>
  sendJson(response, problem.status, problem);

let received: { path: string; body: string }[] = [];
beforeEach(() => {
  received = [];
  answerQuery = stream(eventsOf(responseOf(false)));
  server.answerWith(({ path, headers, body }, response) => {
    received.push({ path, body: body.toString() });
    if (headers.authorization !== `Bearer ${TOKEN}`) refuse(problemOf("unauthorized"))(response);
    else if (path === `/v1/domains/${DOMAIN}`) sendJson(response, 200, smallDomain);
    else if (path === "/v1/query") answerQuery(response);
    else refuse(problemOf("not-ready"))(response);
  });
});

function query(args: readonly string[] = [], token = TOKEN): Promise<Finished> {
  return command(
    ["query", "--gateway", server.url, "--domain", domainFile, "--profile", PROFILE, ...args],
    { OUTCOME_MESH_TOKEN: token },
  );
}

describe("query", () => {
  test("prints ranking, origins, synthesis and cost", async () => {
    const { code, stdout, stderr } = await query();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ *1 +0\.910 +Hospital 1 +a +yes$/m);
    expect(stdout).toMatch(/^ *2 +0\.800 +Hospital 1 +b +no$/m);
    expect(stdout).toMatch(/^Hospital 1 +0\.90 +answered +2 +12$/m);
    expect(stdout).toContain("Synthesis of 2 outcomes");
    expect(stdout).toContain("16 of 16 slots answered; 1 origins found, 1 asked, 1 answered");
    expect(stdout).toContain("7 lookup (2 to confirm, 1 hedged) and 1 origin requests");
    expect(stdout).toContain("1.5 kB sent, 2.5 kB received; 123 ms");
    expect(stderr).toBe("looking up origins\nasking origins\nwarning: signs.0: unknown term T:x\n");
  });

  test("prints one document with --json, and ends with 3 where an origin refused", async () => {
    answerQuery = stream(eventsOf(responseOf(true)));
    const { code, stdout } = await query(["--json"]);
    expect(code).toBe(3);
    const document = Object(JSON.parse(stdout));
    expect(Object.keys(document)).toEqual(["response", "synthesis"]);
    expect(queryResponseSchema.parse(document.response)).toEqual(responseOf(true));
    expect(synthesisSchema.parse(document.synthesis).outcomes).toBe(2);
  });

  test("says why an origin refused, and shows features if asked", async () => {
    answerQuery = stream(eventsOf(responseOf(true)));
    const { stdout } = await query(["--features"]);
    expect(stdout).toMatch(/^Hospital 2 .* refused .*The asker may not do this; not you$/m);
    expect(stdout).toMatch(/ ~age +~site$/m);
    expect(stdout).toMatch(/^ *1 .* 0\.91 +1\.00$/m);
  });

  test("keeps the receipts of the origins that gave one, where it is told to", async () => {
    const receipt = await receiptOf(
      {
        version: 1,
        node: bob.node,
        domain: DOMAIN,
        query: "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
        answeredAt: 1,
        results: [],
        warnings: [],
      },
      { identity: bob, mesh, asker: alice.node },
    );
    const found = responseOf(true);
    const [first, ...others] = found.origins;
    if (!first) throw new Error("no origin");
    const origins = [{ ...first, receipt }, ...others];
    answerQuery = stream(eventsOf({ ...found, origins }));
    const directory = join(await freshDirectory(), "receipts");
    const { code } = await query(["--receipts", directory]);
    expect(code).toBe(3);
    const files = await readdir(directory);
    expect(files).toEqual([`${first.node}-0.json`]);
    const kept = await readFile(join(directory, files[0] ?? ""), "utf8");
    expect(JSON.parse(kept)).toEqual(JSON.parse(JSON.stringify(receipt)));
  });

  test("ends with 1 where nothing similar was found", async () => {
    answerQuery = stream(eventsOf(NOTHING));
    const { code, stdout } = await query();
    expect(code).toBe(1);
    expect(stdout).toContain("Nothing similar was found.");
  });

  test("sends what it was told, with a profile from a file and a domain by its id", async () => {
    const file = await fileOf("profile.json", PROFILE);
    const settings = ["-k", "5", "--max-origins", "7", "--deadline", "2000", "--exhaustive"];
    const { code } = await query(["--domain", DOMAIN, "--profile", `@${file}`, ...settings]);
    expect(code).toBe(0);
    expect(received.map(({ path }) => path)).toEqual([`/v1/domains/${DOMAIN}`, "/v1/query"]);
    expect(JSON.parse(received[1]?.body ?? "")).toEqual({
      domain: DOMAIN,
      profile: smallQuery,
      k: 5,
      maxOrigins: 7,
      deadlineMs: 2000,
      exhaustive: true,
    });
  });

  test("tells the gateway nothing of the profile with --private", async () => {
    // This gateway refuses to route, once it has been asked.
    expect((await query(["--private"])).code).toBe(5);
    expect(received.map(({ path }) => path)).toContain("/v1/route");
    expect(received.map(({ path }) => path)).not.toContain("/v1/query");
    const sent = received.map(({ body }) => body).join("");
    for (const value of ["north", "fever", "cough", "profile"]) expect(sent).not.toContain(value);
  });
});

describe("query that fails", () => {
  test("ends with 5 where the gateway refuses, as a document with --json", async () => {
    const run = await query(["--json"], "another-token");
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 5, stdout: "" });
    expect(errorOf(run)).toMatchObject({
      code: "refused",
      exitCode: 5,
      hint: expect.stringContaining("OUTCOME_MESH_TOKEN"),
    });
  });

  test.each([{ args: [] }, { args: ["--private"] }])(
    "ends with 2 where the profile does not fit, and names its fields: $args",
    async ({ args }) => {
      const errors = [{ path: "age", message: "must be a number" }];
      answerQuery = refuse(problemOf("bad-profile", { errors }));
      const { code, stderr } = await query([...args, "--profile", '{"age":"old"}']);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^ {2}age: \S/m);
      expect(stderr).toMatch(/^hint: \S/m);
    },
  );

  test("ends with 4 where the gateway can not be reached", async () => {
    const { code, stderr } = await query(["--gateway", "http://127.0.0.1:9"]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: the gateway http:\/\/127\.0\.0\.1:9 can not be reached/m);
    expect(stderr).toMatch(/^hint: /m);
  });

  test("ends with 4 where something else answers", async () => {
    answerQuery = (response) => response.writeHead(200).end("<html>");
    const { code, stderr } = await query();
    expect(code).toBe(4);
    expect(stderr).toContain("does not answer as a gateway");
  });

  test("ends with 5 where the gateway fails on the way", async () => {
    const [route] = eventsOf(responseOf(false));
    const failed: QueryEvent = { type: "failed", problem: problemOf("internal") };
    answerQuery = stream(route ? [route, failed] : [failed]);
    expect((await query()).code).toBe(5);
  });

  test.each([
    { args: ["--profile", "[]"], says: "one JSON object" },
    { args: ["--domain", "no-such-file"], says: "neither a file nor a domain's id" },
    { args: ["--gateway", "mesh.example.org"], says: "https://mesh.example.org" },
    { args: ["-k", "201"], says: "from 1 to 200" },
  ])("ends with 2 before anything is sent: $args", async ({ args, says }) => {
    const { code, stderr } = await query(args);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(received).toEqual([]);
  });

  test("ends with 2 without a token", async () => {
    const args = ["query", "--gateway", server.url, "--domain", domainFile, "--profile", PROFILE];
    const { code, stderr } = await command(args);
    expect(code).toBe(2);
    expect(stderr).toContain("--token");
  });
});
