import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSail, type SailServer } from '../../scripts/spark/sail.ts';
import { createAuthority } from '../support/certificates.ts';
import { runCommand, type CliResult } from '../support/cli.ts';
import { purchase } from '../support/orders.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { answersOf, countTransactions, landEvents, promoteAll } from '../support/promotion.ts';
import { openTlsProxy, type TlsProxy } from '../support/tls-proxy.ts';

/** A server of Spark Connect with TLS and a token: real certificates, and Sail behind what takes TLS off. */

const TOKEN = 's3cret';

let folder: string;
let sail: SailServer;
let proxies: Record<'trusted' | 'elsewhere', TlsProxy>;
let authority: string;
let stranger: string;
let db: TestDatabase;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'medallion-spark-tls-'));
  sail = await startSail({ dir: folder });
  const port = Number(new URL(sail.remote).port);
  const issuer = await createAuthority(folder, 'trusted');
  authority = issuer.certificate;
  stranger = (await createAuthority(folder, 'stranger')).certificate;
  proxies = {
    trusted: await openTlsProxy(port, await issuer.issue('server', ['localhost']), TOKEN),
    elsewhere: await openTlsProxy(port, await issuer.issue('other', ['spark.example']), TOKEN),
  };
  db = await createTestDatabase();
  await landEvents(db.settings, [purchase({ id: 'a', at: '2026-01-05T10:00:00' }), 'no event']);
});

afterAll(async () => {
  await db.drop();
  proxies.trusted.close();
  proxies.elsewhere.close();
  await sail.kill();
  rmSync(folder, { recursive: true, force: true });
});

const promote = (env: Readonly<Record<string, string>>): Promise<CliResult> =>
  runCommand(['promote'], {
    env: {
      DATABASE_URL: db.url,
      MEDALLION_HOME: path.join(folder, 'home'),
      MEDALLION_ENGINE: 'spark',
      MEDALLION_SPARK_STAGING: path.join(folder, 'staging'),
      SPARK_TOKEN: TOKEN,
      ...env,
    },
  });

const encrypted = (proxy: TlsProxy): string => `sc://localhost:${String(proxy.port)}/;use_ssl=true`;

test.each<[string, () => Record<string, string>, number, RegExp]>([
  [
    'another authority has signed the certificate',
    () => ({ SPARK_REMOTE: encrypted(proxies.trusted), SPARK_SSL_CA: stranger }),
    3,
    /no trusted TLS connection to Spark at localhost:\d+: .*certificate.*\n.*SPARK_SSL_CA/,
  ],
  [
    'no authority is named that has signed it',
    () => ({ SPARK_REMOTE: encrypted(proxies.trusted) }),
    3,
    /no trusted TLS connection to Spark at localhost:\d+: .*certificate.*\n.*SPARK_SSL_CA/,
  ],
  [
    'the certificate is of another host',
    () => ({ SPARK_REMOTE: encrypted(proxies.elsewhere), SPARK_SSL_CA: authority }),
    3,
    /no trusted TLS connection to Spark at localhost:\d+: .*altnames.*spark\.example/,
  ],
  [
    'the file of the authority is not there',
    () => ({ SPARK_REMOTE: encrypted(proxies.trusted), SPARK_SSL_CA: '/none.pem' }),
    2,
    /SPARK_SSL_CA.*cannot read \/none\.pem/,
  ],
  [
    'the token is another one',
    () => ({
      ...{ SPARK_REMOTE: encrypted(proxies.trusted), SPARK_SSL_CA: authority },
      SPARK_TOKEN: 's3cret-of-old',
    }),
    3,
    /Spark at localhost:\d+ rejects the call: who are you\n.*SPARK_TOKEN/,
  ],
  [
    'the server has no TLS',
    () => ({ SPARK_REMOTE: `${sail.remote}/;use_ssl=true` }),
    3,
    /(?:no trusted TLS connection to|cannot reach) Spark at 127\.0\.0\.1:\d+: .*\n.*use_ssl/,
  ],
  [
    'the server wants TLS and is spoken to without',
    () => ({ SPARK_REMOTE: `sc://localhost:${String(proxies.trusted.port)}/;use_ssl=false` }),
    3,
    /cannot reach Spark at localhost:\d+: .*\n.*use_ssl=true/,
  ],
])('where %s the command says so and changes nothing', async (_, env, code, words) => {
  const before = proxies.trusted.calls();
  const result = await promote(env());
  expect(result.stderr).toMatch(words);
  expect(result.code).toBe(code);
  expect(result.stderr).not.toContain(TOKEN);
  expect(await countTransactions(db.settings)).toBe(0);
  expect(proxies.trusted.calls()).toBe(before);
});

test('promotes through TLS, with the token at each call', async () => {
  const { code, stderr } = await promote({
    SPARK_REMOTE: encrypted(proxies.trusted),
    SPARK_SSL_CA: authority,
  });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  // Opening sessions alone takes some; each statement is one more.
  expect(proxies.trusted.calls()).toBeGreaterThan(20);
  const answers = await answersOf(db.settings);
  await promoteAll(db.settings, { fullRefresh: true });
  expect(answers).toEqual(await answersOf(db.settings));
});
