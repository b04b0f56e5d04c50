/** The commented configuration file: what it says is what the schema says. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { originConfigSchema, undescribedFields, writeConfigTemplate } from "../../origin/index.ts";
import { parseConfigText } from "../../origin/config-text.ts";
import { contentId } from "../../protocol/index.ts";

const values = {
  meshId: contentId(new Uint8Array([1])),
  meshUrl: "https://mesh.example.org",
  database: "origin.sqlite",
  domains: ["ward.json"],
  listen: { port: 7200 },
};

function valueOf(text: string): unknown {
  const parsed = parseConfigText(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value.value;
}

/** As an administrator does it: takes the comment marks from all settings but whole sections. */
const uncommented = (text: string): string =>
  text.replaceAll(/^( *)\/\/ (?="\w+": (?!\{$))/gm, "$1");

describe("the commented configuration", () => {
  const text = writeConfigTemplate(originConfigSchema, "An origin.", values);

  test("has a description for every field of the schema", () => {
    expect(undescribedFields(originConfigSchema)).toEqual([]);
  });

  test("notices a field without one, however deep", () => {
    const schema = z.strictObject({
      a: z.string().describe("A."),
      b: z.array(z.strictObject({ c: z.int() })).describe("B."),
      d: z.strictObject({ e: z.int() }).prefault({ e: 1 }).describe("D."),
    });
    expect(undescribedFields(schema)).toEqual(["b[].c", "d.e"]);
  });

  test("means what its values alone mean", () => {
    expect(originConfigSchema.parse(valueOf(text))).toEqual(originConfigSchema.parse(values));
  });

  test("says true defaults: with every field commented in, it still means the same", () => {
    const all = uncommented(text)
      // Those without a default, where something has to be filled in.
      .replaceAll(/^.*"\.\.\.",\n/gm, "");
    expect(all).toContain('\n    "minimumCount": 1,');
    expect(originConfigSchema.parse(valueOf(all))).toEqual(originConfigSchema.parse(values));
  });

  test("names every field, each in its section", () => {
    const named = z.toJSONSchema(originConfigSchema, { io: "input", unrepresentable: "any" });
    for (const name of Object.keys(named.properties ?? {})) expect(text).toContain(`"${name}": `);
  });

  test("keeps a section out that only the administrator can fill in", () => {
    const schema = z.strictObject({
      source: z
        .strictObject({ query: z.string().describe("SQL.") })
        .optional()
        .describe("Source."),
      mode: z.enum(["a", "b"]).default("a").describe("Mode."),
    });
    const written = writeConfigTemplate(schema, "x", {});
    expect(valueOf(written)).toEqual({});
    expect(written).toContain('  // "source": {\n');
    expect(written).toContain('  // Mode. One of "a", "b".\n  // "mode": "a",\n');
  });
});

describe("JSON with comments", () => {
  test("may have comments and a comma at the end, and need not", () => {
    expect(valueOf('{ "a": [1, 2,], // one\n /* two */ "b": { "c": null }, }')).toEqual({
      a: [1, 2],
      b: { c: null },
    });
    expect(valueOf('{"a":"// no comment"}')).toEqual({ a: "// no comment" });
  });

  test.each([
    ["", "is not JSON"],
    ['{\n  "a": }', "line 2, column 8"],
    ['{ "a": 1, \n "b": 2, "a": 3 }', "line 2, column 10"],
    ["{} {}", "is not JSON"],
  ])("says where %j stops being that", (text, message) => {
    expect(parseConfigText(text)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining(message) },
    });
  });

  test("a name like __proto__ is a name", () => {
    expect(Object.keys(Object(valueOf('{ "__proto__": { "a": 1 } }')))).toEqual(["__proto__"]);
  });

  test("finds the line of a field, or of the nearest around one that is missing", () => {
    const parsed = parseConfigText('{\n  "a": {\n    "b": [1, "x"]\n  }\n}');
    if (!parsed.ok) throw new Error("not parsed");
    const { locate } = parsed.value;
    expect(locate({ path: "a.b.1", message: "is bad" }).message).toBe("is bad (line 3, column 14)");
    expect(locate({ path: "a.c", message: "is bad" }).message).toBe("is bad (line 2, column 8)");
    expect(locate({ path: "c", message: "is bad" }).message).toBe("is bad");
  });
});
