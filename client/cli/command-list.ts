/** All commands, by name. Each is loaded when it is called, so that `--help` and small commands start at once. */
import { Command } from "commander";

interface CommandEntry {
  readonly path: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const GROUPS: Readonly<Record<string, string>> = {
  domain: "Check a domain, key it, and find its signature settings",
  ontology: "Compile an ontology",
  origin: "Set an origin up, load records, start it, ask how it is",
  "origin audit": "Verify, export and explain an origin's audit log",
  receipt: "Check what origins gave in proof of what they logged",
  key: "Make keys, and show what others may know of them",
  mesh: "Found a mesh, join it, admit others, leave",
  node: "Ask your node how it is",
};

const COMMANDS: readonly CommandEntry[] = [
  {
    path: ["up"],
    summary: "Bring up a mesh of organisations on this machine",
    load: async () => (await import("./commands/up.ts")).upCommand(),
  },
  {
    path: ["query"],
    summary: "Ask the mesh for similar cases and their outcomes",
    load: async () => (await import("./commands/query.ts")).queryCommand(),
  },
  {
    path: ["domain", "check"],
    summary: "Check a domain document",
    load: async () => (await import("./commands/domain-check.ts")).domainCheckCommand(),
  },
  {
    path: ["domain", "key"],
    summary: "Give a domain a secret, without which no one computes its signatures",
    load: async () => (await import("./commands/domain-key.ts")).domainKeyCommand(),
  },
  {
    path: ["domain", "calibrate"],
    summary: "Propose signature settings from a sample of records",
    load: async () => (await import("./commands/domain-calibrate.ts")).domainCalibrateCommand(),
  },
  {
    path: ["ontology", "compile"],
    summary: "Compile an ontology from OBO Graphs JSON",
    load: async () => (await import("./commands/ontology-compile.ts")).ontologyCompileCommand(),
  },
  {
    path: ["origin", "init"],
    summary: "Write a new origin's configuration, with comments",
    load: async () => (await import("./commands/origin-init.ts")).originInitCommand(),
  },
  {
    path: ["origin", "load"],
    summary: "Load records into an origin's database",
    load: async () => (await import("./commands/origin-load.ts")).originLoadCommand(),
  },
  {
    path: ["origin", "sync"],
    summary: "Bring an origin up to date with its sources",
    load: async () => (await import("./commands/origin-sync.ts")).originSyncCommand(),
  },
  {
    path: ["origin", "start"],
    summary: "Run an origin",
    load: async () => (await import("./commands/origin-start.ts")).originStartCommand(),
  },
  {
    path: ["origin", "status"],
    summary: "What a running origin holds, and what the mesh has yet to hear",
    load: async () => (await import("./commands/origin-status.ts")).originStatusCommand(),
  },
  {
    path: ["origin", "backup"],
    summary: "Copy an origin's database while it runs",
    load: async () => (await import("./commands/origin-backup.ts")).originBackupCommand(),
  },
  {
    path: ["origin", "audit", "verify"],
    summary: "Verify an audit log, and say where it was changed",
    load: async () => (await import("./commands/origin-audit-verify.ts")).auditVerifyCommand(),
  },
  {
    path: ["origin", "audit", "export"],
    summary: "Write an audit log as lines that anyone can verify",
    load: async () => (await import("./commands/origin-audit-export.ts")).auditExportCommand(),
  },
  {
    path: ["origin", "audit", "explain"],
    summary: "Say in plain words what happened with one query",
    load: async () => (await import("./commands/origin-audit-explain.ts")).auditExplainCommand(),
  },
  {
    path: ["receipt", "verify"],
    summary: "Verify receipts without asking anyone",
    load: async () => (await import("./commands/receipt-verify.ts")).receiptVerifyCommand(),
  },
  {
    path: ["origin", "dry-run"],
    summary: "What a requester would receive, and what the mesh would hold",
    load: async () => (await import("./commands/origin-dry-run.ts")).originDryRunCommand(),
  },
  {
    path: ["key", "new"],
    summary: "Make a node's key",
    load: async () => (await import("./commands/key-new.ts")).keyNewCommand(),
  },
  {
    path: ["key", "show"],
    summary: "Show the node id and public key of a key",
    load: async () => (await import("./commands/key-show.ts")).keyShowCommand(),
  },
  {
    path: ["mesh", "found"],
    summary: "Write a mesh's charter",
    load: async () => (await import("./commands/mesh-found.ts")).meshFoundCommand(),
  },
  {
    path: ["mesh", "sign"],
    summary: "Sign a charter as one of its founders",
    load: async () => (await import("./commands/mesh-sign.ts")).meshSignCommand(),
  },
  {
    path: ["mesh", "invite"],
    summary: "Invite an organisation",
    load: async () => (await import("./commands/mesh-invite.ts")).meshInviteCommand(),
  },
  {
    path: ["mesh", "join"],
    summary: "Make your node a member",
    load: async () => (await import("./commands/mesh-join.ts")).meshJoinCommand(),
  },
  {
    path: ["mesh", "vouch"],
    summary: "Vote to admit an organisation",
    load: async () => (await import("./commands/mesh-vouch.ts")).meshVouchCommand(),
  },
  {
    path: ["mesh", "revoke"],
    summary: "Vote to end a membership",
    load: async () => (await import("./commands/mesh-revoke.ts")).meshRevokeCommand(),
  },
  {
    path: ["mesh", "leave"],
    summary: "Leave the mesh in order",
    load: async () => (await import("./commands/mesh-leave.ts")).meshLeaveCommand(),
  },
  {
    path: ["mesh", "members"],
    summary: "List the members, and who voted for them",
    load: async () => (await import("./commands/mesh-members.ts")).meshMembersCommand(),
  },
  {
    path: ["node", "status"],
    summary: "What your node knows and does",
    load: async () => (await import("./commands/node-status.ts")).nodeStatusCommand(),
  },
  {
    path: ["node", "repair"],
    summary: "Compare entries with the other replicas now",
    load: async () => (await import("./commands/node-repair.ts")).nodeRepairCommand(),
  },
  {
    path: ["doctor"],
    summary: "Test every part of your node, and say what to mend",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand(),
  },
];

/** Adds all commands to `program`: the one that `args` call for in full, the others by name and summary. */
export async function addCommands(program: Command, args: readonly string[]): Promise<void> {
  const words = args.filter((arg) => !arg.startsWith("-"));
  const called = words[0] === "help" ? words.slice(1) : words;
  const groups = new Map<string, Command>();
  for (const { path, summary, load } of COMMANDS) {
    const isCalled = path.every((word, i) => called[i] === word);
    const command = isCalled ? await load() : new Command(path.at(-1));
    if (!isCalled) command.description(summary);
    command.summary(summary);
    parentOf(path, program, groups).addCommand(command);
  }
}

function parentOf(
  path: readonly string[],
  program: Command,
  groups: Map<string, Command>,
): Command {
  const group = path.slice(0, -1);
  if (group.length === 0) return program;
  const name = group.join(" ");
  const known = groups.get(name);
  if (known) return known;
  const parent = parentOf(group, program, groups);
  const made = parent.command(group.at(-1) ?? "").description(GROUPS[name] ?? "");
  groups.set(name, made);
  return made;
}
