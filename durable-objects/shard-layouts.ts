/**
 * How many shards this node has had: the objects that may hold statements, by the number of shards that they were one
 * of. One object a node. Where the operator changes SHARDS, the former objects move what they hold and then are
 * forgotten here; until then whoever publishes or looks up asks them as well.
 */
import { DurableObject } from "cloudflare:workers";
import type { Env } from "./env.ts";
import { migrate } from "./schema-version.ts";
import { layoutsStub } from "./stubs.ts";

const SCHEMA = `
  CREATE TABLE shards (layout INTEGER NOT NULL, shard INTEGER NOT NULL, PRIMARY KEY (layout, shard)) WITHOUT ROWID;
`;

/** A shard of a former layout: the `shard`-th of `layout`. */
export interface FormerShard {
  readonly layout: number;
  readonly shard: number;
}

export class ShardLayouts extends DurableObject<Env> {
  readonly #storage: DurableObjectStorage;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#storage = ctx.storage;
    migrate(ctx.storage.sql, 1, SCHEMA);
  }

  /** Notes that the node has `layout` shards now; returns those of other layouts that may still hold something. */
  async use(layout: number): Promise<FormerShard[]> {
    const { sql } = this.#storage;
    const [known] = sql
      .exec<{ n: number }>("SELECT count(*) AS n FROM shards WHERE layout = ?", layout)
      .toArray();
    if (known?.n !== layout) {
      this.#storage.transactionSync(() => {
        for (let shard = 0; shard < layout; shard++) {
          sql.exec(
            "INSERT INTO shards (layout, shard) VALUES (?, ?) ON CONFLICT DO NOTHING",
            layout,
            shard,
          );
        }
      });
    }
    return sql
      .exec<{ layout: number; shard: number }>(
        "SELECT layout, shard FROM shards WHERE layout <> ? ORDER BY layout, shard",
        layout,
      )
      .toArray();
  }

  /** That shard holds nothing any more. */
  async forget({ layout, shard }: FormerShard): Promise<void> {
    this.#storage.sql.exec("DELETE FROM shards WHERE layout = ? AND shard = ?", layout, shard);
  }
}

/** While there are former shards, how old the isolate's knowledge of them may be. */
const REFRESH_MS = 2_000;

interface Known {
  readonly former: readonly FormerShard[];
  readonly readAt: number;
}

const cached = new WeakMap<Env, Known>();

/** The shards of former layouts that may hold something. None, once and for all, in nearly every isolate. */
export async function formerShards(
  env: Env,
  layout: number,
  now: number,
): Promise<readonly FormerShard[]> {
  const known = cached.get(env);
  if (known && (known.former.length === 0 || Math.abs(now - known.readAt) < REFRESH_MS)) {
    return known.former;
  }
  const former = await layoutsStub(env).use(layout);
  cached.set(env, { former, readAt: now });
  return former;
}
