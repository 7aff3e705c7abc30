import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A way to a server on this machine that can be cut, as a network can. */
export class Proxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isCut = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** @param target asked at each connection, because a port may be known only later */
  static async open(target: () => number): Promise<Proxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new Proxy(server, (server.address() as AddressInfo).port);
    server.on('connection', (client) => proxy.#join(client, target()));
    return proxy;
  }

  /** What the server says is lost for `ms`, in which it still hears the client; then every connection breaks. */
  async cut(ms: number): Promise<void> {
    this.#isCut = true;
    for (const [client, server] of this.#pairs) {
      server.unpipe(client);
      server.resume();
    }
    await delay(ms);
    for (const pair of this.#pairs) {
      pair.forEach((socket) => socket.destroy());
    }
  }

  /** The same, once the server has said one more thing. */
  async cutAfterAnswer(ms: number): Promise<void> {
    await new Promise((resolve) => {
      for (const [, server] of this.#pairs) {
        server.once('data', resolve);
      }
    });
    await this.cut(ms);
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    await this.cut(0);
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, port: number): void {
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const server = connect({ host: '127.0.0.1', port });
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      from.pipe(to);
    }
  }
}
