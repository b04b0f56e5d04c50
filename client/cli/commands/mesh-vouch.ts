/** `outcome-mesh mesh vouch`: a vote to admit an organisation. */
import { Command } from "commander";
import { castVote, withVoteOptions } from "../mesh/vote.ts";

export function meshVouchCommand(): Command {
  return withVoteOptions(
    new Command("vouch")
      .description(
        "Vote to admit an organisation. It becomes a member when as many voters vouch for it as the charter says. Make sure first that the key is theirs, over a channel that you trust.",
      )
      .argument("<public key>", "theirs, as `key show` prints it; or the id of a node known here"),
  )
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh mesh vouch <public key> --url https://mesh.example.org --key node.key
  outcome-mesh mesh vouch <public key> --charter charter.json --key node.key --out vote.json`,
    )
    .action((subject, options) => castVote(subject, "admit", options));
}
