import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { codeOf, MedallionError } from '../errors.ts';
import { sqlFile } from '../sql-file.ts';
import { describeServer, type ConnectionSettings } from '../config/server.ts';
import { withClient, type Client } from '../postgres/client.ts';
import { withTransaction } from '../postgres/transaction.ts';
import { ident, literal } from '../postgres/quote.ts';

/** What a role may be for; sql/grant/rights.sql has what each needs. */
export const KINDS = ['reader', 'loader', 'owner'] as const;
export type RoleKind = (typeof KINDS)[number];

export interface GrantOptions {
  readonly kind: RoleKind;
  readonly role: string;
  readonly create: boolean;
  /** The role's new password; undefined leaves it as it is. */
  readonly password: string | undefined;
  readonly dryRun: boolean;
}

export interface GrantResult {
  /** In order, as they ran, or would; a password is not in them. */
  readonly statements: readonly string[];
  /** The role may do everything anyway. */
  readonly isSuperuser: boolean;
}

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
        const isSuperuser = await mayDoEverything(client, options.role);
        const statements = [
          ...login(isSuperuser !== undefined, options),
          ...(await rights(client, options)),
        ];
        for (const { sql } of options.dryRun ? [] : statements) {
          await client.query(sql);
        }
        return {
          statements: statements.map(({ shown, sql }) => shown ?? sql),
          isSuperuser: isSuperuser ?? false,
        };
      });
    } catch (error) {
      throw grantError(error, settings, options);
    }
  });
}

interface Statement {
  readonly sql: string;
  /** How people see it, where that differs: a password is hidden. */
  readonly shown?: string;
}

/** Whether the role may do everything; undefined where there is no such role. */
async function mayDoEverything(client: Client, role: string): Promise<boolean | undefined> {
  const { rows } = await client.query<{ super: string }>(
    'select rolsuper::text as super from pg_roles where rolname = $1',
    [role],
  );
  return rows[0] && rows[0].super === 'true';
}

function login(exists: boolean, { role, create, password }: GrantOptions): Statement[] {
  if (!exists && !create) {
    throw new MedallionError('input', `there is no role "${role}"`, {
      hint: 'Add --create to make it, with --password-prompt or a password in MEDALLION_ROLE_PASSWORD.',
    });
  }
  const change = `alter role ${ident(role)} password`;
  return [
    ...(exists ? [] : [{ sql: `create role ${ident(role)} login` }]),
    ...(password === undefined
      ? []
      : [{ sql: `${change} ${verifierOf(password)}`, shown: `${change} ${HIDDEN_PASSWORD}` }]),
  ];
}

async function rights(client: Client, { role, kind }: GrantOptions): Promise<Statement[]> {
  const { rows } = await client.query<{ statement: string }>(sqlFile('grant/rights'), [role, kind]);
  return rows.map(({ statement }) => ({ sql: statement }));
}

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
          hint: 'Only the owner of the database, with createrole, or a superuser can do that. To print the SQL for them: --dry-run',
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
      return new MedallionError('input', `PostgreSQL reserves the name "${role}"`, {
        hint: 'Choose a name that does not begin with pg_.',
        cause: error,
      });
    default:
      return error;
  }
}
