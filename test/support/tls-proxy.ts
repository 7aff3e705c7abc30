import { readFileSync } from 'node:fs';
import {
  connect,
  constants,
  createSecureServer,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** TLS in front of a server of gRPC that has none, as an ingress of Kubernetes is, with a token that it asks for. */
export interface TlsProxy {
  readonly port: number;
  /** Calls that came with the token. */
  readonly calls: () => number;
  close(): void;
}

export async function openTlsProxy(
  target: number,
  files: { readonly certificate: string; readonly key: string },
  token: string,
): Promise<TlsProxy> {
  const upstream = connect(`http://127.0.0.1:${String(target)}`);
  const server = createSecureServer({
    ...{ cert: readFileSync(files.certificate), key: readFileSync(files.key) },
    // A client that is not of HTTP/2 is sent away at its hello.
    ALPNProtocols: ['h2'],
  });
  let calls = 0;
  server.on('stream', (stream, headers) => {
    if (headers.authorization === `Bearer ${token}`) {
      calls += 1;
      forward(upstream, stream, headers);
    } else {
      const status = { 'grpc-status': '16', 'grpc-message': 'who are you' };
      stream.respond({ 'content-type': 'application/grpc', ...status }, { endStream: true });
    }
  });
  // Clients that do not trust the certificate break off.
  server.on('tlsClientError', () => undefined).on('sessionError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    calls: () => calls,
    close() {
      upstream.close();
      server.close();
    },
  };
}

function forward(
  upstream: ClientHttp2Session,
  stream: ServerHttp2Stream,
  { ':path': path = '/', ':method': method = 'POST', ...headers }: IncomingHttpHeaders,
): void {
  const own = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
  const call = upstream.request({ ':path': path, ':method': method, ...Object.fromEntries(own) });
  let trailers: IncomingHttpHeaders = {};
  call.on('trailers', (received: IncomingHttpHeaders) => {
    trailers = received;
  });
  call.on('response', (received, flags) => {
    const isAll = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(received, isAll ? { endStream: true } : { waitForTrailers: true });
    if (!isAll) {
      call.pipe(stream);
    }
  });
  stream.on('wantTrailers', () => {
    stream.sendTrailers(trailers);
  });
  for (const [from, to] of [
    [stream, call],
    [call, stream],
  ] as const) {
    from.on('error', () => undefined);
    from.on('aborted', () => {
      to.close(constants.NGHTTP2_CANCEL);
    });
  }
  stream.pipe(call);
}
