import type { Model } from '../../../model/model.ts';
import { inputTables } from '../lineage.ts';
import { checkRows, columnRows, modelFacts } from '../dictionary.ts';
import { html, trusted, type Markup } from './markup.ts';

const STYLE = trusted(`:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem; border-bottom: 1px solid #8886; }
code { font-family: ui-monospace, monospace; font-size: 0.9em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dd { margin: 0; }`);

/** The data dictionary as one HTML document that loads nothing; each table links to those it is made of. */
export function dictionaryAsHtml(models: readonly Model[]): string {
  const known = new Set(models.map(({ id }) => id));
  const linked = (id: string): Markup =>
    known.has(id) ? html`<a href="#${id}">${id}</a>` : html`${id}`;
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Data dictionary</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <h1>Data dictionary</h1>
        <p>
          Every table of silver and gold. Times are UTC; every table but a view has the key that
          stands here.
        </p>
        <h2>What is made of what</h2>
        <ul>
          ${models.map(
            ({ id, inputs }) =>
              html`<li>
                ${linked(id)} reads
                ${inputTables(inputs).map((input, index) => html`${index === 0 ? '' : ', '}${linked(input)}`)}${inputs.length === 0 ? 'nothing' : ''}
              </li> `,
          )}
        </ul>
        ${(['silver', 'gold'] as const).map(
          (layer) =>
            html`<h2>${layer}</h2>
              ${models.filter((model) => model.layer === layer).map((model) => modelSection(model, models))}`,
        )}
      </body>
    </html> `;
  // How the sources are laid out is no part of the page.
  return `${document.text.replaceAll(/\n\s+/g, '\n').trim()}\n`;
}

function modelSection(model: Model, models: readonly Model[]): Markup {
  const checks = checkRows(model);
  return html`<section id="${model.id}">
    <h3>${model.id}</h3>
    <p>${model.description}</p>
    <dl>
      ${modelFacts(model, models).map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
    ${table(['column', 'type', 'may be null', 'meaning'], columnRows(model))}
    ${checks.length === 0 ? undefined : table(['check', 'condition', 'severity'], checks)}
  </section> `;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): Markup {
  return html`<table>
    <thead>
      <tr>
        ${heads.map((head) => html`<th>${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map((cell, index) => (index === 0 ? html`<td><code>${cell}</code></td>` : html`<td>${cell}</td>`))}
          </tr> `,
      )}
    </tbody>
  </table>`;
}
