import { doctor } from '../../app/config.ts';
import { EXIT_CODES, MedallionError } from '../../errors.ts';
import { command } from '../command.ts';
import { option } from '../flags.ts';
import { renderFindings } from '../render/findings.ts';
import { resultOf, texts } from '../render/result.ts';

export const doctorCommand = command(
  'doctor',
  'check everything medallion depends on, and say what to do where something is amiss',
  {
    details: `
Looked at are Node.js, the home folder and its disk, DuckDB and its postgres
extension (fetched when it is not here), its excel extension (fetched by the
first export to xlsx), PostgreSQL with rights, schema and clocks, and Kafka with
its topic where KAFKA_BROKERS or --brokers name it, with the schema registry
where --format needs one. Where a staging folder for Spark is set, a row goes to
the cluster and back. Nothing else is changed. It exits 0 when nothing fails,
else 2 for a matter of configuration, 3 where something cannot be reached.`,
    examples: [
      'medallion doctor',
      'medallion doctor --brokers localhost:9092 --topic sales',
      'medallion doctor --output json',
      ['medallion doctor --fetch', 'before this machine loses its network'],
    ],
    seeAlso: ['config', 'status', 'db status'],
    usesKafka: true,
    options: {
      fetch: option(
        '--fetch',
        "fetch DuckDB's excel extension, too, before an export to xlsx needs it",
      ),
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
