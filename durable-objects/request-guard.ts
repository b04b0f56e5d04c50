/**
 * Which members' requests this node serves, whatever isolate they reach: none twice, and of no member more than
 * its rate. Sixteen objects a node; a member always meets the same one. Only requests whose signature was verified
 * come here: a stranger wakes no object.
 */
import { DurableObject } from "cloudflare:workers";
import {
  MemberGuard,
  type GuardedRequest,
  type NodeId,
  type GuardVerdict,
} from "../protocol/index.ts";
import type { Env } from "./env.ts";
import { migrate } from "./schema-version.ts";

const SCHEMA = `
  CREATE TABLE floors (node TEXT PRIMARY KEY, floor INTEGER NOT NULL) WITHOUT ROWID;
`;

export class RequestGuard extends DurableObject<Env> {
  readonly #guard: MemberGuard;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { sql } = ctx.storage;
    migrate(sql, 1, SCHEMA);
    this.#guard = new MemberGuard({
      get: (node: NodeId) =>
        sql.exec<{ floor: number }>("SELECT floor FROM floors WHERE node = ?", node).toArray()[0]
          ?.floor,
      set: (node: NodeId, floor: number) => {
        sql.exec("INSERT OR REPLACE INTO floors (node, floor) VALUES (?, ?)", node, floor);
      },
    });
  }

  /** Judges a request; see `MemberGuard`. */
  async admit(request: GuardedRequest, now: number, perMinute: number): Promise<GuardVerdict> {
    return this.#guard.admit(request, now, perMinute);
  }
}
