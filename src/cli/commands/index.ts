import { Command } from 'commander';
import { addGlobalFlags, addKafkaFlags } from '../context.ts';
import type { RunCommand } from '../run-command.ts';
import { addRetryOption } from '../options.ts';

type Create = (run: RunCommand) => Promise<Command>;

const OTHER = 'The warehouse, the shell:';

/**
 * Every command by what it is for, in the order of the pipeline. What one needs is loaded with it, so that the others
 * start sooner.
 */
const GROUPS: Readonly<Record<string, Readonly<Record<string, Create>>>> = {
  'To begin with:': {
    demo: async (run) => (await import('./demo.ts')).createDemoCommand(run),
    init: async (run) => (await import('./init.ts')).createInitCommand(run),
    config: async (run) => addKafkaFlags((await import('./config.ts')).createConfigCommand(run)),
    doctor: async (run) => addKafkaFlags((await import('./doctor.ts')).createDoctorCommand(run)),
  },
  'The pipeline:': {
    generate: async (run) =>
      addKafkaFlags(addRetryOption((await import('./generate.ts')).createGenerateCommand(run))),
    ingest: async (run) =>
      addKafkaFlags(addRetryOption((await import('./ingest.ts')).createIngestCommand(run))),
    'import-bronze': async (run) =>
      addRetryOption((await import('./import-bronze.ts')).createImportBronzeCommand(run)),
    promote: async (run) =>
      addRetryOption((await import('./promote.ts')).createPromoteCommand(run)),
    run: async (run) =>
      addKafkaFlags(addRetryOption((await import('./run.ts')).createRunCommand(run))),
  },
  'Data quality:': {
    test: async (run) => (await import('./test.ts')).createTestCommand(run),
    checks: async (run) => (await import('./checks.ts')).createChecksCommand(run),
    quarantine: async (run) => (await import('./quarantine.ts')).createQuarantineCommand(run),
    reconcile: async (run) =>
      addKafkaFlags((await import('./reconcile.ts')).createReconcileCommand(run)),
    archive: async (run) => (await import('./archive.ts')).createArchiveCommand(run),
    prune: async (run) => (await import('./prune.ts')).createPruneCommand(run),
  },
  'Query:': {
    report: async (run) => (await import('./report.ts')).createReportCommand(run),
    sql: async (run) => (await import('./sql.ts')).createSqlCommand(run),
    export: async (run) => (await import('./export.ts')).createExportCommand(run),
    models: async (run) => (await import('./models.ts')).createModelsCommand(run),
    docs: async (run) => (await import('./docs.ts')).createDocsCommand(run),
  },
  'Monitoring:': {
    status: async (run) => addKafkaFlags((await import('./status.ts')).createStatusCommand(run)),
    runs: async (run) => (await import('./runs.ts')).createRunsCommand(run),
    trace: async (run) => (await import('./trace.ts')).createTraceCommand(run),
  },
  [OTHER]: {
    db: async (run) => (await import('./db.ts')).createDbCommand(run),
    completion: async (run) => (await import('./completion.ts')).createCompletionCommand(run),
    values: async (run) => (await import('./values.ts')).createValuesCommand(run),
  },
};

/** These print what all commands are. */
const ABOUT_ALL = new Set(['completion']);
/** Programs call these, not people. */
const HIDDEN = new Set(['values']);

/** Adds the command that `first` names, or every command where it names none, or one that is about all of them. */
export async function registerCommands(
  program: Command,
  run: RunCommand,
  first: string | undefined,
): Promise<void> {
  const all = Object.entries(GROUPS).flatMap(([heading, commands]) =>
    Object.entries(commands).map(([name, create]) => ({ heading, name, create })),
  );
  const named = all.filter(({ name }) => name === first && !ABOUT_ALL.has(name));
  const wanted = named.length > 0 ? named : all;
  const commands = await Promise.all(
    wanted.map(async ({ heading, create }) => (await create(run)).helpGroup(heading)),
  );
  for (const command of commands) {
    program.addCommand(inherit(program, addGlobalFlags(command)), {
      hidden: HIDDEN.has(command.name()),
    });
  }
  program.addHelpCommand(
    new Command('help')
      .argument('[command]')
      .description('show the help of a command')
      .helpGroup(OTHER),
  );
}

/** Usage errors end a command, and a command's commands, the way they end the program. */
function inherit(parent: Command, command: Command): Command {
  for (const child of command.copyInheritedSettings(parent).commands) {
    inherit(command, child);
  }
  return command;
}
