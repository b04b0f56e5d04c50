/** Exact ranking by the domain's similarity: the columns, and how they follow the store. */
export { rank, type Ranked } from "./rank.ts";
export { openRankingIndex, openRankingIndexes, type RankingIndex } from "./ranking-index.ts";
export { REFERENCE_LENGTH, Table, type RankableRecord } from "./table.ts";
