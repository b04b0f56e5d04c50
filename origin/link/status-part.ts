/** What the link says of itself in the origin's status. */
import type { PartReport, StatusPart } from "../status/index.ts";
import type { LinkReport } from "./link.ts";

/** `report` is undefined until the link was started. */
export function linkPart(report: () => LinkReport | undefined): StatusPart {
  return { report: () => partOf(report() ?? NOT_STARTED) };
}

const NOT_STARTED: LinkReport = { state: "connecting", reconnects: 0, inFlight: 0, answered: 0 };

function partOf(report: LinkReport): PartReport {
  const { state, reason, reconnects, inFlight, answered, connectedSince } = report;
  const why = reason === undefined || state === "connected" ? "" : ` (${reason})`;
  return {
    name: "link",
    state: state === "connected" ? "ok" : reason === undefined ? "attention" : "failing",
    summary: `${state}${why}; ${answered} answered, ${inFlight} under way, ${reconnects} reconnections`,
    details: {
      state,
      reason: reason ?? null,
      connectedSince: connectedSince === undefined ? null : new Date(connectedSince).toISOString(),
      reconnects,
      inFlight,
      answered,
    },
  };
}
