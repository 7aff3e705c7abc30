import type { Emit, ProgressEvent } from '../../progress.ts';
import { palette } from './color.ts';
import { grouped } from '../../number.ts';
import { visible } from './text.ts';

export interface ProgressOptions {
  /** Only warnings. */
  readonly quiet: boolean;
  readonly color: boolean;
}

/** Without a terminal a long step says how far it is this often, so that a log shows it is alive. */
const PLAIN_INTERVAL_MS = 30_000;
/** A rate over less time than this says nothing. */
const RATE_AFTER_MS = 500;

type Progress = Extract<ProgressEvent, { type: 'step.progress' }>;

/**
 * Shows progress on stderr: a spinner on a terminal, else plain lines of what a log should keep: finished steps, warnings,
 * notes, and now and then how far a long step is. `stop` clears the spinner away.
 */
export async function progressRenderer(
  stream: NodeJS.WritableStream & Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>,
  { quiet, color }: ProgressOptions,
): Promise<{ emit: Emit; stop: () => void }> {
  const colors = palette(color);
  // A terminal that has not said its size has 0 columns: ora would clear lines for ever.
  const isInteractive = stream.isTTY && stream.columns > 0 && !quiet;
  const spinner = isInteractive
    ? (await import('ora')).default({
        stream,
        color: color ? 'cyan' : false,
        isEnabled: true,
        discardStdin: false,
      })
    : undefined;
  let startedAt = Date.now();
  let reportedAt = startedAt;

  // While the spinner turns it makes room for what others write.
  const line = (text: string, mark = ''): void => {
    stream.write(`${mark}${visible(text, { lines: true })}\n`);
  };
  // A spinner that is stopped twice shows the cursor twice.
  const stop = (): void => {
    if (spinner?.isSpinning === true) {
      spinner.stop();
    }
  };
  const showProgress = (event: Progress): void => {
    const now = Date.now();
    const text = withDetail(event.step, progressText(event, now - startedAt));
    if (spinner !== undefined) {
      spinner.text = visible(text);
    } else if (!quiet && now - reportedAt >= PLAIN_INTERVAL_MS) {
      reportedAt = now;
      line(text);
    }
  };

  const emit = (event: ProgressEvent): void => {
    switch (event.type) {
      case 'step.started':
        startedAt = Date.now();
        reportedAt = startedAt;
        spinner?.start(visible(withDetail(event.step, event.detail)));
        break;
      case 'step.progress':
        showProgress(event);
        break;
      case 'step.finished':
        stop();
        if (!quiet) {
          line(withDetail(event.step, event.detail), isInteractive ? `${colors.green('✔')} ` : '');
        }
        break;
      case 'warning':
        line(
          event.hint === undefined ? event.message : `${event.message}\n  ${event.hint}`,
          `${colors.yellow('warning:')} `,
        );
        break;
      case 'note':
        if (!quiet) {
          line(event.message);
        }
        break;
    }
  };
  return { emit, stop };
}

function withDetail(step: string, detail: string | undefined): string {
  return detail === undefined || detail === '' ? step : `${step}: ${detail}`;
}

/** "12,000 of 20,000 events, 8,000/s, partition 3" */
function progressText({ done, total, unit, detail }: Progress, elapsedMs: number): string {
  const amount = `${grouped(done)}${total === undefined ? '' : ` of ${grouped(total)}`} ${unit}`;
  const rate =
    elapsedMs < RATE_AFTER_MS ? undefined : `${grouped(Math.round((done * 1000) / elapsedMs))}/s`;
  return [amount, rate, detail].filter((part) => part !== undefined).join(', ');
}
