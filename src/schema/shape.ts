import type { Client } from '../postgres/client.ts';
import { sqlFile } from '../sql-file.ts';

export interface ShapeColumn {
  readonly name: string;
  /** As PostgreSQL spells it. */
  readonly type: string;
  readonly nullable: boolean;
  readonly comment: string | null;
  /** Views that read the column, as schema.name. */
  readonly readers: readonly string[];
}

export interface ShapeConstraint {
  readonly name: string;
  readonly columns: readonly string[];
}

export interface ShapeIndex {
  readonly name: string;
  /** What follows "create index <name> on <table>". */
  readonly definition: string;
}

/** A table or view of silver or gold as the database has it. */
export interface Shape {
  readonly kind: 'table' | 'view';
  readonly comment: string | null;
  readonly columns: readonly ShapeColumn[];
  readonly key: ShapeConstraint | null;
  readonly unique: readonly ShapeConstraint[];
  /** Those that belong to no constraint. */
  readonly indexes: readonly ShapeIndex[];
  /** Rights other than the owner's, as grant statements that give them again; a column's right names the column. */
  readonly grants: readonly { readonly column: string | null; readonly statement: string }[];
}

/** Every table and view of silver and gold, by schema.name. */
export async function readShapes(client: Client): Promise<Map<string, Shape>> {
  const { rows } = await client.query<{ id: string; shape: string }>(sqlFile('schema/shapes'));
  return new Map(rows.map(({ id, shape }) => [id, JSON.parse(shape) as Shape]));
}
