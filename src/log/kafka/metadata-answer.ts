import { clusterPrototype, type Metadata } from './kafkajs-protocol.ts';

let isCorrected = false;

/**
 * Makes kafkajs say why no broker told about a topic, in this process. Where each of them failed it answers null, and
 * falls over that: a connection that breaks within the request came out as a TypeError.
 */
export function correctMetadataAnswers(): void {
  if (isCorrected) {
    return;
  }
  isCorrected = true;
  const cluster = clusterPrototype();
  const original = cluster.metadata;
  cluster.metadata = async function (options): Promise<Metadata> {
    const answer = await original.call(this, options);
    if (answer !== null) {
      return answer;
    }
    // The reasons are gone: asked once more, one broker answers, or says its own.
    const broker = await this.brokerPool.findConnectedBroker();
    return broker.metadata(options?.topics ?? []);
  };
}
