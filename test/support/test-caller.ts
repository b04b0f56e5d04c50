/** Calls as an organisation's node, from a test: of any address. */
import { randomBytes } from "node:crypto";
import { request } from "undici";
import type { Caller, Fetch, Identity, MeshId } from "../../protocol/index.ts";

export function testCaller(identity: Identity, mesh: MeshId): Caller {
  return {
    fetch: fetchOnce,
    identity,
    mesh,
    now: Date.now,
    random: randomBytes,
    mayCall: () => true,
  };
}

/** Sends a request once. The global fetch sends it again where the answer is 421, which then is a replay. */
const fetchOnce: Fetch = async (url, { method, headers, body, signal }) => {
  const answer = await request(url, { method, headers, signal, ...(body && { body }) });
  const content = await answer.body.arrayBuffer();
  return new Response(content.byteLength > 0 ? content : null, {
    status: answer.statusCode,
    headers: Object.entries(answer.headers).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]),
  });
};
