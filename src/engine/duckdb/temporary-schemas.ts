/**
 * The sessions of the warehouse whose schema of temporary tables DuckDB's catalog knows. DuckDB reads the catalog once,
 * in whatever transaction first asks, and as that sees it: a schema made since is missing. So the catalog is read anew
 * for a schema that is not known yet, and only while no older transaction is open that could do the reading.
 */
export class TemporarySchemas {
  readonly #known = new Set<string>();
  readonly #open = new Set<Promise<unknown>>();
  #learning: Promise<void> | undefined;

  has(schema: string): boolean {
    return this.#known.has(schema);
  }

  /** Runs a transaction. */
  async use<T>(transaction: () => Promise<T>): Promise<T> {
    await this.#learned();
    const result = transaction();
    const ended = result.catch(() => undefined);
    this.#open.add(ended);
    try {
      return await result;
    } finally {
      this.#open.delete(ended);
    }
  }

  /** Has DuckDB forget its catalog, by `forget`, once no transaction is open: the next one reads of `schema`, too. */
  async learn(schema: string, forget: () => Promise<void>): Promise<void> {
    await this.#learned();
    this.#learning = Promise.all(this.#open)
      .then(forget)
      .then(() => {
        this.#known.add(schema);
      })
      .finally(() => {
        this.#learning = undefined;
      });
    await this.#learning;
  }

  async #learned(): Promise<void> {
    while (this.#learning !== undefined) {
      await this.#learning;
    }
  }
}
