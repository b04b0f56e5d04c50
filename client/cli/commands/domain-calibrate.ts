/** `outcome-mesh domain calibrate`: which signature settings find what exact ranking finds, on a sample of records. */
import { Command } from "commander";
import { seededRandom } from "../../../examples/random.ts";
import { K, measure, type Trial } from "../calibrate/measure.ts";
import {
  formatPrivacy,
  measurePrivacy,
  reportPrivacy,
  settingsWith,
  type PrivacyReport,
  type PrivacySample,
} from "../calibrate/privacy/index.ts";
import { byCost, propose } from "../calibrate/propose.ts";
import { readSample, type Sample } from "../calibrate/read-sample.ts";
import { isSame, settingsToTry, type Settings } from "../calibrate/settings.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { jsonOption, numberWithin, ontologyOption, wholeNumber } from "../options.ts";
import { counted, printJson, printText } from "../output.ts";
import { createProgress, type Progress } from "../progress.ts";
import { readOntologies, readPlainDomain } from "../read-files.ts";
import { formatOption, mappingOption, openRecords, type SourceFlags } from "../records-source.ts";
import { formatIssue } from "../report-error.ts";
import { formatTable } from "../table.ts";

interface CalibrateOptions extends SourceFlags {
  readonly records: string;
  readonly ontology: readonly string[];
  readonly sample: number;
  readonly queries: number;
  readonly seed: string;
  readonly target: number;
  readonly privacy?: true;
  readonly json?: true;
}

/** Of the records that privacy is tried on, the attacker knows one in so many. */
const KNOWN_EVERY = 4;
/** Beside the records of a sample. */
const DECOYS = 50;

/** With fewer, the ten most similar are most of all. */
const RECORDS_MIN = 50;
/** Rows of the table: who wants all trials takes --json. */
const ROWS_SHOWN = 12;

export function domainCalibrateCommand(): Command {
  return new Command("calibrate")
    .description(
      `Measure signature settings on a sample of records: recall@${K} of the mesh's lookup against exact ranking, and what it costs. Proposes the cheapest that reach the target (exit code 1 if none does). Nothing is sent.`,
    )
    .argument("<file>", "the domain, as JSON")
    .requiredOption("--records <file>", "records: .ndjson, .jsonl, .json or .csv, also as .gz")
    .addOption(formatOption())
    .addOption(mappingOption())
    .addOption(ontologyOption())
    .option("--sample <n>", "records to measure on", wholeNumber(RECORDS_MIN, 20_000), 2000)
    .option("--queries <n>", "of them, records to look for", wholeNumber(10, 500), 100)
    .option("--seed <text>", "chooses the records", "1")
    .option("--target <share>", `recall@${K} to reach`, numberWithin(0, 1), 0.95)
    .option("--privacy", "also measure what entries tell, and what telling less costs")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh domain calibrate pump-faults.json --records records.ndjson
  outcome-mesh domain calibrate pump-faults.json --records records.ndjson --privacy
  outcome-mesh domain calibrate pump-faults.json --records records.csv --mapping columns.json --target 0.99

A lookup in a large mesh scans no more than in a small one, but finds less of it: take the largest sample you
have the patience for.`,
    )
    .action(runCalibrate);
}

async function runCalibrate(file: string, options: CalibrateOptions): Promise<void> {
  const ontologies = await readOntologies(options.ontology);
  const compiled = await readPlainDomain(file, ontologies);
  const random = seededRandom(options.seed);
  const progress = createProgress();
  try {
    const rows = await openRecords(options.records, compiled, options);
    const sample = await readSample(rows, compiled, {
      size: options.sample,
      random,
      onRead: (read) => progress.report("reading records", read, Infinity),
    });
    progress.end();
    requireEnough(options.records, sample);
    const profiles = sample.held.map(({ profile }) => profile);
    const queries = random.sample([...profiles.keys()], Math.min(options.queries, profiles.length));
    const { domain } = compiled;
    const settings = settingsToTry(domain);
    progress.report("trying settings", 0, settings.length);
    const trials = measure({ domain, ontologies, profiles, queries }, settings, (done) =>
      progress.report("trying settings", done, settings.length),
    );
    progress.end();
    const proposal = propose(trials, options.target);
    const privacy = options.privacy
      ? await tryPrivacy(sample, { domain, ontologies }, proposal, options.queries, progress)
      : undefined;
    progress.end();
    const current = domain.signature;
    const report = { sample, queries: queries.length, trials, proposal, current, privacy };
    if (options.json) printJson(documentOf(report, options));
    else printText(formatReport(report, options));
    if (!proposal) process.exitCode = EXIT.negative;
  } finally {
    progress.end();
  }
}

/** With the proposed signature settings, or the domain's own where none reaches the target. */
async function tryPrivacy(
  { held: kept }: Sample,
  { domain, ontologies }: Pick<PrivacySample, "domain" | "ontologies">,
  proposal: Trial | undefined,
  queries: number,
  progress: Progress,
): Promise<PrivacyReport> {
  const known = kept.filter((_, i) => i % KNOWN_EVERY === 0);
  const held = kept.filter((_, i) => i % KNOWN_EVERY !== 0);
  const signature = proposal?.settings ?? domain.signature;
  const settings = settingsWith(DECOYS);
  progress.report("trying privacy settings", 0, settings.length);
  const trials = await measurePrivacy(
    { domain: { ...domain, signature }, ontologies, held, known, queries: known.slice(0, queries) },
    settings,
    (done) => progress.report("trying privacy settings", done, settings.length),
  );
  return reportPrivacy({ published: held.length, known: known.length }, trials);
}

function requireEnough(path: string, { records, rejected, firstRejected }: Sample): void {
  const why = firstRejected?.issues.map(formatIssue).join("; ");
  const left = firstRejected && `line ${firstRejected.line}: ${why}`;
  if (records < RECORDS_MIN) {
    throw new CliError(`${path} has ${counted(records, "good record")}: at least ${RECORDS_MIN}`, {
      hint: left && `${counted(rejected, "record")} left out, the first at ${left}`,
    });
  }
  if (left !== undefined) {
    process.stderr.write(
      `warning: ${counted(rejected, "record")} left out, the first at ${left}\n`,
    );
  }
}

interface Report {
  readonly sample: Sample;
  readonly queries: number;
  readonly trials: readonly Trial[];
  readonly proposal: Trial | undefined;
  /** The domain's own settings. */
  readonly current: Settings;
  readonly privacy: PrivacyReport | undefined;
}

function documentOf(
  { sample, queries, trials, proposal, current, privacy }: Report,
  options: CalibrateOptions,
) {
  const { target, seed } = options;
  return {
    k: K,
    target,
    seed,
    records: sample.records,
    rejected: sample.rejected,
    sampled: sample.held.length,
    queries,
    current: trials.find(({ settings }) => isSame(settings, current)),
    proposal: proposal ?? null,
    trials: trials.toSorted(byCost),
    ...(privacy && { privacy: { ...privacy, proposal: privacy.proposal ?? null } }),
  };
}

function formatReport(report: Report, { target }: CalibrateOptions): string {
  const { sample, queries, trials, proposal, current, privacy } = report;
  const reaching = trials.filter(({ recall }) => recall >= target).toSorted(byCost);
  const best = trials.toSorted((a, b) => b.recall - a.recall || byCost(a, b));
  const shown = (proposal ? reaching : best).slice(0, ROWS_SHOWN);
  const own = trials.filter(({ settings }) => isSame(settings, current));
  const rows = [...shown, ...own.filter((trial) => !shown.includes(trial))];
  return [
    `${trials.length} settings tried on ${sample.held.length} of ${counted(sample.records, "record")}, ${queries} queries.`,
    proposal
      ? `${reaching.length} reach a recall@${K} of ${target}; the cheapest, and the domain's own (*):`
      : `None reaches a recall@${K} of ${target}; the best, and the domain's own (*):`,
    "",
    formatTable(
      [
        "",
        "symbols",
        "trees",
        "rootDepth",
        "candidates",
        "branches",
        `recall@${K}`,
        "+-",
        "rows scanned",
        "kB",
        "busiest slot",
      ],
      rows.map((trial) => cellsOf(trial, isSame(trial.settings, current))),
    ),
    "",
    ...(proposal
      ? [
          `Proposed: "signature": ${JSON.stringify(proposal.settings)}`,
          "A domain with other settings is another domain: it has another id.",
        ]
      : ["More symbols, trees or candidates than these may reach it; so may fewer features."]),
    ...(privacy ? ["", formatPrivacy(privacy, (proposal?.settings ?? current).symbols)] : []),
  ].join("\n");
}

function cellsOf(trial: Trial, isCurrent: boolean): string[] {
  const { symbols, trees, rootDepth, candidates, branches = 1 } = trial.settings;
  return [
    isCurrent ? "*" : "",
    ...[symbols, trees, rootDepth, candidates, branches].map(String),
    trial.recall.toFixed(3),
    trial.standardError.toFixed(3),
    trial.rowsScanned.toFixed(0),
    (trial.bytesCompared / 1000).toFixed(1),
    `${(100 * trial.busiestShare).toFixed(1)} %`,
  ];
}
