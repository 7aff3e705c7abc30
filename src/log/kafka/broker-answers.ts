import { clusterPrototype, type Metadata } from './kafkajs-protocol.ts';

/**
 * Makes kafkajs say why no broker answered, in this process. It asks one after the other and forgets the reason for
 * which each of them failed: of a topic it then knows null and falls over that, of a group's coordinator only that there
 * is none, though the client may not ask. The reasons are gone: asked once more, one broker answers, or says its own.
 */
export function correctBrokerAnswers(): void {
  const cluster = clusterPrototype();
  const { metadata, findGroupCoordinatorMetadata } = cluster;
  cluster.metadata = async function (options): Promise<Metadata> {
    const answer = await metadata.call(this, options);
    if (answer !== null) {
      return answer;
    }
    const broker = await this.brokerPool.findConnectedBroker();
    return broker.metadata(options?.topics ?? []);
  };
  cluster.findGroupCoordinatorMetadata = async function (group) {
    try {
      return await findGroupCoordinatorMetadata.call(this, group);
    } catch (error) {
      if (!(error instanceof Error && error.name === 'KafkaJSGroupCoordinatorNotFound')) {
        throw error;
      }
      const broker = await this.brokerPool.findConnectedBroker();
      return broker.findGroupCoordinator(group);
    }
  };
}
