import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { completedCommands } from '../completion/tree.ts';
import { zshScript } from '../completion/zsh.ts';
import { command } from '../command.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

export const completionCommand = command(
  'completion',
  'print a script that completes commands, options and values in a shell',
  {
    details: `
The script knows every command, option and choice of this version, and the names
of the models. Print it again after an update, or load it afresh with each
shell, as here. Numbers of runs, rejected events and topics are asked of the
warehouse, where it is up and answers within a second.`,
    examples: [
      ['source <(medallion completion bash)', 'in ~/.bashrc'],
      ['source <(medallion completion zsh)', 'in ~/.zshrc, after compinit'],
      ['medallion completion fish | source', 'in ~/.config/fish/config.fish'],
      'medallion completion bash > /etc/bash_completion.d/medallion',
    ],
    seeAlso: ['docs/configuration.md'],
    arguments: [['<shell>', 'the shell to complete in', Object.keys(SCRIPTS)]],
    run: async (context, _flags, [shell], called) => {
      const program = called.parent ?? called;
      const script = SCRIPTS[shell as keyof typeof SCRIPTS];
      await context.write(script(program.name(), completedCommands(program)));
    },
  },
);
