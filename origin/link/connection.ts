/** One connection to the own Worker, from its upgrade to its end. */
import { randomBytes } from "node:crypto";
import { WebSocket } from "ws";
import {
  Assembler,
  decodeLinkMessage,
  encodeLinkMessage,
  FRAME_MAX_BYTES,
  LINK_CLOSE,
  LINK_MESSAGE_MAX_BYTES,
  LINK_PING,
  LINK_PING_MS,
  LINK_SILENCE_MS,
  ORIGIN_LINK_PATH,
  problemCode,
  problemSchema,
  readJson,
  signRequest,
  type Identity,
  type LinkMessage,
  type MeshId,
  type OutgoingLinkMessage,
} from "../../protocol/index.ts";

const HANDSHAKE_MS = 10_000;
/** A Worker that is alive answers a close at once. */
const CLOSE_MS = 1_000;
const NONCE_BYTES = 16;
/** A problem document is shorter. */
const REFUSAL_MAX_BYTES = 65_536;

export interface ConnectionOptions {
  readonly identity: Identity;
  readonly mesh: MeshId;
  /** Base URL of the own Worker: the operator's own word, so that it may be anywhere. */
  readonly meshUrl: string;
  readonly onOpen: () => void;
  readonly onMessage: (message: LinkMessage) => void;
}

/** Why a connection ended, or did not come about: a problem's code, or a word. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

export interface LinkConnection {
  readonly ended: Promise<Ending>;
  send(message: OutgoingLinkMessage): void;
  /** Ends it in order, after all that was sent. */
  close(): void;
}

/** Opens a connection, with a request that this node's key signs. `ended` tells also that it did not come about. */
export async function openConnection(options: ConnectionOptions): Promise<LinkConnection> {
  const { identity, mesh, meshUrl } = options;
  const url = meshUrl + ORIGIN_LINK_PATH;
  const headers = await signRequest(
    { method: "GET", url, body: new Uint8Array() },
    {
      identity,
      mesh,
      to: identity.node,
      now: Date.now(),
      nonce: randomBytes(NONCE_BYTES),
      timeoutMs: HANDSHAKE_MS,
    },
  );
  const socket = new WebSocket(url.replace(/^http/, "ws"), {
    headers,
    handshakeTimeout: HANDSHAKE_MS,
    maxPayload: FRAME_MAX_BYTES,
    perMessageDeflate: false,
  });
  const ended = follow(socket, options);
  return {
    ended,
    send: (message) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      for (const frame of encodeLinkMessage(message)) socket.send(frame);
    },
    close: () => {
      socket.close(LINK_CLOSE.done);
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    },
  };
}

function follow(socket: WebSocket, { onOpen, onMessage }: ConnectionOptions): Promise<Ending> {
  const assembler = new Assembler(LINK_MESSAGE_MAX_BYTES);
  let reason = "";
  let heardAt = Date.now();
  let heartbeat: NodeJS.Timeout | undefined;
  const fail = (why: string): void => {
    reason = why;
    socket.terminate();
  };
  const take = (data: Buffer): void => {
    const assembled = assembler.take(data);
    if (!assembled.ok) return refuse(assembled.error);
    if (!assembled.value) return undefined;
    const message = decodeLinkMessage(assembled.value);
    return message.ok ? onMessage(message.value) : refuse(message.error);
  };
  const refuse = (why: string): void => {
    reason = why;
    socket.close(LINK_CLOSE.malformed, why);
  };
  socket.on("open", () => {
    heardAt = Date.now();
    heartbeat = setInterval(() => {
      if (Date.now() - heardAt > LINK_SILENCE_MS) fail("silent");
      else socket.send(LINK_PING);
    }, LINK_PING_MS);
    onOpen();
  });
  socket.on("message", (data, isBinary) => {
    heardAt = Date.now();
    if (isBinary && Buffer.isBuffer(data)) take(data);
  });
  socket.on("unexpected-response", (_, response) => {
    const parts: Buffer[] = [];
    let size = 0;
    response.on("data", (part: Buffer) => {
      parts.push(part);
      size += part.length;
      if (size > REFUSAL_MAX_BYTES) response.destroy();
    });
    response.on("close", () => {
      fail(refusalIn(Buffer.concat(parts)) ?? `status-${response.statusCode ?? 0}`);
    });
  });
  socket.on("error", (error) => {
    if (reason === "") reason = "code" in error ? String(error.code) : error.message;
  });
  return new Promise((resolve) => {
    socket.on("close", (code, text) => {
      clearInterval(heartbeat);
      resolve({ code, reason: reason || text.toString() || "closed" });
    });
  });
}

function refusalIn(body: Uint8Array): string | undefined {
  const problem = problemSchema.safeParse(readJson(body));
  return problem.success ? problemCode(problem.data) : undefined;
}
