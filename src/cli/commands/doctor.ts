import type { Command } from 'commander';
import { doctor } from '../../doctor/doctor.ts';
import type { Finding } from '../../doctor/finding.ts';
import { EXIT_CODES, MedallionError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { command } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { renderFindings } from '../render/findings.ts';

export function createDoctorCommand(run: RunCommand): Command {
  return command(
    'doctor',
    'check everything medallion depends on, and say what to do where something is amiss',
    {
      details: `
Looked at are Node.js, the home folder and its disk, DuckDB and its postgres
extension (fetched when it is not here), its excel extension (fetched by the
first export to xlsx), PostgreSQL with rights, schema and clocks, and Kafka with
its topic where KAFKA_BROKERS or --brokers name it. Where a staging folder for
Spark is set, a row goes to the cluster and back. Nothing else is changed. It
exits 0 when nothing fails, else 2 for a matter of configuration, 3 where
something cannot be reached.`,
      examples: [
        'medallion doctor',
        'medallion doctor --brokers localhost:9092 --topic sales',
        'medallion doctor --output json',
        ['medallion doctor --fetch', 'before this machine loses its network'],
      ],
      seeAlso: ['config', 'status', 'db status'],
    },
  )
    .option('--fetch', "fetch DuckDB's excel extension, too, before an export to xlsx needs it")
    .action(run(runDoctor));
}

async function runDoctor(
  context: CommandContext,
  { fetch = false }: { readonly fetch?: boolean },
): Promise<void> {
  const findings = await doctor(context.config, { fetch }, context);
  if (context.format === undefined || context.format === 'table') {
    await context.write(renderFindings(findings, context));
  } else {
    await context.writeRows({
      columns: ['status', 'title', 'found', 'advice'].map((name) => ({ name, kind: 'text' })),
      rows: findings.map(({ status, title, found, advice }) => [
        status,
        title,
        found,
        advice ?? null,
      ]),
    });
  }
  const failed = findings.filter(({ status }) => status === 'fail');
  const worst = worstOf(failed);
  if (worst !== undefined) {
    throw new MedallionError(worst, `not ready: ${failed.map(({ title }) => title).join(', ')}`);
  }
}

/** The kind of failure with the highest exit code. */
function worstOf(failed: readonly Finding[]): Finding['code'] {
  return failed
    .flatMap(({ code }) => (code === undefined ? [] : [code]))
    .sort((a, b) => EXIT_CODES[b] - EXIT_CODES[a])[0];
}
