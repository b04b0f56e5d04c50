/** The bytes of one signed exchange between two organisations, HTTP headers among them; without TLS and TCP. */
import {
  contentId,
  meshIdSchema,
  openIdentity,
  secretKeyFrom,
  signRequest,
  signResponse,
  utf8Bytes,
} from "../../protocol/index.ts";

/** The mesh that everything is signed for. */
export const MESH = meshIdSchema.parse(contentId(utf8Bytes("bench wire")));
/** Any moment will do: times have the same length. */
export const NOW = 1_750_000_000_000;
export const TIMEOUT_MS = 10_000;

/** By path. */
const overheads = new Map<string, Promise<number>>();

/** A signed request and its signed answer, as HTTP/1.1 has them. */
export async function exchangeBytes(
  path: string,
  request: unknown,
  response: unknown,
): Promise<number> {
  const overhead = overheads.get(path) ?? measureOverhead(path);
  overheads.set(path, overhead);
  return (await overhead) + jsonBytes(request) + jsonBytes(response);
}

function jsonBytes(document: unknown): number {
  return utf8Bytes(JSON.stringify(document)).length;
}

/** All but the bodies: of one length whoever signs what, since keys, digests and signatures are. */
async function measureOverhead(path: string): Promise<number> {
  const from = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(1)));
  const to = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(2)));
  const url = `https://outcome-mesh.hospital.example.org${path}`;
  const body = new Uint8Array(0);
  const headers = await signRequest(
    { method: "POST", url, body },
    {
      identity: from,
      mesh: MESH,
      to: to.node,
      now: NOW,
      nonce: new Uint8Array(16),
      timeoutMs: TIMEOUT_MS,
    },
  );
  const answerHeaders = await signResponse(
    { method: "POST", url, headers: new Headers(headers) },
    { status: 200, body },
    { identity: to, mesh: MESH, now: NOW },
  );
  const started = `POST ${path} HTTP/1.1\r\nhost: outcome-mesh.hospital.example.org\r\ncontent-type: application/json\r\n`;
  const answered = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
  return started.length + headerBytes(headers) + answered.length + headerBytes(answerHeaders);
}

function headerBytes(headers: Readonly<Record<string, string>>): number {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return lines.reduce((sum, line) => sum + line.length, "\r\n".length);
}
