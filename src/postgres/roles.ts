import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { codeOf, MedallionError } from '../errors.ts';
import {
  describeServer,
  withClient,
  withTransaction,
  type Client,
  type ConnectionSettings,
} from './client.ts';
import { ident, literal } from './tables.ts';

/*
 * Who may do what. Three kinds of role, each with what its work needs and no more:
 *
 *     reader   reads silver and gold, with what dashboards need to know of the pipeline
 *     loader   appends to bronze and keeps the books of ingest
 *     owner    owns the schemas and all in them: promotes, migrates, resets
 *
 * Rights on tables that do not exist yet are default privileges, which PostgreSQL keeps for each role that makes tables.
 */

export const KINDS = ['reader', 'loader', 'owner'] as const;
export type RoleKind = (typeof KINDS)[number];

export interface GrantOptions {
  readonly kind: RoleKind;
  readonly role: string;
  /** Make the role when there is none. */
  readonly create: boolean;
  /** The role's new password; undefined leaves it as it is. */
  readonly password: string | undefined;
  /** Say what would be done and do nothing. */
  readonly dryRun: boolean;
}

export interface GrantResult {
  /** In order, as they ran, or would; a password is not in them. */
  readonly statements: readonly string[];
  /** The role may do everything anyway. */
  readonly isSuperuser: boolean;
}

const SCHEMAS = ['bronze', 'silver', 'gold', 'medallion'] as const;
/** Key of the advisory lock under which rights are granted: "grant" in ASCII. Two at once would trip over each other's rows. */
const GRANT_LOCK = '444234295924';
const HIDDEN_PASSWORD = "'***'";

/**
 * Gives a role what its kind of work needs, in one transaction; what it has already does no harm.
 * @throws MedallionError input (no such role), denied, locked (tables that are to change hands are in use)
 */
export async function grantRole(
  settings: ConnectionSettings,
  options: GrantOptions,
): Promise<GrantResult> {
  return withClient(settings, async (client) => {
    try {
      return await withTransaction(client, async () => {
        await client.query(`set local lock_timeout = '5s'`);
        await client.query('select pg_advisory_xact_lock($1)', [GRANT_LOCK]);
        const state = await readState(client, options.role);
        for (const statement of options.dryRun ? [] : statementsOf(state, options, verifierOf)) {
          await client.query(statement);
        }
        const statements = statementsOf(state, options, () => HIDDEN_PASSWORD);
        return { statements, isSuperuser: state.role?.isSuperuser ?? false };
      });
    } catch (error) {
      throw grantError(error, settings, options);
    }
  });
}

interface State {
  readonly database: string;
  readonly me: string;
  readonly role: { readonly isSuperuser: boolean } | undefined;
  /** What medallion has made and the role does not own, as ALTER .. OWNER calls it; schemas first. */
  readonly handed: readonly string[];
  /** Schemas that the role does not own, and that hold what others have made, too. */
  readonly shared: readonly string[];
  /** Tables and views of silver and gold. */
  readonly readable: readonly string[];
  /** Who owns what is handed over, and may lose what comes with it: superusers are not among them. */
  readonly formerOwners: readonly string[];
  /** Roles that have made tables here, or are about to: theirs are the default privileges. */
  readonly makers: readonly string[];
  /** What other roles are to get on tables to come, as GRANT calls it. */
  readonly defaults: readonly { schema: string; rights: string; to: string }[];
}

async function readState(client: Client, name: string): Promise<State> {
  const schemas = [...SCHEMAS];
  const ask = async <Row extends Record<string, string>>(
    sql: string,
    values: readonly unknown[],
  ): Promise<Row[]> => (await client.query<Row>(sql, [...values])).rows;
  const [session] = await ask<{ database: string; me: string }>(
    'select current_database() as database, current_user as me',
    [],
  );
  const [role] = await ask<{ is_superuser: string }>(
    'select rolsuper::text as is_superuser from pg_roles where rolname = $1',
    [name],
  );
  const objects = await ask<{
    kind: string;
    schema: string;
    identity: string;
    owner: string;
    is_superuser: string;
    is_shared: string;
  }>(
    `select kind, schema, identity, r.rolname as owner, r.rolsuper::text as is_superuser, is_shared::text
     from (
         select 'schema' as kind, nspname::text as schema, nspname::text as identity, nspowner as owner,
                exists (
                    select from medallion.schema_objects where schema_name = nspname and not is_own
                ) as is_shared
         from pg_namespace
         where nspname = any($1)
         union all
         select kind, schema_name, identity, coalesce(relowner, proowner), false
         from medallion.schema_objects
         left join pg_class c on class_id = 'pg_class'::regclass and c.oid = object_id
         left join pg_proc p on class_id = 'pg_proc'::regclass and p.oid = object_id
         where is_own
     ) as objects
     join pg_roles r on r.oid = owner
     order by kind <> 'schema', identity`,
    [schemas],
  );
  const defaults = await ask<{ schema: string; grantee: string; rights: string }>(
    `select distinct nspname as schema, r.rolname as grantee,
            string_agg(lower(privilege_type), ', ' order by privilege_type) as rights
     from pg_default_acl d
     join pg_namespace n on n.oid = defaclnamespace
     cross join aclexplode(defaclacl) as a
     join pg_roles r on r.oid = a.grantee
     where nspname = any($1) and defaclobjtype = 'r' and r.rolname <> $2
     group by nspname, r.rolname, defaclrole
     order by 1, 2, 3`,
    [schemas, name],
  );
  const others = objects.filter(({ owner }) => owner !== name);
  // A schema that others use, too, stays theirs.
  const handed = others.filter(({ is_shared }) => is_shared === 'false');
  const me = session?.me ?? '';
  return {
    database: session?.database ?? '',
    me,
    role: role === undefined ? undefined : { isSuperuser: role.is_superuser === 'true' },
    handed: handed.map(({ kind, identity }) => `${kind} ${identity}`),
    shared: others.filter(({ is_shared }) => is_shared === 'true').map(({ identity }) => identity),
    formerOwners: unique(
      handed.filter(({ is_superuser }) => is_superuser === 'false').map(({ owner }) => owner),
    ),
    readable: objects
      .filter(({ kind, schema }) => kind !== 'schema' && ['silver', 'gold'].includes(schema))
      .filter(({ kind }) => kind !== 'function')
      .map(({ identity }) => identity),
    makers: unique([
      me,
      ...objects.filter(({ is_shared }) => is_shared === 'false').map(({ owner }) => owner),
    ]).filter((maker) => maker !== name),
    defaults: defaults.map(({ schema, grantee, rights }) => ({
      schema,
      rights,
      to: ident(grantee),
    })),
  };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

/** @param literalOf how a password stands in its statement */
function statementsOf(
  state: State,
  { kind, role, create, password }: GrantOptions,
  literalOf: (password: string) => string,
): string[] {
  const to = ident(role);
  const database = ident(state.database);
  const isNew = state.role === undefined;
  if (isNew && !create) {
    throw new MedallionError('input', `there is no role "${role}"`, {
      hint: 'Add --create to make it, with --password-prompt or a password in MEDALLION_ROLE_PASSWORD.',
    });
  }
  return [
    ...(isNew ? [`create role ${to} login`] : []),
    ...(password === undefined ? [] : [`alter role ${to} password ${literalOf(password)}`]),
    ...RIGHTS[kind]({ state, to, database }),
  ];
}

interface Grant {
  readonly state: State;
  /** The role's name, quoted. */
  readonly to: string;
  /** The database's name, quoted. */
  readonly database: string;
}

const RIGHTS: Readonly<Record<RoleKind, (grant: Grant) => string[]>> = {
  reader: ({ state, to, database }) => [
    `grant connect on database ${database} to ${to}`,
    `grant usage on schema silver, gold to ${to}`,
    ...(state.readable.length === 0
      ? []
      : [`grant select on ${state.readable.join(', ')} to ${to}`]),
    ...state.makers.map(
      (maker) =>
        `alter default privileges for role ${ident(maker)} in schema silver, gold grant select on tables to ${to}`,
    ),
    // Dashboards of the older pipeline name its tables without a schema.
    `alter role ${to} in database ${database} set search_path = gold, silver`,
  ],
  loader: ({ to, database }) => [
    `grant connect on database ${database} to ${to}`,
    `grant usage on schema bronze, medallion to ${to}`,
    `grant insert on bronze.events, bronze.quarantine, medallion.offset_gaps to ${to}`,
    `grant select on medallion.migrations to ${to}`,
    `grant select, insert, update on medallion.offsets, medallion.run_partitions to ${to}`,
    `grant select, insert, update (finished_at, outcome, counts, error) on medallion.runs to ${to}`,
  ],
  owner: ({ state, to, database }) => [
    `grant connect, create, temporary on database ${database} to ${to}`,
    // Who owned the tables before goes on with what they could do.
    ...state.formerOwners.map((owner) => `grant ${to} to ${ident(owner)}`),
    ...state.shared.map((schema) => `grant usage, create on schema ${schema} to ${to}`),
    ...state.handed.map((object) => `alter ${object} owner to ${to}`),
    ...state.makers.flatMap((maker) => [
      `alter default privileges for role ${ident(maker)} in schema ${SCHEMAS.join(', ')} grant all on tables to ${to}`,
    ]),
    ...unique(
      state.defaults.map(
        (granted) =>
          `alter default privileges for role ${to} in schema ${granted.schema} grant ${granted.rights} on tables to ${granted.to}`,
      ),
    ),
  ],
};

/**
 * The password as PostgreSQL stores it (SCRAM-SHA-256, RFC 5803), as a literal: the server, its log and
 * pg_stat_activity never see the password itself.
 */
function verifierOf(password: string): string {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(prepared(password), salt, iterations, 32, 'sha256');
  const keyed = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(keyed('Client Key')).digest();
  const parts = [stored, keyed('Server Key')].map((key) => key.toString('base64'));
  return literal(
    `SCRAM-SHA-256$${String(iterations)}:${salt.toString('base64')}$${parts.join(':')}`,
  );
}

/** SASLprep so far as it concerns a password that a person types: one form for characters that can be written in two. */
function prepared(password: string): string {
  return /^[ -~]*$/.test(password) ? password : password.normalize('NFKC');
}

function grantError(
  error: unknown,
  settings: ConnectionSettings,
  { role, kind }: GrantOptions,
): unknown {
  const server = describeServer(settings);
  switch (codeOf(error)) {
    case '42501':
      return new MedallionError(
        'denied',
        `user "${settings.user}" may not make "${role}" a ${kind} in ${server}: ${(error as Error).message}`,
        {
          hint: 'It takes the owner of the database, with createrole, or a superuser. --dry-run prints the SQL for them.',
          cause: error,
        },
      );
    case '55P03':
    case '40P01':
      return new MedallionError('locked', `another session is using the tables of ${server}`, {
        hint: 'Nothing was granted. Try again when it has finished.',
        cause: error,
      });
    case '42710':
      return new MedallionError('locked', `another session has just made the role "${role}"`, {
        hint: 'Nothing was granted. Run the command again.',
        cause: error,
      });
    case '42939':
      return new MedallionError('input', `PostgreSQL keeps the name "${role}" for itself`, {
        hint: 'Choose a name that does not begin with pg_.',
        cause: error,
      });
    default:
      return error;
  }
}
