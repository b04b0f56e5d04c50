/** The bytes of one signed exchange between two organisations, HTTP headers among them; without TLS and TCP. */
import {
  contentId,
  meshIdSchema,
  signRequest,
  signResponse,
  utf8Bytes,
  type Identity,
} from "../../protocol/index.ts";

/** The mesh that everything is signed for. */
export const MESH = meshIdSchema.parse(contentId(utf8Bytes("bench wire")));
/** Any moment will do: times have the same length. */
export const NOW = 1_750_000_000_000;
export const TIMEOUT_MS = 10_000;

/** A signed request and its signed answer, as HTTP/1.1 has them. */
export async function exchangeBytes(
  from: Identity,
  to: Identity,
  path: string,
  request: unknown,
  response: unknown,
): Promise<number> {
  const url = `https://outcome-mesh.hospital.example.org${path}`;
  const body = utf8Bytes(JSON.stringify(request));
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
  const answer = utf8Bytes(JSON.stringify(response));
  const answerHeaders = await signResponse(
    { method: "POST", url, headers: new Headers(headers) },
    { status: 200, body: answer },
    { identity: to, mesh: MESH, now: NOW },
  );
  const started = `POST ${path} HTTP/1.1\r\nhost: outcome-mesh.hospital.example.org\r\ncontent-type: application/json\r\n`;
  const answered = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
  return (
    started.length +
    headerBytes(headers) +
    body.length +
    answered.length +
    headerBytes(answerHeaders) +
    answer.length
  );
}

function headerBytes(headers: Readonly<Record<string, string>>): number {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return lines.reduce((sum, line) => sum + line.length, "\r\n".length);
}
