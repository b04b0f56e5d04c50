/** Ending an origin: nobody is cut off, nothing is lost, and one database has one origin. */
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, expect, test, vi } from "vitest";
import { DatabaseInUseError, loadDomains, openStore } from "../../origin/index.ts";
import { startListener } from "../../origin/listener.ts";
import { ward, wardRecord } from "../support/origin-domain.ts";
import { startTestMesh } from "../support/origin-mesh.ts";
import { asOperator, startTestOrigin, writeOriginFiles } from "../support/origin-server.ts";

vi.setConfig({ testTimeout: 60_000 });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Got {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly body: string;
}

function get(url: string, agent: Agent): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (response) => {
      text(response).then(
        (body) =>
          resolve({ status: response.statusCode, connection: response.headers.connection, body }),
        reject,
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}

test("a request in hand is finished when the listener stops, and its connection is not kept", async () => {
  const { promise: asked, resolve: finish } = Promise.withResolvers<undefined>();
  let arrived = 0;
  const listener = await startListener(
    async () => {
      arrived += 1;
      await asked;
      return new Response("done");
    },
    { host: "127.0.0.1", port: 0 },
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  cleanups.push(() => agent.destroy());
  const first = get(listener.url, agent);
  // Waits for the same connection.
  const second = get(listener.url, agent).catch((error: unknown) => error);
  await vi.waitFor(() => expect(arrived).toBe(1));
  const stopped = listener.stop();
  finish(undefined);
  expect(await first).toEqual({ status: 200, connection: "close", body: "done" });
  await stopped;
  expect(await second).toMatchObject({ code: "ECONNREFUSED" });
  expect(arrived).toBe(1);
});

/** Puts a record into the database of a running origin, as `origin load` does, just before it ends. */
async function closeAfterLoad(mode: "answer" | "refuse"): Promise<{ stored: number; log: string }> {
  const mesh = await startTestMesh(1, 1);
  cleanups.push(() => mesh.stop());
  const { config, origin, url } = await startTestOrigin(await writeOriginFiles(mesh));
  const [own] = mesh.members;
  await vi.waitFor(() => expect(own.node.knows(ward)).toBe(true), 20_000);
  await vi.waitFor(async () => {
    const status: unknown = await (await asOperator(url, "GET", "/v1/status")).json();
    expect(status).toMatchObject({ membership: { isLive: true } });
  }, 20_000);
  own.node.mode = mode;
  let log = "";
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((part) => {
    log += String(part);
    return true;
  });
  try {
    const { domains } = await loadDomains(config);
    const store = openStore(config.database, domains);
    store.put(ward.id, [{ record: wardRecord("a"), signature: new Uint8Array(64).fill(1) }]);
    store.close();
    await origin.close();
  } finally {
    spy.mockRestore();
  }
  return { stored: own.node.entries.length, log };
}

test("what is due is told to the mesh before an origin ends", async () => {
  const { stored, log } = await closeAfterLoad("answer");
  expect(stored).toBe(1);
  expect(log).toMatch(/"event":"stopped".*"waiting":0/);
});

test("an origin that no one listens to ends nonetheless, and says what waits", async () => {
  const { stored, log } = await closeAfterLoad("refuse");
  expect(stored).toBe(0);
  expect(log).toMatch(/"event":"stopped".*"waiting":1,"unacknowledged":1/);
});

test("a second origin on one database is refused, and may start when the first has ended", async () => {
  const mesh = await startTestMesh(1, 1);
  cleanups.push(() => mesh.stop());
  const configFile = await writeOriginFiles(mesh);
  const first = await startTestOrigin(configFile);
  await expect(startTestOrigin(configFile)).rejects.toThrow(DatabaseInUseError);
  await first.origin.close();
  const second = await startTestOrigin(configFile);
  await second.origin.close();
});
