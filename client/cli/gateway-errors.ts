/** What it means for a command that a query failed. */
import { DomainSecretError, ProblemError, ProfileError, ProtocolError } from "../index.ts";
import type { ProblemCode } from "../../protocol/index.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { unreachableError } from "./request-errors.ts";

const PROFILE_HINT = "the domain's document says what each feature must be";

const TOKEN_HINT = "give the Worker's requester token with --token or in OUTCOME_MESH_TOKEN";
const HINTS: Partial<Record<ProblemCode, string>> = {
  unauthorized: TOKEN_HINT,
  forbidden: TOKEN_HINT,
  "unknown-domain": "a Worker knows the domains that its members' origins serve",
  "bad-profile": PROFILE_HINT,
  "domain-secret-missing":
    "whoever runs the Worker adds it (docs/privacy.md), or ask with --private and --domain-secret-file",
  "not-ready": "the Worker has not been given its mesh's members yet",
};

/** The error to report; `error` itself if it is of another kind. */
export function gatewayError(error: unknown, url: string): unknown {
  if (error instanceof ProfileError) {
    return new CliError("the profile does not fit the domain", {
      issues: error.issues,
      hint: PROFILE_HINT,
      cause: error,
    });
  }
  if (error instanceof DomainSecretError) {
    return new CliError(error.message, {
      hint: "name the file with the domain's secret: --domain-secret-file FILE",
      cause: error,
    });
  }
  if (error instanceof ProblemError) {
    const { problem, code } = error;
    const reason = [problem.title, problem.detail].filter(Boolean).join("; ");
    return new CliError(`the gateway refused: ${reason}`, {
      // As where the client itself finds out.
      exitCode: code === "bad-profile" ? EXIT.usage : EXIT.refused,
      issues: problem.errors,
      hint: code && HINTS[code],
      cause: error,
    });
  }
  const hint = "is --gateway the address of your organisation's Worker?";
  if (error instanceof ProtocolError) {
    return new CliError(`${url} does not answer as a gateway: ${error.message}`, {
      exitCode: EXIT.unreachable,
      hint,
      cause: error,
    });
  }
  return unreachableError(error, { what: "the gateway", url, hint }) ?? error;
}
