import { env, evictDurableObject, reset } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Exchanges } from "../../durable-objects/origin-link/exchanges.ts";
import { linkStub } from "../../durable-objects/stubs.ts";
import {
  Assembler,
  decodeLinkMessage,
  encodeLinkMessage,
  FRAME_MAX_BYTES,
  LINK_CLOSE,
  LINK_MESSAGE_MAX_BYTES,
  LINK_PING,
  LINK_PONG,
  LINK_SILENCE_MS,
  type LinkId,
  type LinkMessage,
  type OutgoingLinkMessage,
} from "../../protocol/index.ts";

const origins: Origin[] = [];

beforeEach(async () => {
  await reset();
});

afterEach(() => {
  vi.restoreAllMocks();
  // Only then: a reset in the middle of a close is noise on stderr.
  return Promise.all(origins.splice(0).map((origin) => origin.close()));
});

async function until(isSo: () => boolean): Promise<void> {
  await vi.waitUntil(isSo, 3000);
}

/** An origin's end of a link. */
class Origin {
  readonly #socket: WebSocket;
  readonly #assembler = new Assembler(LINK_MESSAGE_MAX_BYTES);
  readonly received: LinkMessage[] = [];
  readonly texts: string[] = [];
  closedWith: number | undefined;
  frames = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    origins.push(this);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#take(data));
    socket.addEventListener("close", ({ code }) => {
      this.closedWith = code;
    });
    socket.accept();
  }

  static async connect(hello: { maxInFlight?: number; held?: LinkId[] } = {}): Promise<Origin> {
    const response = await linkStub(env).fetch("https://link/", {
      headers: { upgrade: "websocket" },
    });
    if (!response.webSocket) throw new Error("no WebSocket");
    const origin = new Origin(response.webSocket);
    origin.say({ kind: "hello", head: { maxInFlight: 8, held: [], ...hello } });
    await origin.hears("welcome");
    return origin;
  }

  say(message: OutgoingLinkMessage, frameMaxBytes?: number): void {
    for (const frame of encodeLinkMessage(message, frameMaxBytes)) this.#socket.send(frame);
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  answer(id: LinkId, body = new Uint8Array(), frameMaxBytes?: number): void {
    this.say({ kind: "answer", id, head: { status: 200, headers: {} }, body }, frameMaxBytes);
  }

  of(kind: LinkMessage["kind"]): LinkMessage[] {
    return this.received.filter((message) => message.kind === kind);
  }

  /** Waits until it has `count` messages of a kind. */
  async hears(kind: LinkMessage["kind"], count = 1): Promise<LinkMessage[]> {
    await until(() => this.of(kind).length >= count);
    return this.of(kind);
  }

  async close(): Promise<void> {
    if (this.closedWith !== undefined) return;
    this.#socket.close();
    await this.closed();
  }

  async closed(): Promise<number | undefined> {
    await until(() => this.closedWith !== undefined);
    return this.closedWith;
  }

  #take(data: unknown): void {
    if (typeof data === "string") {
      this.texts.push(data);
      return;
    }
    if (!(data instanceof ArrayBuffer)) throw new TypeError("neither text nor bytes");
    this.frames += 1;
    const taken = this.#assembler.take(new Uint8Array(data));
    if (!taken.ok) throw new Error(taken.error);
    if (!taken.value) return;
    const message = decodeLinkMessage(taken.value);
    if (!message.ok) throw new Error(message.error);
    this.received.push(message.value);
  }
}

const ask = async (text: string, timeoutMs = 5000) => {
  const path = "/v1/origin/v1/outcomes/query";
  const body = new TextEncoder().encode(text);
  const asked = await linkStub(env).ask({ method: "POST", path, headers: {}, body }, timeoutMs);
  if (!asked.ok) return asked.error;
  return new TextDecoder().decode(Uint8Array.from(asked.value.body));
};

const bodies = (messages: readonly LinkMessage[]) =>
  messages.map(({ body }) => new TextDecoder().decode(body));

/** Answers with what was asked, until the test ends. */
function echo(origin: Origin, messages: readonly LinkMessage[]): void {
  for (const { id, body } of messages) origin.answer(id, Uint8Array.from(body));
}

test("P-133: a request goes to the origin, its answer comes back, and the origin may forget it", async () => {
  const origin = await Origin.connect();
  const asking = ask("a question");
  const [request] = await origin.hears("request");
  expect(request?.head).toMatchObject({ method: "POST", timeoutMs: expect.any(Number) });
  echo(origin, origin.of("request"));
  expect(await asking).toBe("a question");
  const [release] = await origin.hears("release");
  expect(release?.id).toBe(request?.id);
  expect(await linkStub(env).status()).toMatchObject({ connected: true, inFlight: 0, queued: 0 });
});

test("P-133: the link outlives its object's memory, between messages and with a partial one", async () => {
  const origin = await Origin.connect({ maxInFlight: 3 });
  await evictDurableObject(linkStub(env));
  origin.send(LINK_PING);
  await vi.waitFor(() => expect(origin.texts).toEqual([LINK_PONG]));
  const asking = ask("after it slept");
  echo(origin, await origin.hears("request"));
  expect(await asking).toBe("after it slept");
  expect(await linkStub(env).status()).toMatchObject({ connected: true, maxInFlight: 3 });

  const frames = encodeLinkMessage(
    {
      kind: "answer",
      id: "AAAAAAAAAAA",
      head: { status: 200, headers: {} },
      body: new Uint8Array(90),
    },
    50,
  );
  origin.send(frames[0] ?? "");
  await linkStub(env).status();
  await evictDurableObject(linkStub(env));
  for (const frame of frames.slice(1)) origin.send(frame);
  const next = ask("after the rest of it");
  echo(origin, (await origin.hears("request", 2)).slice(1));
  expect(await next).toBe("after the rest of it");
});

test("P-135: where no origin is connected, the asker hears so in half its time, and later at once", async () => {
  const startedAt = Date.now();
  expect(await ask("anyone?", 400)).toBe("away");
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(190);
  expect(Date.now() - startedAt).toBeLessThan(400);
  vi.spyOn(Date, "now").mockReturnValue(startedAt + 16_000);
  expect(await ask("anyone now?", 60_000)).toBe("away");
});

test("P-135: an origin that connects while someone waits is asked", async () => {
  const asking = ask("early");
  const origin = await Origin.connect();
  echo(origin, await origin.hears("request"));
  expect(await asking).toBe("early");
});

test("P-135: an answer that does not come in time is given up, and the origin is told", async () => {
  const origin = await Origin.connect();
  expect(await ask("slow", 100)).toBe("silent");
  const [release] = await origin.hears("release");
  expect(release?.id).toBe(origin.of("request")[0]?.id);
  // What comes after all goes nowhere, and breaks nothing.
  echo(origin, origin.of("request"));
  const asking = ask("quick");
  echo(origin, (await origin.hears("request", 2)).slice(1));
  expect(await asking).toBe("quick");
});

test("P-134: the origin has as many requests as it offers, in the order in which they came", async () => {
  const origin = await Origin.connect({ maxInFlight: 2 });
  const asking = ["a", "b", "c"].map((text) => ask(text));
  await origin.hears("request", 2);
  expect(await linkStub(env).status()).toMatchObject({ inFlight: 2, queued: 1 });
  expect(bodies(origin.of("request"))).toEqual(["a", "b"]);
  echo(origin, origin.of("request").slice(0, 1));
  expect(bodies(await origin.hears("request", 3))).toEqual(["a", "b", "c"]);
  echo(origin, origin.of("request").slice(1));
  expect(await Promise.all(asking)).toEqual(["a", "b", "c"]);
});

test("P-134: 256 may wait, the next hears that the origin is busy; so does one whose turn never comes", async () => {
  const origin = await Origin.connect({ maxInFlight: 1 });
  const first = ask("first", 10_000);
  await origin.hears("request");
  const waiting = Array.from({ length: 255 }, (_, i) => ask(`${i}`, 1500));
  await vi.waitFor(async () => {
    expect(await linkStub(env).status()).toMatchObject({ inFlight: 1, queued: 255 });
  });
  expect(await ask("one more")).toBe("busy");
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["busy"]));
  echo(origin, origin.of("request"));
  expect(await first).toBe("first");
  expect(origin.of("request")).toHaveLength(1);
});

test("P-134: 32 MiB may wait, not a byte more", async () => {
  const ended: string[] = [];
  const exchanges = new Exchanges(
    () => ({ serial: 1, maxInFlight: 1, send: () => undefined }),
    () => undefined,
  );
  const askFor = async (body: Uint8Array): Promise<void> => {
    const result = await exchanges.ask({ method: "POST", path: "/", headers: {}, body }, 50, false);
    ended.push(result.ok ? "answered" : result.error);
  };
  const waiting = Array.from({ length: 32 }, () => askFor(new Uint8Array(1_048_576)));
  await askFor(new Uint8Array(1));
  expect(ended).toEqual(["busy"]);
  waiting.push(askFor(new Uint8Array()));
  expect(exchanges.counts).toEqual({ inFlight: 1, queued: 32 });
  await Promise.all(waiting);
  expect(exchanges.counts).toEqual({ inFlight: 0, queued: 0 });
});

test("P-133: after a break the origin is sent again what it does not have, and sends what it has", async () => {
  const first = await Origin.connect();
  const asking = ["arrived", "answered", "lost"].map((text) => ask(text));
  const [arrived, answered] = await first.hears("request", 3);
  first.send("no frame");
  expect(await first.closed()).toBe(LINK_CLOSE.malformed);
  const stranger = "AAAAAAAAAAE";
  const held = [arrived?.id ?? "", answered?.id ?? "", stranger];
  const second = await Origin.connect({ held });
  const [welcome] = second.of("welcome");
  expect(welcome?.head).toEqual({ wanted: held.slice(0, 2) });
  expect(bodies(await second.hears("request"))).toEqual(["lost"]);
  echo(second, [...first.received.filter(({ id }) => held.includes(id)), ...second.of("request")]);
  expect(await Promise.all(asking)).toEqual(["arrived", "answered", "lost"]);
  expect(second.of("request")).toHaveLength(1);
});

test("P-130: a newer connection replaces the older, and gets what that had", async () => {
  const first = await Origin.connect();
  const asking = ask("moves");
  await first.hears("request");
  const second = await Origin.connect();
  expect(await first.closed()).toBe(LINK_CLOSE.replaced);
  expect(bodies(await second.hears("request"))).toEqual(["moves"]);
  echo(second, second.of("request"));
  expect(await asking).toBe("moves");
});

test("P-133: one that says goodbye answers what it has, and the next takes what is new", async () => {
  const first = await Origin.connect();
  const old = ask("old");
  await first.hears("request");
  first.say({ kind: "goodbye", head: {} });
  await vi.waitFor(async () => {
    expect(await linkStub(env).status()).toMatchObject({ connected: false });
  });
  const recent = ask("new");
  const second = await Origin.connect();
  expect(bodies(await second.hears("request"))).toEqual(["new"]);
  echo(first, first.of("request"));
  echo(second, second.of("request"));
  expect(await Promise.all([old, recent])).toEqual(["old", "new"]);
  expect(first.closedWith).toBeUndefined();
  expect(first.of("request")).toHaveLength(1);
});

test("P-136: an origin that is silent for too long is away, and its socket is closed", async () => {
  const origin = await Origin.connect();
  const now = Date.now();
  vi.spyOn(Date, "now").mockReturnValue(now + LINK_SILENCE_MS - 500);
  expect((await linkStub(env).status()).connected).toBe(true);
  vi.spyOn(Date, "now").mockReturnValue(now + LINK_SILENCE_MS + 500);
  expect(await ask("still there?", 60_000)).toBe("away");
  expect(await origin.closed()).toBe(LINK_CLOSE.silent);
});

test.each<readonly [string, (origin: Origin) => void]>([
  ["text", (origin) => origin.send("hello")],
  ["another version", (origin) => origin.send(new Uint8Array(11).fill(2))],
  ["a kind that only a Worker sends", (origin) => origin.say({ kind: "release", head: {} })],
  [
    "a head that does not fit",
    (origin) => origin.send(Uint8Array.of(1, 4, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1)),
  ],
])("P-137: %s closes the link, with a code that says why", async (_, send) => {
  const origin = await Origin.connect();
  send(origin);
  expect(await origin.closed()).toBe(LINK_CLOSE.malformed);
  expect((await linkStub(env).status()).connected).toBe(false);
});

const headOf = (bytes: number) =>
  encodeLinkMessage({
    kind: "answer",
    id: "AAAAAAAAAAA",
    head: { status: 200, headers: {} },
    body: new Uint8Array(bytes),
  });

test("P-131: a body that just fits into a frame is sent in one, a byte more in two, and so back", async () => {
  const origin = await Origin.connect();
  const rest = headOf(0)[0]?.length ?? 0;
  for (const [extra, frames] of [
    [0, 1],
    [1, 2],
  ] as const) {
    const bytes = FRAME_MAX_BYTES - rest + extra;
    expect(headOf(bytes)).toHaveLength(frames);
    const asking = ask(`${extra}`);
    const requests = await origin.hears("request", extra + 1);
    origin.answer(requests.at(-1)?.id ?? "", new Uint8Array(bytes).fill(97));
    expect((await asking).length).toBe(bytes);
  }
  const before = origin.frames;
  const asking = ask("x".repeat(FRAME_MAX_BYTES));
  const requests = await origin.hears("request", 3);
  expect(origin.frames - before).toBeGreaterThanOrEqual(2);
  origin.answer(requests.at(-1)?.id ?? "");
  expect(await asking).toBe("");
});
