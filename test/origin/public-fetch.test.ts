/** The origin's calls end where a public name leads, and nowhere else. */
import { text } from "node:stream/consumers";
import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { createPublicFetch, type PublicFetch } from "../../origin/mesh/public-fetch.ts";
import { utf8Bytes } from "../../protocol/index.ts";
import { close, listen } from "../support/recording-proxy.ts";

const servers: Server[] = [];
const fetches: PublicFetch[] = [];

afterEach(async () => {
  await Promise.all(fetches.splice(0).map((made) => made.close()));
  await Promise.all(servers.splice(0).map(close));
});

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  return listen(server);
}

function make(allowedHosts: string[], ...addresses: string[]): PublicFetch {
  const made = createPublicFetch({
    allowedHosts,
    resolve: async () =>
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
  });
  fetches.push(made);
  return made;
}

function call({ fetch }: PublicFetch, url: string, signal = AbortSignal.timeout(5000)) {
  const body = utf8Bytes("hello");
  return fetch(url, { method: "POST", headers: { "x-a": "b" }, body, redirect: "manual", signal });
}

test("sends what it is given, and returns what comes back", async () => {
  const url = await serve((request, response) => {
    void text(request).then((body) => {
      response.writeHead(403, {
        "x-seen": `${String(request.headers["x-a"])} ${body}`,
        via: ["1", "2"],
      });
      response.end("no");
    });
  });
  const response = await call(make([]), url);
  expect([response.status, response.headers.get("x-seen")]).toEqual([403, "b hello"]);
  expect(response.headers.get("via")).toBe("1, 2");
  expect(await response.text()).toBe("no");
});

test("an answer without a body is one", async () => {
  const url = await serve((_, response) => response.writeHead(204).end());
  const response = await call(make([]), url);
  expect([response.status, response.body]).toEqual([204, null]);
});

test.each(["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1"])(
  "does not connect to a public name that leads to %s",
  async (address) => {
    let calls = 0;
    const url = await serve((_, response) => {
      calls += 1;
      response.end();
    });
    const port = new URL(url).port;
    await expect(call(make([], address), `http://public.example:${port}`)).rejects.toThrow(
      "leads to no public address",
    );
    expect(calls).toBe(0);
  },
);

test("connects to a name that the operator allows, wherever it leads", async () => {
  const url = await serve((_, response) => response.end("here"));
  const named = `http://inside.example:${new URL(url).port}`;
  const response = await call(make(["inside.example"], "127.0.0.1"), named);
  expect(await response.text()).toBe("here");
});

test("does not follow a redirect, and sends nothing twice", async () => {
  let calls = 0;
  for (const status of [302, 307, 421]) {
    const url = await serve((_, response) => {
      calls += 1;
      response.writeHead(status, { location: "/elsewhere" }).end();
    });
    expect((await call(make([]), url)).status).toBe(status);
  }
  expect(calls).toBe(3);
});

test("gives up when it is told to, also within an answer", async () => {
  const stop = new AbortController();
  const url = await serve((_, response) => {
    response.writeHead(200);
    response.write("a");
  });
  const response = await call(make([]), url, stop.signal);
  stop.abort();
  await expect(response.text()).rejects.toThrow(/abort/i);
});
