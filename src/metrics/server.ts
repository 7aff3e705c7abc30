import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { codeOf, MedallionError, messageOf } from '../errors.ts';

/** What is answered for a path. */
export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export type Pages = Readonly<Record<string, () => Page | Promise<Page>>>;

export interface PageServer {
  /** Where it listens, http://127.0.0.1:9464. */
  readonly url: string;
  close(): Promise<void>;
}

/** A page of JSON, on one line. */
export function jsonPage(status: number, content: unknown): Page {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(content)}\n` };
}

/**
 * Answers GET for the paths of `pages`. Port 0 takes any that is free.
 * @throws MedallionError config, when the port is taken, or may not be taken
 */
export async function servePages(host: string, port: number, pages: Pages): Promise<PageServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const page = Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      send(response, jsonPage(405, { error: 'this server answers only GET' }));
    } else if (page === undefined) {
      send(response, jsonPage(404, { error: 'no such page', pages: Object.keys(pages) }));
    } else {
      void answer(response, page);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)));
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(response: ServerResponse, page: () => Page | Promise<Page>): Promise<void> {
  try {
    send(response, await page());
  } catch (error) {
    send(response, jsonPage(500, { error: messageOf(error) }));
  }
}

function send(response: ServerResponse, { status, type, body }: Page): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(body);
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
};

function listenError(error: unknown, host: string, port: number): MedallionError {
  const reason = REASONS[codeOf(error) ?? ''] ?? messageOf(error);
  return new MedallionError('config', `cannot listen on ${host} port ${port}: ${reason}`, {
    hint: 'Choose another --metrics-port, or another address with --metrics-host.',
    cause: error,
  });
}
