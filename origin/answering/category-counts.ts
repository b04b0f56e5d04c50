/** How many records of one domain have each category, counted again only after records have changed. */
import type { DomainId } from "../../protocol/index.ts";
import type { CategoryCount } from "../policy/index.ts";
import type { Store } from "../store/index.ts";

export class CategoryCounts {
  readonly #store: Store;
  readonly #domain: DomainId;
  readonly #known = new Map<string, ReadonlyMap<string, number>>();
  #seq = -1;

  constructor(store: Store, domain: DomainId) {
    this.#store = store;
    this.#domain = domain;
  }

  /** Of the fields of one part of an outcome. */
  of(part: "intervention" | "result"): CategoryCount {
    return (field, value) => {
      const seq = this.#store.lastSeq();
      if (seq !== this.#seq) this.#known.clear();
      this.#seq = seq;
      const key = `${part}/${field}`;
      const counts = this.#known.get(key) ?? this.#store.categories(this.#domain, part, field);
      this.#known.set(key, counts);
      return counts.get(String(value)) ?? 0;
    };
  }
}
