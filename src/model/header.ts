import { z } from 'zod';
import { LOADS, PERIOD_COLUMN } from './model.ts';

/** Types that PostgreSQL and DuckDB spell and mean alike. Double precision is left out on purpose. */
const COLUMN_TYPE =
  /^(text|smallint|integer|bigint|boolean|date|timestamptz|numeric\(\d{1,2},\d{1,2}\))$/;
const NAME = /^[a-z][a-z0-9_]*$/;
/** A number of rows, or a percentage with up to 6 decimals. */
const LIMIT = /^(\d{1,15}|(100|\d{1,2})(\.\d{1,6})?%)$/;

const columnSchema = z.strictObject({
  type: z
    .string()
    .regex(
      COLUMN_TYPE,
      'is none of text, smallint, integer, bigint, boolean, date, timestamptz, numeric(p,s)',
    ),
  description: z.string().min(1),
  nullable: z.boolean().default(false),
});

const limitSchema = z
  .union([z.int(), z.string()])
  .transform((value) => String(value))
  .pipe(
    z.string().regex(LIMIT, 'is neither a number of rows (5) nor a percentage of them ("0.1%")'),
  );

/**
 * A condition that every row should meet. Rows that do not are told of (severity warn), or keep from being published
 * what they are a part of (error). Up to `warn_above` of them are passed over in silence, up to `error_above` an error
 * is a warning: rows, or a percentage of the rows checked. What is checked together is what is published together: a
 * window of silver, which a run cuts by its --chunk-rows, and the marts of a run.
 */
const checkSchema = z
  .strictObject({
    name: z.string().min(1).max(200),
    that: z.string().min(1),
    severity: z.enum(['warn', 'error']),
    warn_above: limitSchema.optional(),
    error_above: limitSchema.optional(),
  })
  .superRefine(({ severity, warn_above: warn, error_above: error }, context) => {
    const issue = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (severity === 'warn' && error !== undefined) {
      issue('error_above', 'goes with severity error, and only with it');
    }
    if (severity === 'error' && warn !== undefined && error === undefined) {
      issue('warn_above', 'says nothing without error_above: above 0 it is an error already');
    }
    const unit = (limit: string): boolean => limit.endsWith('%');
    if (warn !== undefined && error !== undefined && unit(warn) === unit(error)) {
      if (Number.parseFloat(warn) > Number.parseFloat(error)) {
        issue('warn_above', `${warn} is more than error_above, ${error}`);
      }
    }
  });

/** What the header of a model may say. */
export const headerSchema = z
  .strictObject({
    description: z.string().min(1),
    grain: z.string().regex(/^one row per /, 'begins with "one row per"'),
    key: z.array(z.string()).min(1),
    load: z.enum(LOADS),
    columns: z.record(z.string().regex(NAME, 'is not a plain lower-case name'), columnSchema),
    unique: z.array(z.string()).default([]),
    /** PostgreSQL index definitions: what follows "create index on <table>". */
    indexes: z.array(z.string()).default([]),
    latest_by: z.array(z.string()).default([]),
    /** The column by which the days of this table are a range: transaction_key. Gold marts have their date_key. */
    window: z.literal('transaction_key').optional(),
    /** Days whose published figures change are recorded: the columns that hold them. */
    restatements: z.strictObject({ orders: z.string(), total: z.string() }).optional(),
    checks: z.array(checkSchema).default([]),
  })
  .superRefine((header, context) => {
    const known = new Set(Object.keys(header.columns));
    const named = {
      key: header.key,
      unique: header.unique,
      latest_by: header.latest_by,
      window: header.window === undefined ? [] : [header.window],
      restatements: header.restatements === undefined ? [] : Object.values(header.restatements),
    };
    for (const [property, columns] of Object.entries(named)) {
      for (const column of columns.filter((name) => !known.has(name))) {
        context.addIssue({
          code: 'custom',
          path: [property],
          message: `"${column}" is not among the columns`,
        });
      }
    }
    const period = PERIOD_COLUMN[header.load];
    if (period !== undefined && !header.key.includes(period)) {
      context.addIssue({
        code: 'custom',
        path: ['key'],
        message: `load ${header.load} needs ${period} in the key`,
      });
    }
    const names = header.checks.map(({ name }) => name);
    for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index))) {
      context.addIssue({
        code: 'custom',
        path: ['checks'],
        message: `two checks are called "${name}"`,
      });
    }
    if ((header.load === 'upsert_latest') !== header.latest_by.length > 0) {
      context.addIssue({
        code: 'custom',
        path: ['latest_by'],
        message: 'goes with load upsert_latest, and only with it',
      });
    }
  });

export type Header = z.output<typeof headerSchema>;
