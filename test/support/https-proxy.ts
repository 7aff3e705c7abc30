import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** TLS in front of a server of HTTP that has none, with a login that it asks for, as a company's registry has it. */
export interface HttpsProxy {
  readonly port: number;
  /** Requests that came with the login. */
  readonly passed: () => number;
  close(): Promise<void>;
}

/**
 * @param authorization the header that a request needs
 * @param clientAuthority PEM file of who signs the certificates of clients; none is asked for without it
 */
export async function openHttpsProxy(
  target: number,
  files: { readonly certificate: string; readonly key: string },
  authorization: string,
  clientAuthority?: string,
): Promise<HttpsProxy> {
  let passed = 0;
  const server = createServer(
    {
      ...{ cert: readFileSync(files.certificate), key: readFileSync(files.key) },
      ...(clientAuthority === undefined
        ? {}
        : { requestCert: true, ca: readFileSync(clientAuthority) }),
    },
    (incoming, answer) => {
      if (incoming.headers.authorization !== authorization) {
        answer.writeHead(401, { 'content-type': 'application/json' });
        answer.end('{"error_code": 40101, "message": "Unauthorized"}');
        return;
      }
      passed += 1;
      const { method, url: path, headers } = incoming;
      const call = request(
        { host: '127.0.0.1', port: target, method, path, headers },
        (response) => {
          answer.writeHead(response.statusCode ?? 500, response.headers);
          response.pipe(answer);
        },
      );
      call.on('error', () => answer.destroy());
      incoming.pipe(call);
    },
  );
  // Clients that do not trust the certificate break off.
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    passed: () => passed,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
