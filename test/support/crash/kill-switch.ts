/**
 * Loaded into an origin's process with --import: counts the points at which something becomes durable or known
 * outside, and ends the process there as kill -9 does. Points: before and after each commit to SQLite (a transaction
 * or a single statement), before each renaming of a file and after it; a request made, sent, its answer begun and
 * complete; a request taken, and its answer written. The process is told when to begin to count, and how far.
 */
import { subscribe } from "node:diagnostics_channel";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { DatabaseSync, StatementSync } from "node:sqlite";

/** Set: counts from the start. The number of the point to die at, from 1. */
const AT_START = process.env["KILL_SWITCH"];

const state = { dieAt: AT_START === undefined ? Infinity : Number(AT_START), isArmed: true };
let names: string[] = [];

function point(name: string): void {
  if (!state.isArmed) return;
  names.push(name);
  if (names.length === state.dieAt) process.kill(process.pid, "SIGKILL");
}

const databases = new WeakMap<StatementSync, DatabaseSync>();

const exec = Reflect.get(DatabaseSync.prototype, "exec");
DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
  if (sql !== "COMMIT") {
    Reflect.apply(exec, this, [sql]);
    return;
  }
  point("before a commit");
  Reflect.apply(exec, this, [sql]);
  point("after a commit");
};

const prepare = Reflect.get(DatabaseSync.prototype, "prepare");
DatabaseSync.prototype.prepare = function (this: DatabaseSync, ...args): StatementSync {
  const statement = Reflect.apply(prepare, this, args);
  databases.set(statement, this);
  return statement;
};

const run = Reflect.get(StatementSync.prototype, "run");
StatementSync.prototype.run = function (this: StatementSync, ...args: unknown[]) {
  const isAlone = databases.get(this)?.isTransaction === false;
  if (isAlone) point("before a statement");
  const result = Reflect.apply(run, this, args);
  if (isAlone) point("after a statement");
  return result;
};

const { rename } = fs;
fs.rename = async (from, to) => {
  point("before a renaming");
  await rename(from, to);
  point("after a renaming");
};
syncBuiltinESMExports();

for (const [channel, name] of [
  ["undici:request:create", "a request made"],
  ["undici:request:bodySent", "a request sent"],
  ["undici:request:headers", "an answer begun"],
  ["undici:request:trailers", "an answer complete"],
  ["http.server.request.start", "a request taken"],
  ["http.server.response.finish", "an answer written"],
] as const) {
  subscribe(channel, () => point(name));
}

process.on("message", (message: unknown) => {
  if (typeof message === "number") {
    names = [];
    state.dieAt = message;
    state.isArmed = true;
    process.send?.({ armed: message });
  } else {
    state.isArmed = false;
    process.send?.({ names });
  }
});
// Not what keeps the process.
process.channel?.unref();
