import { Option, type Command } from 'commander';
import path from 'node:path';
import { allModels } from '../../model/load.ts';
import type { CommandContext } from '../context.ts';
import { command } from '../help.ts';
import type { RunCommand } from '../run-command.ts';
import { dictionaryAsMarkdown } from '../render/dictionary.ts';
import { writeWhole } from '../../whole-file.ts';

const FORMATS = ['markdown', 'html'] as const;

interface DocsFlags {
  readonly format: (typeof FORMATS)[number];
  readonly out?: string;
}

export function createDocsCommand(run: RunCommand): Command {
  return command(
    'docs',
    'write the data dictionary: what each table and column of silver and gold means',
    {
      details: `
One file that loads nothing, made from the headers of the models, a project's
included: grain, key, load, columns, checks, and what is made of what (a Mermaid
graph in Markdown, links in HTML). It needs no warehouse.`,
      examples: [
        'medallion docs --out dictionary.md',
        'medallion docs --format html --out dictionary.html',
      ],
      seeAlso: ['models'],
    },
  )
    .addOption(
      new Option('--format <format>', 'how to write it').choices(FORMATS).default('markdown'),
    )
    .option('--out <file>', 'write it there, whole, in place of what was there (default: stdout)')
    .action(run(docs));
}

async function docs(context: CommandContext, { format, out }: DocsFlags): Promise<void> {
  const models = allModels(context.project);
  const text =
    format === 'html'
      ? (await import('../render/html/dictionary.ts')).dictionaryAsHtml(models)
      : dictionaryAsMarkdown(models);
  if (out === undefined || out === '-') {
    await context.write(text);
    return;
  }
  await writeWhole(path.resolve(context.cwd, out), text);
  context.emit({ type: 'note', message: `written: ${out}` });
}
