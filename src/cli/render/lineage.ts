import type { Model } from '../../model/model.ts';

export const LINEAGE_FORMATS = ['text', 'mermaid', 'dot'] as const;
export type LineageFormat = (typeof LINEAGE_FORMATS)[number];

/** Where the steps of sql/source, which models read as source.*, have their rows from. */
const ORIGIN = 'bronze.events';

/** A table and those that it is made of, all as schema.name. */
interface Node {
  readonly id: string;
  readonly inputs: readonly string[];
}

/** What is made of what, as text: each table with its inputs, or a graph in the language of Mermaid or Graphviz. */
export function renderLineage(models: readonly Model[], format: LineageFormat): string {
  const nodes = models.map(({ id, inputs }) => ({ id, inputs: inputTables(inputs) }));
  return `${WRITERS[format](nodes).join('\n')}\n`;
}

/** The tables behind a model's inputs, each once. */
export function inputTables(inputs: readonly string[]): string[] {
  return [...new Set(inputs.map((id) => (id.startsWith('source.') ? ORIGIN : id)))].sort();
}

const WRITERS: Readonly<Record<LineageFormat, (nodes: readonly Node[]) => string[]>> = {
  text: (nodes) =>
    nodes.flatMap(({ id, inputs }) => [
      id,
      ...inputs.map(
        (input, index) => `${index === inputs.length - 1 ? '└─' : '├─'} reads ${input}`,
      ),
    ]),
  mermaid: (nodes) => [
    'graph LR',
    ...byLayer(nodes).flatMap(([layer, ids]) => [
      `  subgraph ${layer}`,
      ...ids.map((id) => `    ${id}["${nameOf(id)}"]`),
      '  end',
    ]),
    ...edges(nodes).map(([from, to]) => `  ${from} --> ${to}`),
  ],
  dot: (nodes) => [
    'digraph medallion {',
    '  rankdir = LR',
    '  node [shape = box]',
    ...byLayer(nodes).flatMap(([layer, ids]) => [
      `  subgraph cluster_${layer} {`,
      `    label = "${layer}"`,
      ...ids.map((id) => `    "${id}" [label = "${nameOf(id)}"]`),
      '  }',
    ]),
    ...edges(nodes).map(([from, to]) => `  "${from}" -> "${to}"`),
    '}',
  ],
};

function nameOf(id: string): string {
  return id.slice(id.indexOf('.') + 1);
}

function edges(nodes: readonly Node[]): [from: string, to: string][] {
  return nodes.flatMap(({ id, inputs }) => inputs.map((input): [string, string] => [input, id]));
}

/** Every table that a node is or reads, by schema, in order of first mention. */
function byLayer(nodes: readonly Node[]): [layer: string, ids: string[]][] {
  const ids = new Set(nodes.flatMap(({ id, inputs }) => [...inputs, id]));
  const layers = new Map<string, string[]>();
  for (const id of ids) {
    const layer = id.slice(0, id.indexOf('.'));
    layers.set(layer, [...(layers.get(layer) ?? []), id]);
  }
  return [...layers];
}
