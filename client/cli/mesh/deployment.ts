/** What a newcomer puts into wrangler.toml, and the commands that deploy it. */
import { readFile, writeFile } from "node:fs/promises";
import type { MeshId } from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";

export interface Deployment {
  /** The name of the section: `wrangler deploy --env NAME`. */
  readonly env: string;
  readonly mesh: MeshId;
  readonly name: string;
  readonly meshUrl: string;
  readonly originUrl?: string | undefined;
}

/** The variables that differ from one organisation to the next; `[env.example]` explains and has the others. */
export function variablesOf({
  mesh,
  name,
  meshUrl,
  originUrl,
}: Deployment): Record<string, string> {
  return {
    MESH_ID: mesh,
    NODE_NAME: name,
    MESH_URL: meshUrl,
    ...(originUrl !== undefined && { ORIGIN_URL: originUrl }),
  };
}

/** The section of `deployment`, as a copy of `[env.example]` in `template`. */
export function sectionOf(template: string, deployment: Deployment): string {
  const start = template.indexOf("[env.example]");
  if (start === -1) {
    throw new CliError("this wrangler.toml has no [env.example] to copy", {
      hint: "take the one that comes with this software",
    });
  }
  const variables = variablesOf(deployment);
  const { hostname } = new URL(deployment.meshUrl);
  return template
    .slice(start)
    .replaceAll(/^(\[+)env\.example/gm, `$1env.${deployment.env}`)
    .replace(/^routes = .*$/m, `routes = [{ pattern = ${toml(hostname)}, custom_domain = true }]`)
    .split("\n")
    .flatMap((line) => {
      const name = /^([A-Z_]+) = /.exec(line)?.[1] ?? "";
      if (Object.hasOwn(variables, name)) return [`${name} = ${toml(variables[name] ?? "")}`];
      // A node without an origin tells of none.
      return name === "ORIGIN_URL" ? [] : [line];
    })
    .join("\n")
    .trimEnd();
}

/** A basic string of TOML: JSON's escapes are among its own. */
function toml(text: string): string {
  return JSON.stringify(text);
}

/** Adds the section to the file. Refuses where it has one of that name. */
export async function writeSection(file: string, deployment: Deployment): Promise<void> {
  const before = await readFile(file, "utf8");
  if (new RegExp(String.raw`^\[env\.${deployment.env}\]`, "m").test(before)) {
    throw new CliError(`${file} has a section [env.${deployment.env}] already`, {
      hint: "change it by hand, or choose another name with --env NAME",
    });
  }
  const section = sectionOf(before, deployment);
  await writeFile(file, `${before.trimEnd()}\n\n# ${deployment.name}\n${section}\n`);
}

/** What the operator runs. */
export function deployCommands({ env }: Deployment, keyFile: string): string[] {
  return [
    `npx wrangler secret put NODE_KEY --env ${env} < ${keyFile}`,
    `openssl rand -base64 24 | tee requester.token | npx wrangler secret put REQUESTER_TOKEN --env ${env}`,
    `npx wrangler deploy --env ${env}`,
  ];
}
