/** One row of a small dimension, as the warehouse has it. */
export interface ReferenceRow {
  readonly id: number;
  readonly name: string;
  /** Of a currency: its ISO 4217 code. */
  readonly code?: string | null;
}

/** The rows of a dimension that an order may point at, by what an event may call them. */
export interface Dimension {
  readonly ids: ReadonlySet<number>;
  /** By name, and by code. */
  readonly byName: ReadonlyMap<string, number>;
}

/** The dimensions that an order points into. */
export interface References {
  readonly statuses: Dimension;
  readonly paymentMethods: Dimension;
  readonly currencies: Dimension;
}

export interface ReferenceTable {
  /** Its name in silver. */
  readonly table: string;
  readonly columns: string;
}

/** The tables that hold them, and what of each is read. */
export const REFERENCE_TABLES: Readonly<Record<keyof References, ReferenceTable>> = {
  statuses: { table: 'dim_order_status', columns: 'id, name' },
  paymentMethods: { table: 'dim_payment_method', columns: 'id, name' },
  currencies: { table: 'dim_currency', columns: 'id, name, code' },
};

/** @param read the rows of such a table, as whoever asks sees it */
export async function readReferences(
  read: (from: ReferenceTable) => Promise<readonly ReferenceRow[]>,
): Promise<References> {
  const { statuses, paymentMethods, currencies } = REFERENCE_TABLES;
  return {
    statuses: dimensionOf(await read(statuses)),
    paymentMethods: dimensionOf(await read(paymentMethods)),
    currencies: dimensionOf(await read(currencies)),
  };
}

/** Names are compared without their outer white space, in lower case. */
export function nameKey(name: string): string {
  return name.trim().toLowerCase();
}

/** Of two rows with one name the one with the lower id has it, and a name comes before a code. */
export function dimensionOf(rows: readonly ReferenceRow[]): Dimension {
  const byName = new Map<string, number>();
  const ordered = [...rows].sort((left, right) => left.id - right.id);
  const names = [
    ...ordered.map(({ id, name }) => ({ id, name })),
    ...ordered.flatMap(({ id, code }) => (typeof code !== 'string' ? [] : [{ id, name: code }])),
  ];
  for (const { id, name } of names) {
    const key = nameKey(name);
    if (!byName.has(key)) {
      byName.set(key, id);
    }
  }
  return { ids: new Set(rows.map(({ id }) => id)), byName };
}
