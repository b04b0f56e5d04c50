/** Lines of a stream, however its chunks are cut. */
import { ProtocolError } from "./problem-error.ts";

/** The last event holds the whole response: 200 results with 256 features each. */
const LINE_MAX_LENGTH = 16_777_216;

/** The stream's lines without their ends. Throws a `ProtocolError` on a line that is too long. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
      if (rest.length > LINE_MAX_LENGTH) throw new ProtocolError("a line of the stream is too long");
      if (done) break;
    }
    if (rest !== "") yield rest;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
