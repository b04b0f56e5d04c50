/** Bytes over a plain connection: for what no HTTP client sends. */
import { connect } from "node:net";

/** How a connection is left once its bytes are sent. */
export type Ending = "wait" | "half-close" | "destroy";

const PATIENCE_MS = 2_000;

/** Sends `text` as Latin-1 to the host of `url`; resolves with what comes back until the other side is silent. */
export function sendRaw(url: string, text: string, ending: Ending = "wait"): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let received = "";
    const socket = connect(Number(port), hostname);
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.setEncoding("latin1");
    socket.on("data", (data) => {
      received += String(data);
      // All that is awaited here is short and comes at once.
      if (received.includes("\r\n\r\n")) timer.refresh();
    });
    // A reset is an answer too: whatever came before it counts.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(received);
    });
    socket.write(text, "latin1", () => {
      if (ending === "half-close") socket.end();
      if (ending === "destroy") setTimeout(() => socket.destroy(), 50);
    });
  });
}

/** The status of a raw answer; undefined where nothing came. */
export function rawStatus(answer: string): number | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1];
  return status === undefined ? undefined : Number(status);
}
