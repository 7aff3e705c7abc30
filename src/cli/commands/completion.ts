import { knownValues } from '../../app/known.ts';
import { command } from '../command.ts';
import { completionOf, completionScript, SHELLS } from '../completion.ts';

export const completionCommand = command(
  'completion',
  'print a script that completes commands, options and values in a shell',
  {
    details: `
The script asks medallion itself what may come next: commands, options and their
values, models of the project included. Numbers of runs, rejected events and
topics come from the warehouse, if it is up and answers within a second.`,
    examples: [
      ['source <(medallion completion bash)', 'in ~/.bashrc'],
      ['source <(medallion completion zsh)', 'in ~/.zshrc, after compinit'],
      ['medallion completion fish | source', 'in ~/.config/fish/config.fish'],
      'medallion completion bash > /etc/bash_completion.d/medallion',
    ],
    seeAlso: ['docs/configuration.md'],
    arguments: [['<shell>', 'the shell to complete in', SHELLS]],
    run: (context, _flags, [shell]) =>
      context.write(completionScript(shell as (typeof SHELLS)[number])),
  },
);

/** Who presses the tabulator key does not wait longer, for nobody. */
const EXIT_TIMEOUT_MS = 1_000;

/** What the scripts ask while a line is typed. */
export const valuesCommand = command(
  'values',
  'print what may come next on a command line, for the completion of a shell',
  {
    examples: ['medallion values -- runs --output ""'],
    seeAlso: ['completion'],
    arguments: [['[words...]', 'the line so far; the last word is completed']],
    run: async (context, _flags, words, called) => {
      const { values, prefix, flags } = completionOf(
        called.parent ?? called,
        words,
        context.projectWith,
      );
      if (values === 'file' || values === 'folder') {
        await context.write(`:${values}\n`);
        return;
      }
      // A server that does not answer would keep the process, and so the shell.
      const timeout = setTimeout(() => process.exit(), EXIT_TIMEOUT_MS).unref();
      try {
        const all =
          typeof values === 'string'
            ? (await knownValues(context.configWith(flags), values, context.call)).map((value) => [
                value,
              ])
            : values;
        const last = words.at(-1) ?? '';
        const lines = all.map(([word = '', ...about]) => [prefix + word, ...about].join('\t'));
        await context.write(
          lines
            .filter((line) => line.startsWith(last))
            .map((line) => `${line}\n`)
            .join(''),
        );
      } finally {
        clearTimeout(timeout);
      }
    },
  },
);
