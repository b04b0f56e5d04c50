/** The memory of a Worker and its objects, by V8's inspector, and how many shards a node needs for it. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { z } from "zod";

const MB = 1_048_576;
/** What the platform gives an object. */
const OBJECT_MB = 128;
/** Of it, what entries may take: the rest is code, requests and garbage. */
const ENTRIES_SHARE = 1 / 2;

const targetsSchema = z.array(z.object({ webSocketDebuggerUrl: z.string() })).min(1);
const usageSchema = z.object({
  id: z.literal(2),
  result: z.object({ usedSize: z.number(), backingStorageSize: z.number() }),
});

/** Bytes in use after a collection: objects, and the buffers of typed arrays. */
export async function heapBytes(inspectorPort: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${inspectorPort}/json`);
  const [target] = targetsSchema.parse(await response.json());
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? "");
  try {
    await once(socket, "open");
    const answered = new Promise<number>((resolve) => {
      socket.on("message", (message: Buffer) => {
        const usage = usageSchema.safeParse(JSON.parse(message.toString()));
        if (!usage.success) return;
        resolve(usage.data.result.usedSize + usage.data.result.backingStorageSize);
      });
    });
    socket.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }));
    socket.send(JSON.stringify({ id: 2, method: "Runtime.getHeapUsage" }));
    return await answered;
  } finally {
    socket.close();
  }
}

/** Shards of `entries` in all, each in one: so it nearly is where a node holds a small part of all slots. */
export function shardsFor(entries: number, bytesPerEntry: number): number {
  return Math.ceil((entries * bytesPerEntry) / (OBJECT_MB * MB * ENTRIES_SHARE));
}
