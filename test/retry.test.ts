import { describe, expect, test } from 'vitest';
import { MedallionError } from '../src/errors.ts';
import type { ProgressEvent } from '../src/progress.ts';
import { Retry } from '../src/retry.ts';

function listener(signal = new AbortController().signal) {
  const events: ProgressEvent[] = [];
  return { signal, emit: (event: ProgressEvent) => void events.push(event), events };
}

const away = (): MedallionError =>
  new MedallionError('unreachable', 'lost it', { reason: 'no answer', retriable: true });

/** Work that fails so many times before it succeeds. */
function failing(times: number): () => Promise<string> {
  let left = times;
  return () => (left-- > 0 ? Promise.reject(away()) : Promise.resolve('done'));
}

describe('a server that went away', () => {
  test('is told of once when it is lost and once when it is back, each time', async () => {
    const context = listener();
    const retry = new Retry('PostgreSQL at db:5432', context);
    expect(await retry.run(failing(0))).toBe('done');
    expect(context.events).toEqual([]);
    const lost = 'lost PostgreSQL at db:5432 (no answer); trying again for up to 5 min';
    const back = expect.stringMatching(/^PostgreSQL at db:5432 is back after [\d.]+ s$/) as string;
    const round = [
      { type: 'warning', message: lost },
      { type: 'note', message: back },
    ];
    expect(await retry.run(failing(2))).toBe('done');
    expect(context.events).toEqual(round);
    expect(await retry.run(failing(1))).toBe('done');
    expect(context.events).toEqual([...round, ...round]);
  });

  test('is told of by its own name where the work needs it beside the one that answers', async () => {
    const context = listener();
    const retry = new Retry('PostgreSQL at db:5432', context);
    const spark = new MedallionError('unreachable', 'lost it', {
      ...{ reason: 'no answer', retriable: true, server: 'Spark at s:15002' },
    });
    let left = 2;
    const work = (): Promise<string> => {
      // That PostgreSQL answers says nothing of Spark.
      retry.answered();
      return left-- > 0 ? Promise.reject(spark) : Promise.resolve('done');
    };
    expect(await retry.run(work)).toBe('done');
    expect(context.events).toEqual([
      {
        type: 'warning',
        message: 'lost Spark at s:15002 (no answer); trying again for up to 5 min',
      },
      {
        type: 'note',
        message: expect.stringMatching(/^Spark at s:15002 is back after [\d.]+ s$/) as string,
      },
    ]);
  });

  test('is told of once by all that use it', async () => {
    const context = listener();
    const retry = new Retry('Kafka at k:9092', context);
    const back = Date.now() + 700;
    const whileAway = () => (Date.now() < back ? Promise.reject(away()) : Promise.resolve());
    // What began before the loss and succeeds after it does not say that the server is back.
    const slow = () => new Promise((resolve) => setTimeout(resolve, 100));
    await Promise.all([retry.run(slow), retry.run(whileAway), retry.run(whileAway)]);
    expect(context.events.map(({ type }) => type)).toEqual(['warning', 'note']);
  });

  test('that was never reached is not called lost, and recovery is tried before each attempt', async () => {
    const context = listener();
    let recoveries = 0;
    const recover = () => {
      recoveries += 1;
      return Promise.resolve();
    };
    await new Retry('Kafka at k:9092', context, { recover }).run(failing(2));
    expect(context.events[0]).toMatchObject({
      message: 'cannot reach Kafka at k:9092 (no answer); trying again for up to 5 min',
    });
    expect(recoveries).toBe(2);
  });

  test('is given up when it stays away, by the failure itself', async () => {
    const retry = new Retry('Kafka at k:9092', listener(), { forMs: 500 });
    await expect(retry.run(failing(1000))).rejects.toMatchObject({
      code: 'unreachable',
      exitCode: 3,
      message: 'lost it; gave up after 0.5 s',
    });
  });

  test('that answers, but does no work, is given up too', async () => {
    const retry = new Retry('Kafka at k:9092', listener(), { forMs: 500 });
    const poison = () => {
      retry.answered();
      return Promise.reject(away());
    };
    await expect(retry.run(poison)).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('is not waited for with a timeout of 0, nor for another failure, nor after an interruption', async () => {
    const context = listener();
    await expect(new Retry('x', context, { forMs: 0 }).run(failing(1))).rejects.toMatchObject({
      message: 'lost it',
    });
    const denied = new MedallionError('denied', 'wrong password');
    await expect(new Retry('x', context).run(() => Promise.reject(denied))).rejects.toBe(denied);
    expect(context.events).toEqual([]);

    const abort = new AbortController();
    const retrying = new Retry('x', listener(abort.signal)).run(failing(1000));
    abort.abort();
    await expect(retrying).rejects.toMatchObject({ code: 'interrupted' });
  });
});
