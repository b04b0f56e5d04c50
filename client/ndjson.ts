/** Lines of a stream, however its chunks are cut. */
import { ProtocolError } from "./problem-error.ts";

/** The last event holds the whole response: 200 results with 256 features each. */
export const LINE_MAX_LENGTH = 16_777_216;

/** The stream's lines without their ends. Throws a `ProtocolError` on a line that is too long. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  // Kept in pieces until its end comes: a long line is searched once, not once a chunk.
  let pieces: string[] = [];
  let length = 0;
  const add = (piece: string): void => {
    pieces.push(piece);
    length += piece.length;
    if (length > LINE_MAX_LENGTH) throw new ProtocolError("a line of the stream is too long");
  };
  const take = (): string => {
    const line = pieces.join("");
    pieces = [];
    length = 0;
    return line;
  };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const text = done ? decoder.decode() : decoder.decode(value, { stream: true });
      const [first = "", ...others] = text.split("\n");
      add(first);
      for (const next of others) {
        yield take();
        add(next);
      }
      if (done) break;
    }
    if (length > 0) yield take();
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
