import { REFERENCE_TABLES } from '../event/references.ts';
import { codeOf, MedallionError } from '../errors.ts';
import type { NewMember } from '../event/new-members.ts';
import type { Client } from '../postgres/client.ts';
import type { StageContext } from '../progress.ts';
import { statement } from '../sql-file.ts';

/**
 * Adds the members that the events of a batch point at, in its transaction; those that a batch before has added are there.
 * @returns the ones that are added now
 * @throws MedallionError check_failed, where somebody else has taken an id in the meantime
 */
export async function addMembers(
  client: Client,
  members: readonly NewMember[],
): Promise<readonly NewMember[]> {
  const added: NewMember[] = [];
  for (const member of members) {
    const { dimension, id, name } = member;
    const { table, columns } = REFERENCE_TABLES[dimension];
    const { rowCount } = await client
      .query(
        statement('promote/add_member', {
          ...{ table, columns },
          code:
            dimension === 'currencies' ? ", case when $2 ~ '^[A-Za-z]{3}$' then upper($2) end" : '',
        }),
        [id, name],
      )
      .catch((error: unknown) => {
        throw codeOf(error) === UNIQUE_VIOLATION ? takenError(member, error) : error;
      });
    added.push(...(rowCount === 1 ? [member] : []));
  }
  return added;
}

const UNIQUE_VIOLATION = '23505';

function takenError({ dimension, id, name }: NewMember, cause: unknown): MedallionError {
  return new MedallionError(
    'check_failed',
    `silver.${REFERENCE_TABLES[dimension].table} got another row ${String(id)} while ${JSON.stringify(name)} was to be added as that`,
    { hint: 'Nothing of this batch was kept. Run promote again: it takes the next id.', cause },
  );
}

/** Says of each member that was added where it came from, and what to do about it. */
export function warnOfMembers(
  members: readonly NewMember[],
  file: string,
  { emit }: StageContext,
): void {
  for (const { dimension, id, name } of members) {
    const table = `silver.${REFERENCE_TABLES[dimension].table}`;
    emit({
      type: 'warning',
      message: `${file} has added ${JSON.stringify(name)} to ${table}, as ${String(id)}`,
      hint: `Orders refer to it now. To keep it: medallion sql --write "update ${table} set is_new = false where id = ${String(id)}". Otherwise map it with a lookup and run promote --full-refresh.`,
    });
  }
}
