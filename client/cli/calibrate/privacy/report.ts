/** The frontier of recall against leakage and cost, as `domain calibrate --privacy` prints it. */
import { formatTable } from "../../table.ts";
import { proposePrivacy, type PrivacyTrial } from "./measure-privacy.ts";
import type { PrivacySetting } from "./settings.ts";

/** Recall that privacy may cost. */
export const RECALL_LOSS_MAX = 0.02;

export interface PrivacyReport {
  readonly published: number;
  readonly known: number;
  readonly trials: readonly PrivacyTrial[];
  readonly proposal: PrivacyTrial | undefined;
}

export function reportPrivacy(
  sizes: Pick<PrivacyReport, "published" | "known">,
  trials: readonly PrivacyTrial[],
): PrivacyReport {
  return { ...sizes, trials, proposal: proposePrivacy(trials, RECALL_LOSS_MAX) };
}

export function formatPrivacy(
  { published, known, trials, proposal }: PrivacyReport,
  symbols: number,
): string {
  return [
    `What entries tell: ${published} records published, an attacker who can compute signatures and knows ${known} others.`,
    "",
    formatTable(
      [
        "",
        "privacy setting",
        "entries",
        "recall@10",
        "records asked",
        "rows scanned",
        "kB",
        "advantage",
      ],
      trials.map((trial) => [
        trial === proposal ? "*" : "",
        trial.setting.name,
        String(trial.entries),
        trial.recall.toFixed(3),
        trial.recordsAsked.toFixed(0),
        trial.rowsScanned.toFixed(0),
        ((trial.rowsScanned * symbols) / 1000).toFixed(1),
        trial.advantage.toFixed(3),
      ]),
    ),
    "",
    "Advantage: accuracy of guessing an attribute of a record from its entry, less that of guessing without one; mean",
    "over attributes. A key decides who can do so, and keeps nothing from whoever holds many entries for long.",
    ...(proposal
      ? [`Proposed (*), at most ${RECALL_LOSS_MAX} of recall lost: ${writtenAs(proposal.setting)}`]
      : []),
  ].join("\n");
}

function writtenAs({ policy, epsilon }: PrivacySetting): string {
  const noise =
    epsilon === undefined ? "" : `, in the domain "signature": { "epsilon": ${epsilon} }`;
  return `in the origin's policy ${JSON.stringify(policy)}${noise}`;
}
