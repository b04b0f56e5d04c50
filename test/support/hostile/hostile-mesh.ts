/**
 * A mesh with one hostile member: it has a valid key and a place in the mesh, and whatever its Worker and its
 * origin are asked, the test may answer instead. What it says is signed as the protocol wants it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerResponse } from "node:http";
import { expect } from "vitest";
import { seededRandom } from "../../../examples/random.ts";
import type { LocalOrganisation } from "../../../client/cli/local-mesh/local-mesh.ts";
import {
  nodeStatusSchema,
  signEntry,
  signResponse,
  toBase64Url,
  utf8Bytes,
  type Entry,
  type Identity,
  type NodeStatus,
} from "../../../protocol/index.ts";
import type { Answer } from "../bad-input/http.ts";
import { sendSigned, type SignedCall } from "../bad-input/mesh.ts";
import { startFaultMesh, type FaultMesh } from "../faults/fault-mesh.ts";
import { Workload } from "../faults/workload.ts";
import type { Arrival } from "../recording-proxy.ts";

export const HONEST = ["ash", "birch", "cedar", "elm", "fir"];
const HOSTILE = "mallory";
/** Cases that every honest organisation has a record of. */
const CASES = 3;

/** Of a longer answer no one reads enough to check its signature, which would take this process seconds to make. */
const READ_MAX_BYTES = 8_388_608;

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Twice as long as a node is careful after a restart. */
const RESTART_MS = 15_000;
const RETRY_MS = 250;

export class HostileMesh {
  readonly faults: FaultMesh;
  readonly workload: Workload;

  static async start(): Promise<HostileMesh> {
    const faults = await startFaultMesh({
      slugs: [...HONEST, HOSTILE],
      originProcesses: 1,
      environment: { GOSSIP_SECONDS: "1" },
    });
    const workload = new Workload(faults, seededRandom("hostile"), {
      depositors: HONEST.length,
      pauseMs: 100,
    });
    for (let i = 0; i < CASES; i++) await workload.depositCase(HONEST);
    return new HostileMesh(faults, workload);
  }

  private constructor(faults: FaultMesh, workload: Workload) {
    this.faults = faults;
    this.workload = workload;
  }

  get hostile(): LocalOrganisation {
    return this.faults.local.organisation(HOSTILE);
  }

  honest(slug = HONEST[0] ?? ""): LocalOrganisation {
    return this.faults.local.organisation(slug);
  }

  /**
   * Sends what the hostile member signed, or `identity` did, to an honest one; again, where that was restarted and
   * refuses for some seconds what it may have served before (P-48).
   */
  async send(
    call: SignedCall,
    to = this.honest(),
    identity: Identity = this.hostile.identity,
  ): Promise<Answer> {
    const until = Date.now() + RESTART_MS;
    for (;;) {
      const answer = await sendSigned(this.faults.local, to, identity, call);
      if (answer.status !== 503 || Date.now() > until) return answer;
      await sleep(RETRY_MS);
    }
  }

  post(path: string, json: unknown, to = this.honest()): Promise<Answer> {
    const body = utf8Bytes(JSON.stringify(json));
    return this.send({ method: "POST", path, body, type: "application/json" }, to);
  }

  /** An entry as base64url; whoever it names, the hostile member signs it. */
  async entry(
    changes: Partial<Entry> & Pick<Entry, "signature">,
    mesh = this.faults.local.mesh,
  ): Promise<string> {
    const { identity } = this.hostile;
    const entry = {
      node: identity.node,
      domain: this.faults.domain.id,
      epoch: 0,
      seq: 1,
      count: 1,
      ...changes,
    };
    return toBase64Url(await signEntry(identity, mesh, entry));
  }

  /** What an honest organisation's operator is shown. */
  async statusOf(slug: string): Promise<NodeStatus> {
    const { meshUrl, requesterToken } = this.honest(slug);
    const headers = { authorization: `Bearer ${requesterToken}` };
    const response = await fetch(`${meshUrl}/v1/node/status`, { headers });
    return nodeStatusSchema.parse(await response.json());
  }

  /** From now on `answer` is what the hostile member's Worker or origin says, until the function returned is called. */
  misbehave(
    kind: "mesh" | "origin",
    path: string,
    answer: (arrival: Arrival) => Reply | Promise<Reply>,
  ): () => void {
    return this.takeOver(kind, path, (arrival, outgoing) => {
      void this.#reply(arrival, outgoing, answer);
    });
  }

  /** The same without a signature, for what is no answer at all. */
  takeOver(
    kind: "mesh" | "origin",
    path: string,
    answer: (arrival: Arrival, outgoing: ServerResponse) => void,
  ): () => void {
    return this.faults.network.apply((message) =>
      message.to === HOSTILE && message.kind === kind && message.path === path
        ? { takeOver: answer }
        : undefined,
    );
  }

  async #reply(
    arrival: Arrival,
    outgoing: ServerResponse,
    answer: (arrival: Arrival) => Reply | Promise<Reply>,
  ): Promise<void> {
    const { status = 200, headers, body } = await answer(arrival);
    const isReadWhole = body.length <= READ_MAX_BYTES;
    const signed = isReadWhole ? await this.#sign(arrival, status, body) : {};
    outgoing.writeHead(status, { "content-type": "application/json", ...headers, ...signed });
    outgoing.end(body);
  }

  #sign(arrival: Arrival, status: number, body: Uint8Array): Promise<Record<string, string>> {
    return signResponse(
      {
        method: arrival.method,
        url: `http://${HOSTILE}${arrival.path}`,
        headers: headersOf(arrival),
      },
      { status, body },
      { identity: this.hostile.identity, mesh: this.faults.local.mesh, now: Date.now() },
    );
  }

  stop(): Promise<void> {
    return this.faults.stop();
  }
}

function headersOf({ headers }: Arrival): Headers {
  const list = Object.entries(headers).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  return new Headers(list);
}

let shared: Promise<HostileMesh> | undefined;

/** The one that all suites of a test file use. */
export function sharedHostileMesh(): Promise<HostileMesh> {
  return (shared ??= HostileMesh.start());
}

/** By turns, so that all are asked and no test takes long. */
let nextAsker = 0;
const ASKERS_EACH_TIME = 2;

/** Honest organisations still find every honest entry, and their queries are answered in time. */
export async function expectUnharmed({ workload }: HostileMesh): Promise<void> {
  const broken = workload.ledger.broken.length;
  const askers = Array.from({ length: ASKERS_EACH_TIME }, (_, i) => {
    const asker = HONEST[(nextAsker + i) % HONEST.length];
    return asker ?? "";
  });
  nextAsker += ASKERS_EACH_TIME;
  expect(await workload.check(askers)).toEqual([]);
  expect(workload.ledger.broken.slice(broken)).toEqual([]);
}
