import chalk from 'chalk';
import ora from 'ora';
import type { Emit, ProgressEvent } from '../../progress.ts';

/**
 * Shows progress on stderr: a spinner on a terminal; in a pipe or with NO_COLOR only what a log should keep
 * (finished steps, warnings and notes). `quiet` leaves the warnings.
 */
export function progressRenderer(stream: NodeJS.WriteStream, quiet: boolean): { emit: Emit; stop: () => void } {
  const interactive = stream.isTTY && !quiet && process.env['NO_COLOR'] === undefined;
  const spinner = ora({ stream, isEnabled: interactive, isSilent: !interactive, discardStdin: false });
  let startedAt = Date.now();

  const line = (text: string): void => {
    if (interactive && spinner.isSpinning) {
      spinner.clear();
    }
    stream.write(`${text}\n`);
  };

  const emit = (event: ProgressEvent): void => {
    switch (event.type) {
      case 'step.started':
        startedAt = Date.now();
        spinner.start(withDetail(event.step, event.detail));
        break;
      case 'step.progress':
        spinner.text = withDetail(event.step, progressText(event, Date.now() - startedAt));
        break;
      case 'step.finished':
        if (interactive) {
          spinner.succeed(withDetail(event.step, event.detail));
        } else if (!quiet) {
          line(withDetail(event.step, event.detail));
        }
        break;
      case 'warning':
        line(`${chalk.yellow('warning:')} ${event.message}${event.hint === undefined ? '' : `\n  ${event.hint}`}`);
        break;
      case 'note':
        if (!quiet) {
          line(event.message);
        }
        break;
    }
  };
  return { emit, stop: () => spinner.stop() };
}

function withDetail(step: string, detail: string | undefined): string {
  return detail === undefined || detail === '' ? step : `${step}: ${detail}`;
}

function progressText(
  event: Extract<ProgressEvent, { type: 'step.progress' }>,
  elapsedMs: number,
): string {
  const count = event.done.toLocaleString('en-US');
  const of = event.total === undefined ? '' : ` of ${event.total.toLocaleString('en-US')}`;
  const rate = elapsedMs < 500 ? '' : `, ${Math.round((event.done * 1000) / elapsedMs).toLocaleString('en-US')}/s`;
  return `${count}${of} ${event.unit}${rate}${event.detail === undefined ? '' : `, ${event.detail}`}`;
}
