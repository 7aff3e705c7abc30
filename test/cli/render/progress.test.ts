import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { progressRenderer } from '../../../src/cli/render/progress.ts';

/** A stderr that remembers; with `isTTY` it answers the few calls that move a cursor. */
function fakeStderr(
  isTTY: boolean,
  columns = 80,
): { stream: NodeJS.WriteStream; text: () => string } {
  const pipe = new PassThrough();
  const chunks: string[] = [];
  pipe.on('data', (chunk: Buffer) => chunks.push(chunk.toString('utf8')));
  const terminal = isTTY
    ? {
        isTTY,
        columns,
        rows: 24,
        cursorTo: () => true,
        clearLine: () => true,
        moveCursor: () => true,
      }
    : {};
  return {
    stream: Object.assign(pipe, terminal) as unknown as NodeJS.WriteStream,
    text: () => chunks.join(''),
  };
}

const COLOR = /\u001b\[\d+m/;

afterEach(() => {
  vi.useRealTimers();
});

describe('without a terminal', () => {
  it('prints finished steps, warnings and notes as plain lines', async () => {
    const { stream, text } = fakeStderr(false);
    const { emit, stop } = await progressRenderer(stream, { quiet: false, color: false });
    emit({ type: 'step.started', step: 'ingest' });
    emit({ type: 'step.progress', step: 'ingest', done: 5, unit: 'events' });
    emit({ type: 'warning', message: 'offsets 3 to 7 expired', hint: 'They are booked as a gap.' });
    emit({ type: 'step.finished', step: 'ingest', detail: '5 events' });
    emit({ type: 'note', message: 'Next: medallion promote' });
    stop();
    expect(text()).toBe(
      'warning: offsets 3 to 7 expired\n  They are booked as a gap.\ningest: 5 events\nNext: medallion promote\n',
    );
  });

  it('keeps only warnings when quiet', async () => {
    const { stream, text } = fakeStderr(false);
    const { emit } = await progressRenderer(stream, { quiet: true, color: false });
    emit({ type: 'step.started', step: 'ingest' });
    emit({ type: 'step.finished', step: 'ingest' });
    emit({ type: 'note', message: 'x' });
    emit({ type: 'warning', message: 'y' });
    expect(text()).toBe('warning: y\n');
  });

  it('shows now and then that a long step is alive', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { stream, text } = fakeStderr(false);
    const { emit } = await progressRenderer(stream, { quiet: false, color: false });
    emit({ type: 'step.started', step: 'ingest' });
    for (let second = 1; second <= 65; second += 1) {
      vi.advanceTimersByTime(1000);
      emit({
        type: 'step.progress',
        step: 'ingest',
        done: second * 1000,
        total: 100_000,
        unit: 'events',
      });
    }
    expect(text()).toBe(
      'ingest: 30,000 of 100,000 events, 1,000/s\ningest: 60,000 of 100,000 events, 1,000/s\n',
    );
  });

  it('escapes what would drive a terminal', async () => {
    const { stream, text } = fakeStderr(false);
    const { emit } = await progressRenderer(stream, { quiet: false, color: false });
    emit({ type: 'note', message: 'a\u001b[2Jb' });
    expect(text()).toBe('a\\x1b[2Jb\n');
  });
});

describe('on a terminal', () => {
  it('spins while a step runs and leaves a line when it has finished', async () => {
    const { stream, text } = fakeStderr(true);
    const { emit, stop } = await progressRenderer(stream, { quiet: false, color: true });
    emit({ type: 'step.started', step: 'silver', detail: 'chunk 1' });
    expect(text()).toContain('silver: chunk 1');
    emit({ type: 'step.finished', step: 'silver', detail: '2,000 events' });
    stop();
    expect(text()).toMatch(COLOR);
    expect(text()).toMatch(/✔.* silver: 2,000 events\n$/);
  });

  it('spins without colour where none is wanted', async () => {
    const { stream, text } = fakeStderr(true);
    const { emit, stop } = await progressRenderer(stream, { quiet: false, color: false });
    emit({ type: 'step.started', step: 'silver' });
    emit({ type: 'warning', message: 'careful' });
    stop();
    expect(text()).toContain('silver');
    expect(text()).toContain('warning: careful\n');
    expect(text()).not.toMatch(COLOR);
  });

  it('does not spin where the terminal does not know how wide it is', async () => {
    const { stream, text } = fakeStderr(true, 0);
    const { emit, stop } = await progressRenderer(stream, { quiet: false, color: false });
    emit({ type: 'step.started', step: 'silver' });
    emit({ type: 'step.progress', step: 'silver', done: 5, unit: 'events' });
    emit({ type: 'warning', message: 'careful' });
    emit({ type: 'step.finished', step: 'silver', detail: '5 events' });
    stop();
    expect(text()).toBe('warning: careful\nsilver: 5 events\n');
  });

  it('does not spin when quiet', async () => {
    const { stream, text } = fakeStderr(true);
    const { emit } = await progressRenderer(stream, { quiet: true, color: true });
    emit({ type: 'step.started', step: 'silver' });
    emit({ type: 'step.finished', step: 'silver' });
    expect(text()).toBe('');
  });
});
