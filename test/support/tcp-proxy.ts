/** A proxy of bare connections: a test cuts them, lets them go silent, or lets none through. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface TcpProxy {
  readonly port: number;
  /** Connections that it let through. */
  readonly connections: number;
  /** Ends all connections at once. */
  cut(): void;
  /** Nothing goes through the present connections any more, and neither end hears of it. */
  silence(): void;
  /** Whether new connections are let through; by default they are. */
  open: boolean;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { port: number }): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const state = { open: true, connections: 0 };
  const server = createServer((incoming) => {
    incoming.on("error", () => incoming.destroy());
    if (!state.open) {
      incoming.destroy();
      return;
    }
    state.connections += 1;
    const outgoing = connect(target.port, "127.0.0.1");
    outgoing.on("error", () => incoming.destroy());
    incoming.pipe(outgoing).pipe(incoming);
    const pair = [incoming, outgoing] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on("close", () => {
        pairs.delete(pair);
        for (const either of pair) either.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  return {
    port: address.port,
    get connections() {
      return state.connections;
    },
    get open() {
      return state.open;
    },
    set open(value) {
      state.open = value;
    },
    cut,
    silence: () => {
      for (const [incoming, outgoing] of pairs) {
        for (const socket of [incoming, outgoing]) socket.unpipe().pause();
      }
    },
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
