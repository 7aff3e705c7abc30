import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { passwordIn } from '../../src/config/passfile.ts';

const OWNER = { host: 'db.example', port: 5432, user: 'ana', database: 'shop' };

test('a file of passwords has that of the first line that fits, if only its owner may read it', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'medallion-passfile-'));
  const file = path.join(folder, 'pgpass');
  try {
    expect(passwordIn(file, OWNER)).toBeUndefined();
    await writeFile(
      file,
      [
        '# db.example:5432:shop:ana:a comment',
        'db.example:5433:shop:ana:another port',
        String.raw`db.example:*:a\:b:ana:co\\lon\:s: and the rest`,
        'db.example:*:*:ana:first',
        '*:*:*:*:second',
        '',
      ].join('\n'),
      { mode: 0o600 },
    );
    expect(passwordIn(file, OWNER)).toBe('first');
    expect(passwordIn(file, { ...OWNER, user: 'bob' })).toBe('second');
    expect(passwordIn(file, { ...OWNER, database: 'a:b' })).toBe(
      String.raw`co\lon:s: and the rest`,
    );
    await chmod(file, 0o644);
    expect(passwordIn(file, OWNER)).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
