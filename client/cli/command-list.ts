/** All commands, by name. Each is loaded when it is called, so that `--help` and small commands start at once. */
import { Command } from "commander";

interface CommandEntry {
  readonly path: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const GROUPS: Readonly<Record<string, string>> = {
  domain: "Check a domain, and find its signature settings",
  ontology: "Compile an ontology",
  origin: "Load records into an origin, start it, ask how it is",
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
    path: ["origin", "load"],
    summary: "Load records into an origin's database",
    load: async () => (await import("./commands/origin-load.ts")).originLoadCommand(),
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
  [group = "", ...rest]: readonly string[],
  program: Command,
  groups: Map<string, Command>,
): Command {
  if (rest.length === 0) return program;
  const known = groups.get(group);
  if (known) return known;
  const made = program.command(group).description(GROUPS[group] ?? "");
  groups.set(group, made);
  return made;
}
