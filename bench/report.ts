import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { tableLines } from '../src/cli/render/table.ts';
import type { Figure } from './harness.ts';

export type BenchFigure = Figure & { readonly bench: string };

const MACHINE_COLUMNS = [
  { title: 'run on', align: 'left' },
  { title: '', align: 'left' },
] as const;

const FIGURE_COLUMNS = [
  { title: 'bench', align: 'left' },
  { title: 'figure', align: 'left' },
  { title: 'value', align: 'right' },
  { title: 'target', align: 'right' },
  { title: 'met', align: 'left' },
  { title: 'runs', align: 'right' },
  { title: 'parts', align: 'left' },
] as const;

export function printMachine(machine: Readonly<Record<string, string>>): void {
  print([...tableLines(MACHINE_COLUMNS, Object.entries(machine)), '']);
}

export function printFigures(figures: readonly BenchFigure[]): void {
  print(tableLines(FIGURE_COLUMNS, figures.map(figureRow)));
}

export async function writeFigures(
  file: string,
  machine: Readonly<Record<string, string>>,
  figures: readonly BenchFigure[],
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const judged = figures.map((figure) => ({ ...figure, met: isMet(figure) }));
  await writeFile(file, `${JSON.stringify({ machine, figures: judged }, null, 2)}\n`);
}

function figureRow(figure: BenchFigure): string[] {
  return [
    figure.bench,
    figure.what,
    `${number(figure.value)} ${figure.unit}`,
    targetText(figure),
    verdictText(isMet(figure)),
    String(figure.runs),
    Object.entries(figure.parts).map(partText).join(', '),
  ];
}

function partText([name, value]: readonly [string, number]): string {
  if (/^(?:rows|MB\/s|events\/s)/.test(name)) {
    return `${name} ${number(value)}`;
  }
  return name.startsWith('memory')
    ? `${name} ${number(value)} MB`
    : `${name} ${value.toFixed(2)} s`;
}

function targetText({ target }: Figure): string {
  if (target === undefined) {
    return '';
  }
  return 'atLeast' in target ? `>= ${number(target.atLeast)}` : `<= ${number(target.atMost)}`;
}

function verdictText(verdict: boolean | undefined): string {
  if (verdict === undefined) {
    return '';
  }
  return verdict ? 'yes' : 'no';
}

/** undefined where nothing is asked for. */
function isMet({ value, target }: Figure): boolean | undefined {
  if (target === undefined) {
    return undefined;
  }
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 2 : 0 });
}

function print(lines: Iterable<string>): void {
  console.log([...lines].join('\n'));
}
