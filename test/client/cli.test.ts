/** The command line as a whole: help, versions, errors, and how it is started. */
import { spawn } from "node:child_process";
import { access, constants, readFile, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import {
  command,
  errorOf,
  fileOf,
  finished,
  freshDirectory,
  PROCESS_TIMEOUT_MS,
  startCommand,
} from "./cli-process.ts";

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS });

/** What package.json's `bin` names. */
const BIN = join(import.meta.dirname, "..", "..", packageJson.bin["outcome-mesh"]);

const COMMANDS = [
  ["up"],
  ["query"],
  ["domain", "check"],
  ["domain", "key"],
  ["domain", "calibrate"],
  ["ontology", "compile"],
  ["origin", "init"],
  ["origin", "load"],
  ["origin", "start"],
  ["origin", "status"],
  ["origin", "backup"],
  ["key", "new"],
  ["key", "show"],
  ["mesh", "found"],
  ["mesh", "sign"],
  ["mesh", "invite"],
  ["mesh", "join"],
  ["mesh", "vouch"],
  ["mesh", "revoke"],
  ["mesh", "leave"],
  ["mesh", "members"],
  ["node", "status"],
  ["node", "repair"],
  ["doctor"],
];

describe.concurrent("help", () => {
  test("names every command and every exit code, and gives examples", async () => {
    const { code, stdout, stderr } = await command(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const [name] of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
    for (const exitCode of [0, 1, 2, 3, 4, 5, 70]) {
      expect(stdout).toMatch(new RegExp(`^ +${exitCode}  \\S`, "m"));
    }
    expect(stdout).toContain("Examples:");
  });

  test("of each command says how it is called, with an example and --json", async () => {
    const runs = await Promise.all(COMMANDS.map((path) => command([...path, "--help"])));
    for (const [i, { code, stdout, stderr }] of runs.entries()) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(`Usage: outcome-mesh ${COMMANDS[i]?.join(" ")} `);
      expect(stdout).toContain("--json");
      expect(stdout).toMatch(/^Examples?:\n {2}outcome-mesh /m);
    }
  });

  test("is also given by the command help", async () => {
    const { code, stdout } = await command(["help", "query"]);
    expect(code).toBe(0);
    expect(stdout).toContain("--gateway <url>");
  });
});

test("--version prints the package's version", async () => {
  const { code, stdout } = await command(["--version"]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${packageJson.version}\n` });
});

describe.concurrent("a call that is not usable ends with 2, an error and a hint", () => {
  test.each([
    { args: ["serach"], error: "unknown command 'serach'", hint: "outcome-mesh --help" },
    { args: ["domain", "chek"], error: "Did you mean check", hint: "outcome-mesh domain --help" },
    { args: ["domain"], error: "which command?", hint: "outcome-mesh domain --help" },
    { args: ["key", "new", "--ouy", "x"], error: "--ouy", hint: "outcome-mesh key new --help" },
    { args: ["domain", "check", "/does/not/exist.json"], error: "ENOENT", hint: "check the path" },
    {
      args: ["up", "--example", "heart-disease"],
      error: "needs --data FILE",
      hint: "outcome-mesh up --help",
    },
  ])("$args", async ({ args, error, hint }) => {
    const { code, stdout, stderr } = await command(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: (?!error)/m);
    expect(stderr).toContain(error);
    expect(stderr).toMatch(/^hint: /m);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain("    at ");
  });

  test("with --json as a document", async () => {
    const failed = await command(["origin", "start", "--json"]);
    expect({ code: failed.code, stdout: failed.stdout }).toEqual({ code: 2, stdout: "" });
    expect(failed.stderr.trim().split("\n")).toHaveLength(1);
    expect(errorOf(failed)).toEqual({
      code: "usage",
      exitCode: 2,
      message: "required option '--config <file>' not specified",
      hint: "see outcome-mesh origin start --help",
    });
  });
});

describe.concurrent("npm's bin link", () => {
  test("leads to an executable file with Node's shebang", async () => {
    await access(BIN, constants.X_OK);
    expect((await readFile(BIN, "utf8")).split("\n")[0]).toBe("#!/usr/bin/env node");
  });

  test("runs, and says nothing of experimental parts of Node", async () => {
    const link = join(await freshDirectory(), "outcome-mesh");
    await symlink(BIN, link);
    // Loads the database's module before it finds that the configuration is empty.
    const config = await fileOf("origin.json", "{}");
    const child = spawn(link, ["origin", "start", "--config", config], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
    });
    const { code, stderr } = await finished(child);
    expect(code).toBe(2);
    expect(stderr).toContain("meshId");
    expect(stderr).not.toContain("ExperimentalWarning");
  });
});

test("a reader that leaves early is no error", async () => {
  const child = startCommand(["--help"]);
  child.stdout?.destroy();
  const { code, stderr } = await finished(child);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
