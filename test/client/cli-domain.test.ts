/** `domain check`, `ontology compile` and `key new`. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import {
  contentId,
  decodeOntology,
  domainIdOf,
  nodeIdOf,
  openIdentity,
  publicKeySchema,
  secretKeySchema,
} from "../../protocol/index.ts";
import { domainDocument, ontologyBytes, ward } from "../support/origin-domain.ts";
import { smallDomain } from "../support/small-example.ts";
import { command, errorOf, fileOf, freshDirectory, PROCESS_TIMEOUT_MS } from "./cli-process.ts";

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS });

function changed(changes: object): Promise<string> {
  return fileOf("domain.json", JSON.stringify({ ...smallDomain, ...changes }));
}

describe.concurrent("domain check", () => {
  test("prints the id and the symbols of each feature", async () => {
    const file = await changed({});
    const { code, stdout, stderr } = await command(["domain", "check", file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(domainIdOf(smallDomain));
    expect(stdout).toMatch(/^age +numeric +1 +24$/m);
    expect(stdout).toMatch(/^signs +set +2 +48$/m);
    expect(stdout).not.toContain("warning");
  });

  test("warns of a feature that gets a single symbol", async () => {
    const [first, ...rest] = smallDomain.features;
    const file = await changed({ features: [{ ...first, weight: 0.01 }, ...rest] });
    const { code, stdout } = await command(["domain", "check", file, "--json"]);
    expect(code).toBe(0);
    const report: unknown = JSON.parse(stdout);
    expect(report).toMatchObject({
      ok: true,
      features: [{ name: "age", symbols: 1 }, { name: "site" }, { name: "signs" }],
      warnings: [
        { path: "features.0.weight", message: expect.stringContaining("a single symbol") },
      ],
    });
  });

  test("lists every problem with its path, and ends with 1", async () => {
    const [age, site, signs] = smallDomain.features;
    const file = await changed({
      features: [{ ...age, tolerance: 0 }, { ...site, kind: "colour" }, signs],
      result: [],
    });
    const { code, stdout } = await command(["domain", "check", file]);
    expect(code).toBe(1);
    for (const path of ["features.0.tolerance", "features.1.kind", "result"]) {
      expect(stdout).toMatch(new RegExp(`^  ${path}: \\S`, "m"));
    }
    const json = await command(["domain", "check", file, "--json"]);
    expect(json.code).toBe(1);
    const report: unknown = JSON.parse(json.stdout);
    expect(report).toMatchObject({ ok: false, problems: { length: 3 } });
  });

  test("says of a file that is not JSON why not", async () => {
    const file = await fileOf("domain.json", "{");
    const { code, stdout } = await command(["domain", "check", file]);
    expect(code).toBe(1);
    expect(stdout).toContain("is not JSON");
  });

  test("checks ontologies that are given, and warns of one that is not", async () => {
    const file = await fileOf("ward.json", JSON.stringify(domainDocument));
    const ontology = await fileOf("small.omo", ontologyBytes);
    const unchecked = await command(["domain", "check", file]);
    expect(unchecked.code).toBe(0);
    expect(unchecked.stdout).toContain("warning: features.2.ontology: was not checked");
    const checked = await command(["domain", "check", file, "--ontology", ontology, "--json"]);
    expect(checked.code).toBe(0);
    const report: unknown = JSON.parse(checked.stdout);
    expect(report).toMatchObject({ ok: true, id: ward.id, warnings: [] });
  });

  test("refuses a domain whose ontology is another than the one given", async () => {
    const [age, sex, signs] = domainDocument.features;
    const other = { ...signs, ontology: contentId(new Uint8Array()) };
    const document = { ...domainDocument, features: [age, sex, other] };
    const file = await fileOf("ward.json", JSON.stringify(document));
    const ontology = await fileOf("small.omo", ontologyBytes);
    const { code, stdout } = await command(["domain", "check", file, "--ontology", ontology]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}features\.2\.ontology: .*is not loaded/m);
  });

  test("refuses a file that is no compiled ontology", async () => {
    const file = await fileOf("ward.json", JSON.stringify(domainDocument));
    const run = await command(["domain", "check", file, "--ontology", file, "--json"]);
    expect(run.code).toBe(2);
    expect(errorOf(run)).toMatchObject({ hint: expect.stringContaining("ontology compile") });
  });
});

const graphs = {
  graphs: [
    {
      nodes: [
        { id: "http://purl.obolibrary.org/obo/T_1", type: "CLASS" },
        { id: "http://purl.obolibrary.org/obo/T_2", type: "CLASS" },
        { id: "http://purl.obolibrary.org/obo/T_3", type: "CLASS" },
      ],
      edges: [
        {
          sub: "http://purl.obolibrary.org/obo/T_2",
          pred: "is_a",
          obj: "http://purl.obolibrary.org/obo/T_1",
        },
      ],
    },
  ],
};

describe.concurrent("ontology compile", () => {
  test("gives the same file for plain and compressed JSON, and prints its id", async () => {
    const text = JSON.stringify(graphs);
    const directory = await freshDirectory();
    const [a, b] = [join(directory, "a.omo"), join(directory, "b.omo")];
    const plain = await fileOf("t.json", text);
    const compressed = await fileOf("t.json.gz", gzipSync(text));
    const first = await command(["ontology", "compile", plain, a, "--json"]);
    const second = await command(["ontology", "compile", compressed, b]);
    expect([first.code, second.code]).toEqual([0, 0]);
    const bytes = await readFile(a);
    expect(await readFile(b)).toEqual(bytes);
    const { id, terms } = decodeOntology(bytes);
    expect(terms).toEqual(["T:1", "T:2", "T:3"]);
    const report: unknown = JSON.parse(first.stdout);
    expect(report).toEqual({ id, terms: 3, bytes: bytes.length, file: a });
    expect(second.stdout).toContain(id);
  });

  test.each([
    { what: "other JSON", text: "{}", path: "graphs" },
    { what: "text", text: "[Term]", path: "" },
  ])("refuses $what, and leaves no file behind", async ({ text, path }) => {
    const file = await fileOf("t.json", text);
    const out = join(await freshDirectory(), "t.omo");
    const run = await command(["ontology", "compile", file, out, "--json"]);
    expect(run.code).toBe(2);
    expect(errorOf(run)).toMatchObject({
      issues: [{ path }],
      hint: expect.stringContaining("OBO"),
    });
    await expect(stat(out)).rejects.toThrow("ENOENT");
  });
});

describe.concurrent("key new", () => {
  test("writes a key that only the owner can read, and prints its names", async () => {
    const file = join(await freshDirectory(), "node.key");
    const { code, stdout, stderr } = await command(["key", "new", "--out", file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const key = secretKeySchema.parse((await readFile(file, "utf8")).trim());
    const { node, publicKey } = await openIdentity(key);
    expect(stdout).toContain(node);
    expect(stdout).toContain(publicKey);
    expect(stdout).not.toContain(key);
  });

  test("overwrites nothing", async () => {
    const file = await fileOf("node.key", "precious");
    const { code, stderr } = await command(["key", "new", "--out", file]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: .*is there already/m);
    expect(stderr).toMatch(/^hint: /m);
    expect(await readFile(file, "utf8")).toBe("precious");
  });

  test("prints the key alone on stdout without --out, another each time", async () => {
    const runs = await Promise.all([command(["key", "new"]), command(["key", "new"])]);
    const keys = runs.map(({ stdout }) => secretKeySchema.parse(stdout.trimEnd()));
    expect(keys[0]).not.toBe(keys[1]);
    expect(runs[0].stderr).toContain("node id");
  });

  test("names key, node and public key with --json", async () => {
    const { code, stdout, stderr } = await command(["key", "new", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const report = Object(JSON.parse(stdout));
    const identity = await openIdentity(secretKeySchema.parse(report.key));
    expect(report.publicKey).toBe(identity.publicKey);
    expect(report.node).toBe(nodeIdOf(publicKeySchema.parse(report.publicKey)));
  });
});
