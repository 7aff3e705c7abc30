import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';

/** The dependencies are asked about at a registry; what it answers decides. */

const ADVISORY = {
  id: 1,
  url: 'https://example.org/advisory',
  title: 'lets everybody in',
  severity: 'high',
  vulnerable_versions: '>=0',
};

let registry: Server;

afterEach(() => {
  registry.closeAllConnections();
  registry.close();
});

/** Runs the audit against a registry that answers each question about vulnerabilities with `status` and `body`. */
async function audit(
  status: number,
  body: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; output: string }> {
  registry = createServer((request, response) => {
    request.resume().on('end', () => {
      const isQuestion = request.url?.includes('advisories/bulk') === true;
      response.writeHead(isQuestion ? status : 404, { 'content-type': 'application/json' });
      response.end(isQuestion ? body : '{}');
    });
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  const { port } = registry.address() as AddressInfo;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['scripts/audit.js'],
      {
        env: {
          ...process.env,
          npm_config_registry: `http://127.0.0.1:${String(port)}/`,
          npm_config_fetch_retries: '0',
          ...env,
        },
      },
      (_error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
      },
    );
  });
}

test('no known vulnerability: it passes', async () => {
  expect(await audit(200, '{}')).toMatchObject({
    code: 0,
    output: expect.stringContaining('audit: 0 high, 0 critical') as unknown,
  });
});

test('a dependency with a severe one: it fails and names it', async () => {
  const { code, output } = await audit(200, JSON.stringify({ 'pg-copy-streams': [ADVISORY] }));
  expect(code).toBe(1);
  expect(output).toMatch(/^high: pg-copy-streams/m);
});

test('a registry that answers no such question is no all-clear', async () => {
  const refused = await audit(405, '{"message":"Method Not Allowed"}');
  expect(refused).toMatchObject({ code: 0, output: expect.stringMatching(/^NOT AUDITED: /) });
  registry.close();
  const required = await audit(405, '{}', { AUDIT_REQUIRED: '1' });
  expect(required.code).toBe(1);
});
