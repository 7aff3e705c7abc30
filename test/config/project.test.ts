import { chownSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/app/config.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(realpathSync(tmpdir()), 'medallion-project-'));
  mkdirSync(path.join(folder, 'shop/models/gold'), { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(path.join(folder, name), text);
}

function at(place: string, more: Partial<Parameters<typeof loadConfig>[0]> = {}) {
  return loadConfig({ cwd: path.join(folder, place), ...more });
}

describe('a project', () => {
  test('is the nearest folder upwards with a medallion.yaml, and everything is as in that folder', () => {
    write('medallion.yaml', 'kafka: { topic: outer }\n');
    write('shop/medallion.yaml', 'kafka: { topic: inner }\n');
    for (const place of ['shop', 'shop/models', 'shop/models/gold']) {
      expect(at(place)).toMatchObject({
        project: path.join(folder, 'shop'),
        home: path.join(folder, 'shop/.medallion'),
        log: { topic: 'inner' },
      });
    }
    expect(at('')).toMatchObject({ project: folder, log: { topic: 'outer' } });
  });

  test('has a .env, which counts in its folders too, below the one of the working folder', () => {
    write('shop/medallion.yaml', '');
    write('shop/.env', 'KAFKA_TOPIC=of-project\nMEDALLION_HOME=./data\n');
    expect(at('shop/models')).toMatchObject({
      home: path.join(folder, 'shop/data'),
      log: { topic: 'of-project' },
    });
    write('shop/models/.env', 'KAFKA_TOPIC=of-folder\n');
    expect(at('shop/models').log.topic).toBe('of-folder');
    expect(at('shop/models', { env: { KAFKA_TOPIC: 'said' } }).log.topic).toBe('said');
  });

  test('is the folder of the file that is named, from anywhere', () => {
    write('medallion.yaml', '');
    write('shop/medallion.yaml', '');
    const named = path.join(folder, 'shop/medallion.yaml');
    expect(at('', { file: 'shop/medallion.yaml' }).project).toBe(path.join(folder, 'shop'));
    expect(at('', { env: { MEDALLION_CONFIG: named } })).toMatchObject({
      project: path.join(folder, 'shop'),
      // Of a file elsewhere only what it says starts there.
      home: path.join(folder, '.medallion'),
    });
    write('.env', `MEDALLION_CONFIG=shop/medallion.yaml\n`);
    expect(at('shop/models').project).toBe(path.join(folder, 'shop'));
  });

  test('is none without such a file', () => {
    expect(at('shop')).toMatchObject({
      project: undefined,
      home: path.join(folder, 'shop/.medallion'),
    });
  });

  test.runIf(process.getuid?.() === 0)(
    'of another user above the working folder is not taken unasked',
    () => {
      write('medallion.yaml', '');
      const file = path.join(folder, 'medallion.yaml');
      chownSync(file, 1, 1);
      expect(() => at('shop')).toThrow(`${file} belongs to another user (1)`);
      expect(at('').project).toBe(folder);
      expect(at('shop', { file: '../medallion.yaml' }).project).toBe(folder);
    },
  );
});
