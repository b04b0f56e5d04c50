/** Sealed queries at an origin: what it takes, what it refuses, and what can be seen from outside. */
import { randomBytes } from "node:crypto";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ConfigError, readOriginConfig, statusReportSchema } from "../../origin/index.ts";
import {
  askOriginOverHttp,
  contentDigest,
  openIdentity,
  openSealingKey,
  ORIGIN_QUERY_PATH,
  problemCode,
  problemSchema,
  readJson,
  SEALED_MEDIA_TYPE,
  sealQuery,
  secretKeyFrom,
  secretKeySchema,
  signedAnswerSchema,
  signRequest,
  utf8Bytes,
  type OriginOutcome,
  type OriginQuery,
  type SealedQuery,
  type SealingKey,
} from "../../protocol/index.ts";
import { ward, wardRecord } from "../support/origin-domain.ts";
import { startTestMesh, type TestMesh } from "../support/origin-mesh.ts";
import {
  asOperator,
  delegateOf,
  postQuery,
  refusalOf,
  signedQuery,
  startTestOrigin,
  writeOriginFiles,
  type QuerySender,
  type TestOrigin,
} from "../support/origin-server.ts";
import { testCaller } from "../support/test-caller.ts";

const query: OriginQuery = {
  domain: ward.id,
  profile: { age: 40, sex: "female", signs: ["T:fast"] },
  k: 10,
};

let mesh: TestMesh;
let member: QuerySender;
let started: TestOrigin | undefined;

beforeAll(async () => {
  mesh = await startTestMesh(3);
});
beforeEach(() => mesh.announce());
afterEach(async () => {
  await started?.origin.close();
  started = undefined;
});
afterAll(() => mesh.stop());

/** Starts an origin with one record; `announces` gives the mesh descriptors with its key, as its Worker does. */
async function startSealing(
  sealing: object | undefined,
  { file, announces = true }: { readonly file?: string; readonly announces?: boolean } = {},
) {
  const [own, other] = mesh.members;
  if (!other) throw new Error("no second member");
  member = { identity: other.identity, mesh: mesh.id, to: own.identity.node };
  const path = file ?? (await writeOriginFiles(mesh, { sealing }));
  const origin = await startTestOrigin(path);
  started = origin;
  const { sealing: config } = origin.config;
  const key = await keyOf(config.keyFile);
  if (announces) await mesh.announce(mesh.members, { sealingKey: key });
  const record = wardRecord("a");
  await asOperator(origin.url, "POST", "/v1/outcomes", { domain: ward.id, record });
  return { file: path, url: origin.url, key, config };
}

async function keyOf(file: string): Promise<SealingKey> {
  const secret = secretKeySchema.parse((await readFile(file, "utf8")).trim());
  return (await openSealingKey(secret)).publicKey;
}

const seal = (key: SealingKey, sender: QuerySender = member, body: unknown = query) =>
  sealQuery(
    utf8Bytes(JSON.stringify(body)),
    key,
    {
      mesh: sender.mesh,
      from: sender.delegation?.node ?? sender.identity.node,
      to: sender.to,
      method: "POST",
      path: ORIGIN_QUERY_PATH,
    },
    randomBytes(32),
  );

/** Sends a message as `sender`, signed. */
async function sendSealed(
  url: string,
  message: Uint8Array<ArrayBuffer>,
  sender: QuerySender = member,
) {
  const signed = await signRequest(
    { method: "POST", url: url + ORIGIN_QUERY_PATH, body: message },
    { timeoutMs: 60_000, ...sender, now: Date.now(), nonce: randomBytes(16) },
  );
  const headers = { ...signed, "content-type": SEALED_MEDIA_TYPE };
  return postQuery(url, { headers, body: message });
}

async function opened({ answer }: SealedQuery, response: Response) {
  const content = await answer.open(new Uint8Array(await response.arrayBuffer()));
  if (!content) throw new Error("not a sealed answer to this query");
  return { status: content.status, json: readJson(content.body) };
}

/** Asks as a gateway does. */
function ask(
  url: string,
  sealingKey: SealingKey | undefined,
  asked: OriginQuery = query,
): Promise<OriginOutcome> {
  const [own] = mesh.members;
  return askOriginOverHttp({
    ...testCaller(member.identity, mesh.id),
    origin: {
      node: own.identity.node,
      key: own.identity.publicKey,
      originUrl: url,
      sealingKey,
    },
    query: asked,
    deadline: Date.now() + 10_000,
  });
}

const look = ({ status, headers }: Response) => [
  status,
  [...headers.keys()].toSorted(),
  headers.get("content-length"),
];

async function announcedBy(url: string): Promise<string> {
  const response = await asOperator(url, "GET", "/v1/status");
  const { parts } = statusReportSchema.parse(await response.json());
  return String(parts.find(({ name }) => name === "sealing")?.details["announced"]);
}

/** Has the origin look at the mesh again: it does so for a sender that it does not know. */
async function refreshView(url: string): Promise<void> {
  const stranger = await openIdentity(secretKeyFrom(randomBytes(32)));
  const request = await signedQuery(url, query, { ...member, identity: stranger });
  expect((await postQuery(url, request)).status).toBe(403);
}

describe("an origin", () => {
  test("P-125: requires sealed queries by default; answers the others where its policy says so", async () => {
    const required = await startSealing(undefined);
    expect(required.config.mode).toBe("required");
    const unsealed = await postQuery(required.url, await signedQuery(required.url, query, member));
    expect(await refusalOf(unsealed)).toEqual({ status: 403, code: "sealing-required" });
    expect(await ask(required.url, required.key)).toMatchObject({ status: "answered" });
    await started?.origin.close();

    const optional = await startSealing({ mode: "optional" });
    for (const key of [undefined, optional.key]) {
      const outcome = await ask(optional.url, key);
      expect(outcome).toMatchObject({ status: "answered", results: [{ score: 1 }] });
    }
  });

  test("P-126: answers about the body within, and shows neither it nor the answer", async () => {
    const { url, key } = await startSealing({});
    const sealed = await seal(key);
    const response = await sendSealed(url, sealed.message);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(SEALED_MEDIA_TYPE);
    const bytes = Buffer.from(await response.clone().arrayBuffer());
    expect(bytes.includes("answer") || bytes.includes("rest")).toBe(false);
    const { status, json } = await opened(sealed, response);
    const { answer } = signedAnswerSchema.parse(json);
    expect(status).toBe(200);
    expect(answer.query).toBe(contentDigest(utf8Bytes(JSON.stringify(query))));
    expect(answer.results[0]?.intervention).toEqual({ treatment: "rest", dose: 10 });
  });

  test("P-126: hides what it refuses of a query's content, in an answer of the same size and look", async () => {
    const { url, key } = await startSealing({});
    const good = await sendSealed(url, (await seal(key)).message);
    for (const [body, status, code] of [
      [{ ...query, profile: { age: "old" } }, 422, "bad-profile"],
      [{ ...query, domain: member.to }, 404, "unknown-domain"],
      [{ ...query, excludeGroups: ["g"] }, 403, "forbidden"],
      [{ ...query, k: 0 }, 400, "bad-request"],
      ["no object", 400, "bad-request"],
    ] as const) {
      const sealed = await seal(key, member, body);
      const response = await sendSealed(url, sealed.message);
      expect(look(response)).toEqual(look(good));
      const content = await opened(sealed, response);
      expect([content.status, problemCode(problemSchema.parse(content.json))]).toEqual([
        status,
        code,
      ]);
    }
    expect(await ask(url, key, { ...query, profile: { age: "old" } })).toMatchObject({
      status: "refused",
      problem: { status: 422 },
    });
  });

  test("P-122: refuses what was sealed by another sender, changed, or is no sealed query", async () => {
    const { url, key } = await startSealing({});
    const [, , third] = mesh.members;
    if (!third) throw new Error("no third member");
    const { message } = await seal(key);
    const as = { ...member, identity: third.identity };
    const changed = message.with(message.length - 1, (message.at(-1) ?? 0) ^ 1);
    for (const attempt of [
      sendSealed(url, message, as),
      sendSealed(url, Uint8Array.from(changed)),
      sendSealed(url, utf8Bytes(JSON.stringify(query))),
      sendSealed(url, new Uint8Array()),
    ]) {
      expect(await refusalOf(await attempt)).toEqual({ status: 400, code: "bad-request" });
    }
  });

  test("P-48: refuses a sealed query that comes a second time", async () => {
    const { url, key } = await startSealing({});
    const { message } = await seal(key);
    const signed = await signRequest(
      { method: "POST", url: url + ORIGIN_QUERY_PATH, body: message },
      { timeoutMs: 60_000, ...member, now: Date.now(), nonce: randomBytes(16) },
    );
    const request = {
      headers: { ...signed, "content-type": SEALED_MEDIA_TYPE },
      body: message,
    };
    expect((await postQuery(url, request)).status).toBe(200);
    expect(await refusalOf(await postQuery(url, request))).toMatchObject({ status: 401 });
  });

  test("P-122: takes a client's sealed query in the name of its node", async () => {
    const { url, key } = await startSealing({});
    const client = { ...member, ...(await delegateOf(mesh.id, member.identity)) };
    const sealed = await seal(key, client);
    const response = await sendSealed(url, sealed.message, client);
    expect((await opened(sealed, response)).status).toBe(200);
  });
});

describe("a sealing key", () => {
  test("is made beside the database for its owner alone, kept, and given to the Worker", async () => {
    const { file, config, key } = await startSealing(undefined);
    expect(config.keyFile).toMatch(/origin\.sqlite\.sealing-key$/);
    expect((await stat(config.keyFile)).mode & 0o777).toBe(0o600);
    const [own] = mesh.members;
    await expect.poll(() => own.node.holdings?.sealingKey).toBe(key);
    await started?.origin.close();
    expect((await startSealing(undefined, { file })).key).toBe(key);
  });

  test.each([
    ["a key file that holds no key", { keyFile: "operator.token" }, /is not a sealing key/],
    ["a previous key that is gone", { previousKeyFiles: ["gone.key"] }, /is not there/],
    ["a key file that is a directory", { keyFile: "." }, /can not be read/],
  ])("%s is a fault of the configuration that says what to do", async (_, sealing, message) => {
    const attempt = startTestOrigin(await writeOriginFiles(mesh, { sealing }));
    const error: unknown = await attempt.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(message);
  });

  test("P-127: that was replaced still opens while it is named; who knows no better key asks again once", async () => {
    const first = await startSealing({});
    await started?.origin.close();
    await rename(first.config.keyFile, `${first.config.keyFile}.old`);
    const config: unknown = JSON.parse(await readFile(first.file, "utf8"));
    const previousKeyFiles = [`${first.config.keyFile}.old`];
    await writeFile(
      first.file,
      JSON.stringify({ ...Object(config), sealing: { previousKeyFiles } }),
    );
    const second = await startSealing({}, { file: first.file });
    expect(second.key).not.toBe(first.key);
    for (const key of [first.key, second.key]) {
      const outcome = await ask(second.url, key);
      expect(outcome).toMatchObject({ status: "answered", bytesSent: 1024 });
    }
    await started?.origin.close();

    await writeFile(first.file, JSON.stringify({ ...Object(config), sealing: {} }));
    const third = await startSealing({}, { file: first.file });
    await refreshView(third.url);
    // One who has not asked before: the restarted origin can not tell a replay of the other's last second.
    const [, , unheard] = mesh.members;
    member = { ...member, identity: unheard?.identity ?? member.identity };
    const refused = await sendSealed(third.url, (await seal(first.key)).message);
    expect(await refusalOf(refused)).toEqual({ status: 400, code: "unknown-sealing-key" });
    // The refusal brought the descriptor with today's key, and so the second attempt was right.
    expect(await ask(third.url, first.key)).toMatchObject({ status: "answered", bytesSent: 2048 });
    expect(await ask(third.url, undefined)).toMatchObject({ status: "answered" });
  });

  test("P-127: no one asks a second time where the descriptor has no other key", async () => {
    const stranger = await openSealingKey(secretKeyFrom(randomBytes(32)));
    const { url } = await startSealing({}, { announces: false });
    await refreshView(url);
    for (const [key, code] of [
      [stranger.publicKey, "unknown-sealing-key"],
      [undefined, "sealing-required"],
    ] as const) {
      const outcome = await ask(url, key);
      expect(outcome).toMatchObject({ status: "refused", results: [] });
      expect(outcome.problem && problemCode(outcome.problem)).toBe(code);
      expect(outcome.bytesSent).toBeLessThan(1025);
    }
  });

  test("P-128: of another in the node's descriptor, or none, shows in the origin's status", async () => {
    const { file, url, key } = await startSealing({});
    await refreshView(url);
    expect(await announcedBy(url)).toBe("own");
    await started?.origin.close();
    const another = await openSealingKey(secretKeyFrom(randomBytes(32)));
    for (const [announced, sealingKey] of [
      ["another", another.publicKey],
      ["own", key],
    ] as const) {
      const again = await startSealing({}, { file, announces: false });
      await mesh.announce(mesh.members, { sealingKey });
      await refreshView(again.url);
      expect(await announcedBy(again.url)).toBe(announced);
      await started?.origin.close();
    }
    await mesh.announce();
    const last = await startSealing({}, { file, announces: false });
    await refreshView(last.url);
    expect(await announcedBy(last.url)).toBe("none");
  });
});

test("the configuration resolves the key files beside itself", async () => {
  const file = await writeOriginFiles(mesh, {
    sealing: { keyFile: "a.key", previousKeyFiles: ["b.key"] },
  });
  const { sealing } = await readOriginConfig(file, {});
  expect(sealing).toEqual({
    mode: "required",
    keyFile: file.replace("origin.json", "a.key"),
    previousKeyFiles: [file.replace("origin.json", "b.key")],
  });
});
