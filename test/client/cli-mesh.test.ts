/** What the `mesh` commands and doctor do without a network: charters, invitations, votes, wrangler.toml. */
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { unstable_readConfig as readWranglerConfig } from "wrangler";
import { z } from "zod";
import { admission } from "../../client/cli/mesh/admission.ts";
import { openIdentity, secretKeySchema, type Identity } from "../../protocol/index.ts";
import { command, errorOf, freshDirectory, PROCESS_TIMEOUT_MS } from "./cli-process.ts";

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS, hookTimeout: PROCESS_TIMEOUT_MS });

const WRANGLER_TOML = join(import.meta.dirname, "..", "..", "wrangler.toml");
const NAMES = ["ash", "birch", "cedar"] as const;
/** Nothing listens there: it is below the ports that are given out. */
const NOWHERE = "http://127.0.0.1:9";

interface Party {
  readonly keyFile: string;
  readonly identity: Identity;
}

let directory: string;
const parties = new Map<string, Party>();

beforeAll(async () => {
  directory = await freshDirectory();
  for (const name of NAMES) {
    const keyFile = join(directory, `${name}.key`);
    await succeed("key", "new", "--out", keyFile);
    const key = secretKeySchema.parse((await readFile(keyFile, "utf8")).trim());
    parties.set(name, { keyFile, identity: await openIdentity(key) });
  }
  for (const rule of ["founders:1", "founders:2"]) {
    const charter = join(directory, `${rule}.json`);
    await succeed(
      ["mesh", "found", "--name", "Trees", "--admission", rule, "--out", charter],
      ["--key", keyOf("ash"), "--key", keyOf("birch")],
    );
    charters.set(rule, charter);
  }
});

function keyOf(name: string): string {
  return party(name).keyFile;
}

function publicKeyOf(name: string): string {
  return party(name).identity.publicKey;
}

function party(name: string): Party {
  const found = parties.get(name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
}

/** A file that is not there yet. */
async function newFile(name: string): Promise<string> {
  return join(await freshDirectory(), name);
}

/** The words of a command, some in lists. */
type Words = readonly (string | readonly string[])[];

async function succeed(...words: Words): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await command([...words.flat(), "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return z.record(z.string(), z.unknown()).parse(JSON.parse(stdout));
}

/** The error of a command that ends with `code`. */
async function fail(code: number, ...words: Words): Promise<unknown> {
  const finished = await command([...words.flat(), "--json"]);
  expect({ code: finished.code, stdout: finished.stdout }).toEqual({ code, stdout: "" });
  return errorOf(finished);
}

const charters = new Map<string, string>();

/** A copy of the charter that ash and birch founded and have signed, by its rule. */
async function foundedMesh(rule: "founders:1" | "founders:2" = "founders:2"): Promise<string> {
  const charter = await newFile("charter.json");
  await copyFile(charters.get(rule) ?? "", charter);
  return charter;
}

async function invitationFor(name: string, by = "ash"): Promise<string> {
  const invitation = await newFile("invitation.json");
  await succeed(
    ["mesh", "invite", "--charter", await foundedMesh(), "--key", keyOf(by)],
    ["--peer", NOWHERE, "--for", publicKeyOf(name), "--out", invitation],
  );
  return invitation;
}

describe.concurrent("mesh found", () => {
  test("of a single founder is complete at once, and says its mesh id", async () => {
    const out = await newFile("charter.json");
    const founded = await succeed(
      ["mesh", "found", "--name", "Alone", "--key", keyOf("ash")],
      ["--admission", "members:1", "--out", out],
    );
    expect(founded).toMatchObject({ complete: true, missing: [] });
    expect(founded["mesh"]).toMatch(/^[\w-]{43}$/);
    const shown = await succeed("mesh", "sign", out);
    expect(shown).toMatchObject({ complete: true, mesh: founded["mesh"] });
  });

  test("does not overwrite a charter", async () => {
    const charter = await foundedMesh();
    const before = await readFile(charter);
    const args = ["mesh", "found", "--name", "X", "--admission", "open", "--key", keyOf("ash")];
    expect(await fail(2, ...args, "--out", charter)).toMatchObject({
      message: `${charter} is there already`,
    });
    expect(await readFile(charter)).toEqual(before);
  });

  test("refuses a threshold that its founders could never reach", async () => {
    const args = ["mesh", "found", "--name", "X", "--key", keyOf("ash"), "--out"];
    const of = async (rule: string) => [...args, await newFile("c.json"), "--admission", rule];
    await succeed(...(await of("members:1")));
    expect(await fail(2, ...(await of("members:2")))).toMatchObject({
      issues: [{ path: "admission.threshold" }],
    });
  });

  test("takes a rule with its threshold, and refuses anything else", () => {
    expect(admission("open")).toEqual({ rule: "open" });
    expect(admission("members:3")).toEqual({ rule: "members", threshold: 3 });
    for (const rule of ["", "founders", "founders:0", "founders:x", "open:1", "members:-1"]) {
      expect(() => admission(rule), rule).toThrow("must be open, founders:M or members:M");
    }
  });

  test("refuses a founder's key that is not sound", async () => {
    const args = ["mesh", "found", "--name", "X", "--admission", "open", "--founder"];
    expect(await fail(2, ...args, "A".repeat(43))).toMatchObject({
      message: expect.stringContaining("must be a public key"),
    });
  });
});

describe.concurrent("mesh sign", () => {
  test("puts copies together that were signed at the same time", async () => {
    const charter = await newFile("charter.json");
    await succeed(
      ["mesh", "found", "--name", "Trees", "--admission", "open", "--out", charter],
      ["--founder", publicKeyOf("ash"), "--founder", publicKeyOf("birch")],
    );
    const copy = await newFile("copy.json");
    await copyFile(charter, copy);
    await succeed("mesh", "sign", charter, "--key", keyOf("ash"));
    await succeed("mesh", "sign", copy, "--key", keyOf("birch"));
    expect(await succeed("mesh", "sign", charter, "--merge", copy)).toMatchObject({
      complete: true,
    });
  });

  test("is for founders", async () => {
    const charter = await foundedMesh();
    expect(await fail(2, "mesh", "sign", charter, "--key", keyOf("cedar"))).toMatchObject({
      message: expect.stringContaining("as a founder"),
    });
  });

  test("shows that a charter was changed after it was signed", async () => {
    const charter = await foundedMesh();
    await writeFile(charter, (await readFile(charter, "utf8")).replace("Trees", "Weeds"));
    expect(await fail(1, "mesh", "sign", charter)).toMatchObject({
      message: expect.stringContaining("did not sign it"),
    });
  });
});

describe.concurrent("mesh invite", () => {
  test("says what it comes to: how long it is good, and whether its vote is enough", async () => {
    const args = async (rule: "founders:1" | "founders:2") => [
      ["mesh", "invite", "--charter", await foundedMesh(rule), "--key", keyOf("ash")],
      ["--peer", NOWHERE, "--for", publicKeyOf("cedar"), "--out", await newFile("i.json")],
    ];
    expect(await succeed(...(await args("founders:1")))).toMatchObject({ admits: true });
    expect(await succeed(...(await args("founders:2")))).toMatchObject({ admits: false });
    const { stdout } = await command((await args("founders:2")).flat());
    expect(stdout).toContain("14 days from now");
    expect(stdout).toContain(`needs 1 more vote: outcome-mesh mesh vouch ${publicKeyOf("cedar")}`);
    expect(stdout).toContain(publicKeyOf("birch"));
  });

  test("is for members", async () => {
    const args = ["mesh", "invite", "--charter", await foundedMesh(), "--key", keyOf("cedar")];
    const out = await newFile("i.json");
    expect(await fail(2, ...args, "--peer", NOWHERE, "--out", out)).toMatchObject({
      message: expect.stringContaining("not-a-member"),
    });
  });
});

describe.concurrent("mesh join", () => {
  test("checks an invitation without a network, and ends with 3 while there is no Worker", async () => {
    const invitation = await invitationFor("cedar");
    const { code, stdout } = await command(
      [
        ["mesh", "join", "--invitation", invitation, "--key", keyOf("cedar")],
        ["--mesh-url", NOWHERE, "--name", "Cedar"],
      ].flat(),
    );
    expect(code).toBe(3);
    expect(stdout).toContain("You join Trees");
    expect(stdout).toContain("[env.mesh.vars]");
    expect(stdout).toContain('NODE_NAME = "Cedar"');
    expect(stdout).toContain("npx wrangler deploy --env mesh");
  });

  test("refuses an invitation that was changed, is for another, or is not complete", async () => {
    const invitation = await invitationFor("cedar");
    const args = ["mesh", "join", "--mesh-url", NOWHERE, "--invitation"];
    expect(await fail(2, ...args, invitation, "--key", keyOf("birch"))).toMatchObject({
      message: expect.stringContaining("is for"),
    });
    const changed = await newFile("changed.json");
    const text = await readFile(invitation, "utf8");
    await writeFile(changed, text.replace(NOWHERE, "http://127.0.0.1:10"));
    expect(await fail(1, ...args, changed, "--key", keyOf("cedar"))).toMatchObject({
      message: expect.stringContaining("is not signed by whom it names"),
    });
    await writeFile(changed, text.slice(0, -10));
    expect(await fail(2, ...args, changed, "--key", keyOf("cedar"))).toMatchObject({
      message: `${changed} is not an invitation`,
    });
  });

  test("adds a section to wrangler.toml that has every binding of the top level, once", async () => {
    const file = await newFile("wrangler.toml");
    await copyFile(WRANGLER_TOML, file);
    const args = [
      ["mesh", "join", "--invitation", await invitationFor("cedar"), "--key", keyOf("cedar")],
      ["--mesh-url", NOWHERE, "--name", 'Cedar "& Sons"', "--write-env", file],
    ];
    expect((await command(args.flat())).code).toBe(3);
    const top = readWranglerConfig({ config: file });
    const made = readWranglerConfig({ config: file, env: "mesh" });
    expect(made.durable_objects).toEqual(top.durable_objects);
    expect(made.migrations).toEqual(top.migrations);
    expect(made.triggers).toEqual(top.triggers);
    expect(made.vars).toMatchObject({ MESH_URL: NOWHERE, NODE_NAME: 'Cedar "& Sons"' });
    expect(made.vars).not.toHaveProperty("ORIGIN_URL");
    const again = await command(args.flat());
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("[env.mesh] already");
  });
});

test("the example of an environment has every binding of the top level", () => {
  const top = readWranglerConfig({ config: WRANGLER_TOML });
  const example = readWranglerConfig({ config: WRANGLER_TOML, env: "example" });
  expect(example.durable_objects).toEqual(top.durable_objects);
});

describe.concurrent("mesh vouch", () => {
  test("writes a vote that the newcomer can take along", async () => {
    const vote = await newFile("vote.json");
    await succeed(
      ["mesh", "vouch", publicKeyOf("cedar"), "--charter", await foundedMesh()],
      ["--key", keyOf("birch"), "--out", vote],
    );
    expect(JSON.parse(await readFile(vote, "utf8"))).toMatchObject({
      type: "vote",
      vote: { subject: publicKeyOf("cedar"), by: publicKeyOf("birch"), verdict: "admit" },
    });
  });

  test("needs to know whom to tell", async () => {
    const args = ["mesh", "vouch", publicKeyOf("cedar"), "--key", keyOf("birch")];
    expect(await fail(2, ...args)).toMatchObject({ hint: expect.stringContaining("--url URL") });
  });
});

describe.concurrent("doctor", () => {
  test("says what fails first, and what to do about it, and ends with 1", async () => {
    const { code, stdout } = await command(
      [["doctor", "--url", NOWHERE, "--key", keyOf("ash"), "--json"]].flat(),
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      checks: [
        { check: "key", status: "ok" },
        { check: "worker", status: "fail", hint: expect.stringContaining("deployed") },
      ],
    });
  });

  test("warns of a key that others may read", async () => {
    const loose = await newFile("loose.key");
    await writeFile(loose, await readFile(keyOf("ash")), { mode: 0o644 });
    const { stdout } = await command(["doctor", "--url", NOWHERE, "--key", loose]);
    expect(stdout).toContain(`warn  key: others on this machine may read ${loose}`);
    expect(stdout).toContain(`-> chmod 600 ${loose}`);
  });

  test("needs to know which node", async () => {
    expect(await fail(2, "doctor")).toMatchObject({ message: "which node?" });
  });
});
