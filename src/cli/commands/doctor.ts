import { doctor } from '../../app/config.ts';
import type { Finding } from '../../doctor/finding.ts';
import { EXIT_CODES, MedallionError } from '../../errors.ts';
import { command } from '../command.ts';
import { setting } from '../flags.ts';
import { palette } from '../render/color.ts';
import { resultOf, texts } from '../render/result.ts';
import { rowLines } from '../render/rows.ts';
import { visible } from '../render/text.ts';

export const doctorCommand = command(
  'doctor',
  'check everything medallion depends on, and say how to fix what is wrong',
  {
    details: `
It checks Node.js, the home folder and its disk, DuckDB and its postgres
extension (fetched when it is missing), its excel extension (fetched by the
first export to xlsx), PostgreSQL with rights, schema and clocks, Kafka with its
topic where KAFKA_BROKERS or --brokers name it, and the schema registry where
--format needs one. Where a staging folder for Spark is set, a row goes to the
cluster and back. It changes nothing else. It exits 0 when nothing fails, 2 when
a setting is wrong, 3 when something cannot be reached.`,
    examples: [
      'medallion doctor',
      'medallion doctor --brokers localhost:9092 --topic sales',
      'medallion doctor --output json',
      ['medallion doctor --fetch', 'before this machine loses its network'],
    ],
    seeAlso: ['config', 'status', 'db status'],
    usesKafka: true,
    options: {
      format: setting('kafka.format'),
      '--fetch': "fetch DuckDB's excel extension, too, before an export to xlsx needs it",
    },
    run: async (context, { fetch }) => {
      const findings = await doctor(context.config, { ...context.call, fetch });
      if (context.format === undefined || context.format === 'table') {
        await context.write(renderFindings(findings, context));
      } else {
        await context.writeRows(resultOf(texts('status', 'title', 'found', 'advice'), findings));
      }
      const failed = findings.filter(({ status }) => status === 'fail');
      const [worst] = failed
        .flatMap(({ code }) => (code === undefined ? [] : [code]))
        .sort((a, b) => EXIT_CODES[b] - EXIT_CODES[a]);
      if (worst !== undefined) {
        throw new MedallionError(
          worst,
          `not ready: ${failed.map(({ title }) => title).join(', ')}`,
        );
      }
    },
  },
);

const COLUMNS = ['status', 'check', 'found'].map((title) => ({ title, align: 'left' as const }));

/** What doctor found, for people: a row each, and below the ones that need something what to do. */
function renderFindings(
  findings: readonly Finding[],
  { color, width }: { readonly color: boolean; readonly width: number },
): string {
  const colors = palette(color);
  const marks = { ok: colors.green('ok'), warn: colors.yellow('warn'), fail: colors.red('fail') };
  const rows = findings.map(({ status, title, found, advice }) => [
    marks[status],
    title,
    visible([found, ...(advice === undefined ? [] : [advice])].join('\n'), { lines: true }),
  ]);
  return [...rowLines(COLUMNS, rows, width)].map((line) => `${line}\n`).join('');
}
