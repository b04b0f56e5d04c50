/** The origin's end of the link, against a Worker's end of the tests. The real one: test/mesh/link.test.ts. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { startLink, type RunningLink } from "../../origin/index.ts";
import {
  Assembler,
  decodeLinkMessage,
  encodeLinkMessage,
  LINK_CLOSE,
  LINK_MESSAGE_MAX_BYTES,
  LINK_PING,
  LINK_PONG,
  meshIdSchema,
  openIdentity,
  secretKeyFrom,
  type LinkMessage,
  type OutgoingLinkMessage,
} from "../../protocol/index.ts";

const ID = "AAAAAAAAAAE";
const MESH = meshIdSchema.parse("A".repeat(43));

/** A Worker's end of one connection. */
class Far {
  readonly #assembler = new Assembler(LINK_MESSAGE_MAX_BYTES);
  readonly socket: WebSocket;
  readonly received: LinkMessage[] = [];
  closedWith: number | undefined;
  answersPings = true;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data, isBinary) => {
      if (!Buffer.isBuffer(data)) throw new TypeError("not a buffer");
      if (isBinary) this.#take(data);
      else if (this.answersPings && data.toString() === LINK_PING) socket.send(LINK_PONG);
    });
    socket.on("close", (code) => {
      this.closedWith = code;
    });
  }

  say(message: OutgoingLinkMessage): void {
    for (const frame of encodeLinkMessage(message)) this.socket.send(frame);
  }

  ask(path = "/v1/origin/v1/outcomes/query", timeoutMs = 5000): void {
    const head = { method: "POST", path, headers: {}, timeoutMs };
    this.say({ kind: "request", id: ID, head, body: new Uint8Array() });
  }

  async hears(kind: LinkMessage["kind"], count = 1): Promise<LinkMessage[]> {
    const found = () => this.received.filter((message) => message.kind === kind);
    await vi.waitUntil(() => found().length >= count, 3000);
    return found();
  }

  #take(data: Buffer): void {
    const taken = this.#assembler.take(data);
    const message = taken.ok && taken.value ? decodeLinkMessage(taken.value) : undefined;
    if (!message?.ok) throw new Error("not a message");
    this.received.push(message.value);
  }
}

let server: WebSocketServer;
let link: RunningLink;
let handed: number;
let answerAfterMs: number;
const ends: Far[] = [];

beforeEach(async () => {
  handed = 0;
  answerAfterMs = 0;
  ends.length = 0;
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => ends.push(new Far(socket)));
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  link = startLink({
    identity: await openIdentity(secretKeyFrom(randomBytes(32))),
    mesh: MESH,
    meshUrl: `http://127.0.0.1:${address.port}`,
    maxInFlight: 4,
    handle: async () => {
      handed += 1;
      await sleep(answerAfterMs);
      return new Response("answered");
    },
  });
});

afterEach(async () => {
  vi.useRealTimers();
  await link.stop();
  for (const client of server.clients) client.terminate();
  server.close();
});

/** The `number`-th connection, welcomed. */
async function welcomed(number = 1, wanted: string[] = []): Promise<Far> {
  await vi.waitFor(() => expect(ends).toHaveLength(number), 5000);
  const end = ends[number - 1];
  if (!end) throw new Error("no connection");
  await end.hears("hello");
  end.say({ kind: "welcome", head: { wanted } });
  await vi.waitFor(() => expect(link.report().state).toBe("connected"));
  return end;
}

test("P-133: a request that comes twice is handed on once, and its answer is sent again until it is released", async () => {
  const end = await welcomed();
  end.ask();
  const [answer] = await end.hears("answer");
  expect(answer).toMatchObject({ id: ID, head: { status: 200 } });
  expect(Buffer.from(answer?.body ?? []).toString()).toBe("answered");
  end.ask();
  await end.hears("answer", 2);
  expect(handed).toBe(1);
  end.say({ kind: "release", id: ID, head: {} });
  end.ask();
  await end.hears("answer", 3);
  expect(handed).toBe(2);
});

test("P-133: a new connection says what is held, and brings the answers that are still wanted", async () => {
  const first = await welcomed();
  first.ask();
  await first.hears("answer");
  first.socket.terminate();
  await vi.waitFor(() => expect(ends).toHaveLength(2), 3000);
  const [hello] = (await ends[1]?.hears("hello")) ?? [];
  expect(hello?.head).toEqual({ maxInFlight: 4, held: [ID] });
  const second = await welcomed(2, [ID]);
  await second.hears("answer");
  expect(handed).toBe(1);
  second.socket.terminate();
  const third = await welcomed(3);
  await sleep(50);
  expect(third.received.map(({ kind }) => kind)).toEqual(["hello"]);
  third.socket.terminate();
  await vi.waitFor(() => expect(ends).toHaveLength(4), 5000);
  const [last] = (await ends[3]?.hears("hello")) ?? [];
  expect(last?.head).toEqual({ maxInFlight: 4, held: [] });
});

test("P-135: a request whose asker waits no longer is forgotten, also where no one says so", async () => {
  answerAfterMs = 300;
  const end = await welcomed();
  end.ask(undefined, 100);
  await vi.waitFor(() => expect(link.report().inFlight).toBe(1));
  await sleep(400);
  expect(link.report()).toMatchObject({ inFlight: 0, answered: 0 });
  expect(end.received.map(({ kind }) => kind)).toEqual(["hello"]);
});

test("P-138: nothing but queries is handed on", async () => {
  const end = await welcomed();
  for (const path of ["/v1/status", "/v1/outcomes/query", "/v1/origin/v1/status"]) {
    end.ask(path);
    const answers = await end.hears("answer");
    expect(answers.at(-1)?.head).toMatchObject({ status: 404 });
    end.say({ kind: "release", id: ID, head: {} });
  }
  expect(handed).toBe(0);
});

test("P-136: a Worker that answers no ping is given up within 30 s, and connected to anew", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] });
  const end = await welcomed();
  for (let i = 0; i < 3; i++) {
    await vi.advanceTimersByTimeAsync(10_000);
    await sleep(50);
  }
  expect(ends).toHaveLength(1);
  expect(end.closedWith).toBeUndefined();
  end.answersPings = false;
  for (let i = 0; i < 3; i++) {
    await vi.advanceTimersByTimeAsync(10_000);
    await sleep(50);
  }
  await vi.waitFor(() => expect(ends).toHaveLength(2), 3000);
  expect(end.closedWith).toBe(1006);
  expect(link.report().reason).toBe("silent");
});

test.each<readonly [string, (end: Far) => void]>([
  ["another version", (end) => end.socket.send(new Uint8Array(11).fill(2))],
  [
    "half a message that another cuts short",
    (end) => {
      end.socket.send(Uint8Array.of(1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0));
      end.socket.send(Uint8Array.of(1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0));
    },
  ],
])("P-137: %s closes the link, with a code that says why; it is made anew", async (_, send) => {
  const end = await welcomed();
  send(end);
  await vi.waitFor(() => expect(end.closedWith).toBe(LINK_CLOSE.malformed));
  await welcomed(2);
});

test("P-137: where another connection took its place, it does not take it back at once", async () => {
  const end = await welcomed();
  end.socket.close(LINK_CLOSE.replaced, "replaced");
  await vi.waitFor(() =>
    expect(link.report()).toMatchObject({ state: "waiting", reason: "replaced" }),
  );
  await sleep(800);
  expect(ends).toHaveLength(1);
});

test("P-133: to stop, it says goodbye, answers what it has, and closes", async () => {
  answerAfterMs = 200;
  const end = await welcomed();
  end.ask();
  await vi.waitFor(() => expect(handed).toBe(1));
  await link.stop();
  expect(end.received.map(({ kind }) => kind)).toEqual(["hello", "goodbye", "answer"]);
  expect(end.closedWith).toBe(LINK_CLOSE.done);
});

test("it stops at once where there is no connection", async () => {
  await welcomed();
  server.close();
  for (const { socket } of ends) socket.terminate();
  await vi.waitFor(() => expect(link.report().state).not.toBe("connected"));
  const startedAt = Date.now();
  await link.stop();
  expect(Date.now() - startedAt).toBeLessThan(1500);
});
