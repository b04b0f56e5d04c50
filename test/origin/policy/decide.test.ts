import { describe, expect, test } from "vitest";
import { decide, domainPolicies, policySchema } from "../../../origin/policy/index.ts";
import { contentId, nodeIdSchema, utf8Bytes } from "../../../protocol/index.ts";
import { compile, domainDocument, ward } from "../../support/origin-domain.ts";

const nodeOf = (name: string) => nodeIdSchema.parse(contentId(utf8Bytes(name)));
const hospital = { node: nodeOf("hospital"), name: "Hospital" };
const university = { node: nodeOf("university"), name: "University" };
const insurer = { node: nodeOf("insurer"), name: "Insurer" };
/** Two live members bear this one's name, so it has none here. */
const twin = { node: nodeOf("twin"), name: undefined };

const clinic = compile({ ...domainDocument, name: "clinic" });
const { policies, issues } = domainPolicies(
  policySchema.parse({
    memberGroups: { research: [university.node, "Twin"] },
    rules: [
      { effect: "refuse", members: [insurer.node] },
      { effect: "allow", members: ["Hospital"] },
      { effect: "allow", members: ["group:research"], purposes: ["research", "audit"] },
    ],
    minimumGroupSize: 5,
    queriesPerDay: 10,
    domains: {
      clinic: {
        rules: [{ effect: "allow" }],
        minimumGroupSize: 1,
        queriesPerDay: 2,
        allowExclusion: true,
      },
    },
  }),
  [ward, clinic],
);

interface Cell {
  readonly as: typeof hospital | typeof twin;
  readonly purpose?: string;
  readonly domain?: typeof ward;
  readonly individuals?: number;
  readonly used?: number;
  readonly excludes?: boolean;
}

function decided({
  as,
  purpose,
  domain = ward,
  individuals = 50,
  used = 0,
  excludes = false,
}: Cell) {
  const policy = policies.get(domain.id);
  if (!policy) throw new Error("no policy");
  const question = { asker: as, purpose, excludes, usedToday: used, individuals };
  const { outcome, rule } = decide(policy, question);
  return rule === undefined ? outcome : `${outcome}: ${rule}`;
}

const CELLS: readonly [string, Cell, string][] = [
  // Requester and purpose.
  ["a member that is named", { as: hospital }, "aggregate"],
  ["a member that is named, any purpose", { as: hospital, purpose: "marketing" }, "aggregate"],
  ["a member of a group, an allowed purpose", { as: university, purpose: "research" }, "aggregate"],
  ["a member of a group, the other one", { as: university, purpose: "audit" }, "aggregate"],
  [
    "a member of a group, another purpose",
    { as: university, purpose: "marketing" },
    "refused: purpose",
  ],
  ["a member of a group, no purpose", { as: university }, "refused: purpose"],
  ["a member that is refused by name", { as: insurer }, "refused: member"],
  [
    "a member that is refused, whatever for",
    { as: insurer, purpose: "research" },
    "refused: member",
  ],
  ["a member whose name two bear", { as: twin, purpose: "research" }, "refused: member"],
  // Domain.
  ["another domain has its own rules", { as: insurer, domain: clinic }, "released"],
  [
    "another domain has its own group size",
    { as: hospital, domain: clinic, individuals: 0 },
    "released",
  ],
  // Group size, at the limit and one below.
  ["as many individuals as are needed", { as: hospital, individuals: 5 }, "aggregate"],
  ["one fewer", { as: hospital, individuals: 4 }, "withheld"],
  ["none", { as: hospital, individuals: 0 }, "withheld"],
  // Quota, at the limit and one above.
  ["the last query of the day", { as: hospital, used: 9 }, "aggregate"],
  ["one more", { as: hospital, used: 10 }, "refused: quota"],
  ["the last query where two are allowed", { as: hospital, domain: clinic, used: 1 }, "released"],
  ["one more there", { as: hospital, domain: clinic, used: 2 }, "refused: quota"],
  // Exclusion.
  [
    "groups are left out where policy forbids it",
    { as: hospital, excludes: true },
    "refused: exclusion",
  ],
  [
    "groups are left out where it allows it",
    { as: hospital, domain: clinic, excludes: true },
    "released",
  ],
  // What comes first where several forbid it.
  [
    "a stranger to the rules with its quota used",
    { as: insurer, used: 10, excludes: true },
    "refused: member",
  ],
  [
    "exclusion with its quota used",
    { as: hospital, used: 10, excludes: true },
    "refused: exclusion",
  ],
  [
    "too few individuals with its quota used",
    { as: hospital, used: 10, individuals: 0 },
    "refused: quota",
  ],
];

describe("P-100: a query is decided by requester, purpose, exclusion, quota and group size", () => {
  test.each(CELLS)("%s", (_, cell, expected) => {
    expect(decided(cell)).toBe(expected);
  });

  test("and no reason names a member, a group or a purpose of the policy", () => {
    const policy = policies.get(ward.id);
    if (!policy) throw new Error("no policy");
    for (const as of [insurer, university, twin]) {
      const question = { asker: as, purpose: "x", excludes: false, usedToday: 0, individuals: 9 };
      const text = decide(policy, question).reasons.join(" ");
      expect(text).not.toMatch(/Hospital|research|audit|University|Insurer/);
    }
  });
});

describe("the policy's configuration", () => {
  test("fits the domains that it is for", () => {
    expect(issues).toEqual([]);
  });

  test("has defaults that give no single case, and let every member ask", () => {
    expect(policySchema.parse({})).toMatchObject({
      rules: [{ effect: "allow" }],
      minimumGroupSize: 20,
      allowExclusion: false,
    });
  });

  test.each([
    [{ allowExclusion: true }, "allowExclusion"],
    [
      { minimumGroupSize: 1, domains: { ward: { minimumGroupSize: 5, allowExclusion: true } } },
      "domains.ward.allowExclusion",
    ],
    [{ rules: [{ effect: "allow", members: ["group:none"] }] }, "rules.0.members.0"],
    [{ rules: [{ effect: "allow", purposes: ["Not a purpose"] }] }, "rules.0.purposes.0"],
    [{ minimumGroupSize: 0 }, "minimumGroupSize"],
    [{ fields: { result: { recovered: { bin: 1, omit: true } } } }, "fields.result.recovered"],
  ])("names the field of %j that is wrong", (policy, path) => {
    const parsed = policySchema.safeParse(policy);
    expect(parsed.error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
  });

  test.each([
    [{ domains: { nowhere: {} } }, "policy.domains.nowhere"],
    [{ fields: { result: { nothing: { omit: true } } } }, "policy.fields.result.nothing"],
    [{ fields: { result: { recovered: { bin: 2 } } } }, "policy.fields.result.recovered.bin"],
    [
      { fields: { intervention: { dose: { atLeast: 2 } } } },
      "policy.fields.intervention.dose.atLeast",
    ],
  ])("names the field of %j that does not fit the domain", (policy, path) => {
    const checked = domainPolicies(policySchema.parse(policy), [ward]);
    expect(checked.issues.map((issue) => issue.path)).toEqual([path]);
  });
});
