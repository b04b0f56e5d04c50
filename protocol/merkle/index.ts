/** Merkle trees of RFC 9162. */
export { EMPTY_ROOT, HASH_BYTES, leafHash, nodeHash } from "./hash.ts";
export { Frontier } from "./frontier.ts";
export {
  completedNodes,
  consistencyProof,
  inclusionProof,
  nodeCount,
  nodePosition,
  rootOf,
  type ReadNode,
  type TreeNode,
} from "./tree.ts";
export { rootFromInclusion, verifyConsistency, verifyInclusion, type TreeHead } from "./verify.ts";
