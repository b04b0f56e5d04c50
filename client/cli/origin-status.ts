/** Asking a running origin for its status, as its operator. */
import { statusReportSchema, type OriginConfig, type StatusReport } from "../../origin/index.ts";
import { parseJson, problemSchema } from "../../protocol/index.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { unreachableError } from "./request-errors.ts";

/** Counting a million records takes a second. */
const TIMEOUT_MS = 10_000;

/** Where an origin of this configuration can be called from its own machine. */
export function listeningUrl({ listen: { host, port } }: OriginConfig): string {
  if (port === 0) {
    throw new CliError("the configuration leaves the port to the system", {
      hint: "name the address that `origin start` printed: --url http://127.0.0.1:PORT",
    });
  }
  // An address that stands for all of the machine's is none that can be called everywhere.
  const called = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `http://${called.includes(":") ? `[${called}]` : called}:${port}`;
}

/** The origin's report. Throws a `CliError`. */
export async function readOriginStatus(url: string, token: string): Promise<StatusReport> {
  const hint = "start it with: outcome-mesh origin start --config FILE";
  const { status, text } = await request(url, token).catch((error: unknown) => {
    throw unreachableError(error, { what: "the origin at", url, hint }) ?? error;
  });
  const json = parseJson(text);
  const content = json.ok ? json.value : undefined;
  const report = statusReportSchema.safeParse(content);
  if (status === 200 && report.success) return report.data;
  const problem = problemSchema.safeParse(content);
  if (!problem.success) {
    throw new CliError(`what answers at ${url} is not an origin`, {
      exitCode: EXIT.unreachable,
      hint,
    });
  }
  const { title, detail } = problem.data;
  throw new CliError(`the origin refused: ${[title, detail].filter(Boolean).join("; ")}`, {
    exitCode: EXIT.refused,
    hint: "the operator token must be the one that it was started with",
  });
}

async function request(url: string, token: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url.replace(/\/+$/, "")}/v1/status`, {
    headers: { authorization: `Bearer ${token}` },
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return { status: response.status, text: await response.text() };
}
