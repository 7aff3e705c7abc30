import type { Command } from 'commander';
import { addGlobalFlags, addKafkaFlags } from '../context.ts';
import type { RunCommand } from '../main.ts';
import { addRetryOption } from '../options.ts';
import { createChecksCommand } from './checks.ts';
import { createCompletionCommand } from './completion.ts';
import { createConfigCommand } from './config.ts';
import { createDbCommand } from './db.ts';
import { createDemoCommand } from './demo.ts';
import { createDocsCommand } from './docs.ts';
import { createDoctorCommand } from './doctor.ts';
import { createExportCommand } from './export.ts';
import { createGenerateCommand } from './generate.ts';
import { createImportBronzeCommand } from './import-bronze.ts';
import { createIngestCommand } from './ingest.ts';
import { createInitCommand } from './init.ts';
import { createModelsCommand } from './models.ts';
import { createPromoteCommand } from './promote.ts';
import { createQuarantineCommand } from './quarantine.ts';
import { createPruneCommand } from './prune.ts';
import { createReconcileCommand } from './reconcile.ts';
import { createReportCommand } from './report.ts';
import { createRunCommand } from './run.ts';
import { createRunsCommand } from './runs.ts';
import { createSqlCommand } from './sql.ts';
import { createStatusCommand } from './status.ts';
import { createTraceCommand } from './trace.ts';

/** Every command, in the order of the pipeline. */
export function registerCommands(program: Command, run: RunCommand): void {
  const commands = [
    createDemoCommand(run),
    createInitCommand(run),
    addKafkaFlags(createConfigCommand(run)),
    addKafkaFlags(addRetryOption(createGenerateCommand(run))),
    addKafkaFlags(addRetryOption(createIngestCommand(run))),
    addRetryOption(createImportBronzeCommand(run)),
    addRetryOption(createPromoteCommand(run)),
    addKafkaFlags(addRetryOption(createRunCommand(run))),
    createChecksCommand(run),
    createQuarantineCommand(run),
    addKafkaFlags(createReconcileCommand(run)),
    createPruneCommand(run),
    createReportCommand(run),
    createSqlCommand(run),
    createExportCommand(run),
    createModelsCommand(run),
    createDocsCommand(run),
    addKafkaFlags(createStatusCommand(run)),
    createRunsCommand(run),
    createTraceCommand(run),
    addKafkaFlags(createDoctorCommand(run)),
    createDbCommand(run),
    createCompletionCommand(run),
  ];
  for (const command of commands) {
    program.addCommand(inherit(program, addGlobalFlags(command)));
  }
}

/** Usage errors end a command, and a command's commands, the way they end the program. */
function inherit(parent: Command, command: Command): Command {
  for (const child of command.copyInheritedSettings(parent).commands) {
    inherit(command, child);
  }
  return command;
}
