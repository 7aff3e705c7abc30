import { grant } from '../../app/warehouse.ts';
import { usageError } from '../../errors.ts';
import { KINDS, type RoleKind } from '../../schema/grants.ts';
import { command } from '../command.ts';
import { askNewPassword } from '../password.ts';
import { resultOf, texts } from '../render/result.ts';

const PASSWORD_VARIABLE = 'MEDALLION_ROLE_PASSWORD';
/** PostgreSQL cuts longer names, without asking. */
const LONGEST_NAME_BYTES = 63;

export const grantCommand = command(
  'grant',
  'give a role of the server what reading, loading or promoting needs, and no more',
  {
    details: `
reader  reads medallion's tables of silver and gold, later ones too; finds them
        without a schema.
loader  appends to bronze and keeps the metadata: medallion ingest, on a schema
        that is up to date.
owner   owns what medallion has made, and its schemas unless others use them:
        medallion promote, ingest, db migrate and db reset. Only one
        role can be the owner.

It adds rights and takes none away, and can be repeated. After "db reset" rights
must be granted again.`,
    examples: [
      'medallion db grant reader grafana --create --password-prompt',
      'MEDALLION_ROLE_PASSWORD=.. medallion db grant loader ingest --create',
      'medallion db grant owner promoter --dry-run',
    ],
    exits: { 5: 'another session is using the tables, or has just made the role' },
    seeAlso: ['doctor', 'docs/operations.md'],
    arguments: [
      ['<kind>', 'rights that the role needs', KINDS],
      ['<role>', 'name of the role'],
    ],
    options: {
      '--create': 'make the role if there is none',
      '--password-prompt': `ask for its new password (default: ${PASSWORD_VARIABLE}, if set)`,
      '--dry-run': 'print the SQL; change nothing',
    },
    run: async (context, { create, passwordPrompt, dryRun }, [kind = '', role = '']) => {
      checkName(role);
      const given = context.env[PASSWORD_VARIABLE];
      const password =
        passwordPrompt && !dryRun
          ? await askNewPassword(`New password of ${role}: `, context.signal)
          : given === ''
            ? undefined
            : given;
      const { statements, isSuperuser, server } = await grant(context.config, context.call, {
        ...{ kind: kind as RoleKind, role, create, password, dryRun },
      });
      const rows = statements.map((statement) => ({ statement }));
      const table = resultOf(texts('statement'), rows);
      await (dryRun
        ? context.writeText(statements.map((statement) => `${statement};\n`).join(''), () => table)
        : context.writeRows(table));
      if (isSuperuser) {
        context.warn(`"${role}" is a superuser: it may do everything, whatever is granted`);
      } else if (password === undefined && statements[0]?.startsWith('create role') === true) {
        context.warn(
          `"${role}" has no password, so most servers will not let it in`,
          `Give it one: --password-prompt, or ${PASSWORD_VARIABLE} in the environment.`,
        );
      }
      context.note(dryRun ? 'Nothing was changed.' : `"${role}" is a ${kind} of ${server}`);
    },
  },
);

/** @throws MedallionError usage */
function checkName(role: string): void {
  const problem =
    role === ''
      ? 'the name of the role is empty'
      : /\p{Cc}/u.test(role)
        ? 'the name of a role holds no control characters'
        : Buffer.byteLength(role) > LONGEST_NAME_BYTES
          ? `the name of a role has at most ${String(LONGEST_NAME_BYTES)} bytes`
          : role === 'public' || role === 'none'
            ? `"${role}" cannot be the name of a role`
            : undefined;
  if (problem !== undefined) {
    throw usageError(problem);
  }
}
