/** `outcome-mesh mesh revoke`: a vote to end a membership. */
import { Command } from "commander";
import { castVote, withVoteOptions } from "../mesh/vote.ts";

export function meshRevokeCommand(): Command {
  return withVoteOptions(
    new Command("revoke")
      .description(
        "Vote to revoke an organisation's membership. When as many others vote so as the charter says, its entries are no longer answered and its requests are refused, within one gossip interval. Vouching for it takes your vote back.",
      )
      .argument("<public key>", "theirs, or the id of a node known here"),
  )
    .addHelpText(
      "after",
      "\nExample:\n  outcome-mesh mesh revoke <node id> --url https://mesh.example.org --key node.key",
    )
    .action((subject, options) => castVote(subject, "revoke", options));
}
