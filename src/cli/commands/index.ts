import { Command } from 'commander';
import { build, type CommandDeclaration, type RunCommand } from '../command.ts';
import { addGlobalFlags } from '../context.ts';

type Load = () => Promise<CommandDeclaration>;

const OTHER = 'The warehouse, the shell:';

/**
 * Every command by what it is for, in the order of the pipeline. What one needs is loaded with it, so that the others
 * start sooner.
 */
const GROUPS: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  'Getting started:': {
    demo: async () => (await import('./demo.ts')).demoCommand,
    init: async () => (await import('./init.ts')).initCommand,
    config: async () => (await import('./config.ts')).configCommand,
    doctor: async () => (await import('./doctor.ts')).doctorCommand,
  },
  'The pipeline:': {
    generate: async () => (await import('./generate.ts')).generateCommand,
    ingest: async () => (await import('./ingest.ts')).ingestCommand,
    'import-bronze': async () => (await import('./import-bronze.ts')).importBronzeCommand,
    source: async () => (await import('./source.ts')).sourceCommand,
    promote: async () => (await import('./promote.ts')).promoteCommand,
    run: async () => (await import('./run.ts')).runCommand,
  },
  'Data quality:': {
    test: async () => (await import('./test.ts')).testCommand,
    checks: async () => (await import('./checks.ts')).checksCommand,
    quarantine: async () => (await import('./quarantine.ts')).quarantineCommand,
    reconcile: async () => (await import('./reconcile.ts')).reconcileCommand,
    archive: async () => (await import('./archive.ts')).archiveCommand,
    forget: async () => (await import('./forget.ts')).forgetCommand,
    prune: async () => (await import('./prune.ts')).pruneCommand,
  },
  'Query:': {
    report: async () => (await import('./report.ts')).reportCommand,
    sql: async () => (await import('./sql.ts')).sqlCommand,
    export: async () => (await import('./export.ts')).exportCommand,
    models: async () => (await import('./models.ts')).modelsCommand,
    docs: async () => (await import('./docs.ts')).docsCommand,
  },
  'Monitoring:': {
    status: async () => (await import('./status.ts')).statusCommand,
    runs: async () => (await import('./runs.ts')).runsCommand,
    trace: async () => (await import('./trace.ts')).traceCommand,
  },
  [OTHER]: {
    db: async () => (await import('./db.ts')).dbCommand,
    completion: async () => (await import('./completion.ts')).completionCommand,
    values: async () => (await import('./completion.ts')).valuesCommand,
  },
};

/** Programs call these, not people. */
const HIDDEN = new Set(['values']);

/** Adds the command that a line calls, or is to be completed with; every command where there is none of that name. */
export async function registerCommands(
  program: Command,
  run: RunCommand,
  line: readonly string[],
): Promise<void> {
  const all = Object.entries(GROUPS).flatMap(([heading, commands]) =>
    Object.entries(commands).map(([name, load]) => ({ heading, name, load })),
  );
  const [first = '', ...rest] = line;
  const called = HIDDEN.has(first) ? rest.slice(0, -1) : [first];
  const isNamed = all.some(({ name }) => called.includes(name));
  const wanted = all.filter(({ name }) => !isNamed || name === first || called.includes(name));
  const commands = await Promise.all(
    wanted.map(async ({ heading, load }) => build(await load(), run).helpGroup(heading)),
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
