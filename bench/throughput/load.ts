/** Sends prepared requests over kept connections, and takes the time of each. */
import { performance } from "node:perf_hooks";
import type { Pool } from "undici";

export interface PreparedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Milliseconds of each request. */
  readonly milliseconds: readonly number[];
}

/** Sends all, `atOnce` at a time. Throws where one is not answered with 200. */
export async function sendAll(
  pool: Pool,
  requests: readonly PreparedRequest[],
  atOnce: number,
): Promise<LoadResult> {
  const milliseconds: number[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let request = requests[next++]; request; request = requests[next++]) {
      const { path, headers, body } = request;
      const sentAt = performance.now();
      const answer = await pool.request({ method: "POST", path, headers, body });
      const bytes = await answer.body.arrayBuffer();
      milliseconds.push(performance.now() - sentAt);
      if (answer.statusCode !== 200) {
        throw new Error(`${path}: ${answer.statusCode} ${Buffer.from(bytes).toString()}`);
      }
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: atOnce }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: requests.length / seconds, milliseconds };
}
