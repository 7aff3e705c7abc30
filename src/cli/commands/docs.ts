import path from 'node:path';
import { allModels } from '../../model/load.ts';
import { writeWhole } from '../../whole-file.ts';
import { command } from '../command.ts';
import { choice } from '../flags.ts';
import { dictionaryAsMarkdown } from '../render/dictionary.ts';

export const docsCommand = command(
  'docs',
  'write the data dictionary: what each table and column of silver and gold means',
  {
    details: `
One file that loads nothing, made from the headers of the models, a project's
included: grain, key, load, columns, checks, and which model reads which (a
Mermaid graph in Markdown, links in HTML). It needs no warehouse.`,
    examples: [
      'medallion docs --out dictionary.md',
      'medallion docs --format html --out dictionary.html',
    ],
    seeAlso: ['models'],
    options: {
      format: choice('--format <format>', 'format of the file', ['markdown', 'html'], 'markdown'),
      '--out <file>': 'file to write or replace (default: stdout)',
    },
    run: async (context, { format, out }) => {
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
      context.note(`written: ${out}`);
    },
  },
);
