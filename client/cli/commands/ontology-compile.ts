/** `outcome-mesh ontology compile`: OBO Graphs JSON to the compiled file that domains name by its id. */
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { Command } from "commander";
import { z } from "zod";
import { compileOboGraphs, decodeOntology, issuesOf } from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { jsonOption } from "../options.ts";
import { printJson, printText } from "../output.ts";
import { createProgress } from "../progress.ts";

export function ontologyCompileCommand(): Command {
  return new Command("compile")
    .description(
      "Compile an ontology to the compact file that a domain names by its id. Organisations that compile the same release get the same id.",
    )
    .argument("<file>", "OBO Graphs JSON, plain or compressed with gzip")
    .argument("<out>", "the compiled file; replaced if it is there")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  outcome-mesh ontology compile hp.json.gz hp.omo")
    .action(runOntologyCompile);
}

async function runOntologyCompile(
  file: string,
  out: string,
  { json }: { readonly json?: true },
): Promise<void> {
  const progress = createProgress();
  progress.report(`compiling ${file}`, 0, 1);
  const bytes = compile(file, await readFile(file));
  progress.end();
  const { id, terms } = decodeOntology(bytes);
  await writeWhole(out, bytes);
  if (json) printJson({ id, terms: terms.length, bytes: bytes.length, file: out });
  else printText(`id     ${id}\nterms  ${terms.length}`);
}

function compile(file: string, content: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  try {
    const isGzip = content[0] === 0x1f && content[1] === 0x8b;
    const text = new TextDecoder().decode(isGzip ? gunzipSync(content) : content);
    return compileOboGraphs(JSON.parse(text));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const issues =
      error instanceof z.ZodError ? issuesOf(error).slice(0, 20) : [{ path: "", message }];
    throw new CliError(`${file} is not an ontology in OBO Graphs JSON`, {
      issues,
      hint: "OBO Foundry ontologies are released in this form, as <name>.json",
      cause: error,
    });
  }
}

/** An origin may be reading the file that is replaced. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
