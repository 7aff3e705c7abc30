import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { dictionaryAsMarkdown } from '../../src/cli/render/dictionary.ts';
import { dictionaryAsHtml } from '../../src/cli/render/html/dictionary.ts';
import { loadModels } from '../../src/model/load.ts';
import { runCommand } from '../support/cli.ts';

const { silver, gold } = loadModels();
const models = [...silver, ...gold];

it('writes one file, whole, in place of what was there', async () => {
  const cwd = await mkdtemp(path.join(tmpdir(), 'medallion-docs-'));
  const { code, stdout } = await runCommand(['docs', '--format', 'html', '--out', 'd.html'], {
    cwd,
  });
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(readFileSync(path.join(cwd, 'd.html'), 'utf8')).toBe(dictionaryAsHtml(models));
  expect(readdirSync(cwd)).toEqual(['d.html']);
});

it('says of every table its grain, and of every column what it means', () => {
  const markdown = dictionaryAsMarkdown(models).replaceAll('\\', '');
  const html = dictionaryAsHtml(models);
  for (const { id, grain, columns, checks } of models) {
    expect(markdown).toContain(`### ${id}\n`);
    expect(markdown).toContain(`- Grain: ${grain}\n`);
    expect(html).toContain(`<section id="${id}">`);
    for (const { name, type } of columns) {
      expect(markdown, id).toContain(`| ${name} | ${type} |`);
      expect(html, id).toContain(`<td><code>${name}</code></td><td>${type}</td>`);
    }
    for (const { name } of checks) {
      expect(markdown).toContain(`| ${name} |`);
    }
  }
  expect(markdown).toContain('```mermaid\ngraph LR\n');
  expect(html).toMatch(/gold\.customer_days<\/a> reads\s<a href="#silver\.fact_transactions">/);
});

it('lets nothing of a header become markup, and loads nothing', () => {
  const [model, ...others] = models;
  const odd = { ...model, description: '<script>alert(1)</script> & | x' } as (typeof gold)[number];
  const html = dictionaryAsHtml([odd, ...others]);
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; | x');
  expect(html).not.toMatch(/<script|<link|src=|href="(?!#)|url\(/);
  expect(dictionaryAsMarkdown([odd])).toContain('\\<script\\>');
});
