import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { examine, ok, type Check } from '../../src/doctor/finding.ts';
import { judgeNode, judgeSpace } from '../../src/doctor/machine.ts';
import { judgeClocks } from '../../src/doctor/warehouse.ts';
import { MedallionError } from '../../src/errors.ts';

const config = parseConfig({}, {}, '/');

function look(run: Check['run'], signal = new AbortController().signal) {
  return examine({ title: 'thing', limitMs: 50, run }, config, { signal, emit: () => undefined });
}

describe('examine', () => {
  it('hands on what a check found', async () => {
    expect(await look(() => Promise.resolve([ok('thing', 'there')]))).toEqual([
      ok('thing', 'there'),
    ]);
  });

  it('turns a foreseen failure into a finding with its advice', async () => {
    const error = new MedallionError('denied', 'no entry', { hint: 'Knock.' });
    expect(await look(() => Promise.reject(error))).toMatchObject([
      { title: 'thing', status: 'fail', found: 'no entry', advice: 'Knock.', code: 'denied' },
    ]);
  });

  it('turns any other failure into a finding too', async () => {
    expect(await look(() => Promise.reject(new TypeError('x is not a function')))).toMatchObject([
      { status: 'fail', found: 'x is not a function', code: 'config' },
    ]);
  });

  it('does not wait for a check that hangs', async () => {
    expect(await look(() => new Promise(() => undefined))).toMatchObject([
      { status: 'fail', found: 'no answer within 0.05 s', code: 'unreachable' },
    ]);
  });

  it('stops when the user does', async () => {
    const stop = new AbortController();
    const running = look(() => new Promise(() => undefined), stop.signal);
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('judgements', () => {
  it.each([
    ['20.19.0', 'ok'],
    ['20.18.3', 'fail'],
    ['18.20.0', 'fail'],
    ['22.12.0', 'fail'],
    ['22.13.0', 'ok'],
    ['23.9.0', 'fail'],
    ['24.0.0', 'ok'],
    ['26.1.0', 'ok'],
  ])('Node.js %s: %s', (version, status) => {
    expect(judgeNode(version).status).toBe(status);
  });

  it.each([
    [5e9, 'ok', '5.0 GB free'],
    [1.94e9, 'warn', '1.9 GB free'],
    [1e8, 'fail', '0.1 GB free'],
  ])('%d bytes of disk: %s', (free, status, found) => {
    expect(judgeSpace(free)).toMatchObject({ status, found });
  });

  it.each([
    [0, 'ok', /agree/],
    [-2900, 'ok', /agree/],
    [61_000, 'warn', /61\.0 s ahead/],
    [-3500, 'warn', /3\.5 s behind/],
  ])('a clock that is off by %d ms: %s', (off, status, found) => {
    const here = Date.UTC(2026, 0, 1);
    const finding = judgeClocks(here, here + off);
    expect(finding.status).toBe(status);
    expect(finding.found).toMatch(found);
  });
});
