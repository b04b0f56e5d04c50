/** What a domain's policy lets the mesh know, as the store takes it. */
import { createHash } from "node:crypto";
import { canonicalBytes } from "../../protocol/index.ts";
import type { Publication } from "../store/index.ts";
import type { DomainPolicy } from "./domain-policy.ts";

export function publicationOf(policy: DomainPolicy): Publication {
  const { intervention, result } = policy.fields;
  const isSingle = policy.minimumGroupSize === 1;
  return {
    publish: policy.publish,
    minimumCount: policy.minimumCount,
    coarseness: isSingle ? policy.publishedCoarseness : 0,
    groupSize: policy.minimumGroupSize,
    decoys: policy.decoys,
    shape: isSingle
      ? ""
      : createHash("sha256").update(canonicalBytes({ intervention, result })).digest("base64url"),
  };
}
