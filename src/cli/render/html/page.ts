import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Report } from '../../../query/report/report.ts';
import { declarationOf, type Section, type SectionName } from '../../../query/report/sections.ts';
import { VERSION } from '../../../version.ts';
import {
  amountNotes,
  nothingYet,
  outsideNote,
  periodNote,
  sectionTitle,
  shownSections,
} from '../report-text.ts';
import { dataTable } from './data-table.ts';
import { html, trusted, type Markup } from './markup.ts';
import { behindNote, CHARTS, headlineCards } from './sections.ts';

const STYLE_SHEET = new URL('../../../../assets/report.css', import.meta.url);

/** How the sources are laid out is no part of the page. No text of an event holds a line end: they are escaped. */
const INDENT = /\n\s+/g;

/**
 * The report as one HTML document that loads nothing: the figures of the terminal, charts, and all rows behind them.
 * The same report gives the same bytes.
 * @param top how many rows the sections of leaders were asked for
 */
export function renderHtml(report: Report, { top }: { readonly top: number }): string {
  const style = readFileSync(STYLE_SHEET, 'utf8').replaceAll(INDENT, '\n');
  const { period } = report;
  const title = period === undefined ? 'No sales yet' : `Sales ${period.since} to ${period.until}`;
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy(style)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <meta name="generator" content="medallion ${VERSION}" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        ${trusted(`<style>${style}</style>`)}
      </head>
      <body>
        <header>
          <h1>${withDates(title)}</h1>
          ${headNotes(report)} ${behindNote(report.sections.state?.rows ?? [])}
        </header>
        <main>
          ${shownSections(report).map((name) => sectionOf(name, report.sections[name], report, top))}
        </main>
        <footer>medallion ${VERSION}</footer>
      </body>
    </html> `;
  return `${document.text.replaceAll(INDENT, '\n').trim()}\n`;
}

/** The text with its days marked, so that none is broken over two lines. */
function withDates(text: string): Markup {
  return html`${text
    .split(/(\d{4}-\d\d-\d\d)/)
    .map((part, index) => (index % 2 === 0 ? html`${part}` : html`<time>${part}</time>`))}`;
}

/** Nothing may be loaded, sent or run; the one style sheet is known by its hash. */
function policy(style: string): string {
  const hash = createHash('sha256').update(style).digest('base64');
  return `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`;
}

function headNotes(report: Report): Markup {
  const { period, reporting, amounts, writtenEvents } = report;
  if (period === undefined || amounts === undefined) {
    return html`${nothingYet(writtenEvents).map((line) => html`<p>${line}</p>`)}`;
  }
  const outside = outsideNote(report);
  const notes = [...(outside === undefined ? [] : [outside]), ...amountNotes(report)];
  return html`<p>${periodNote(period, reporting, amounts)}</p>
    ${notes.map((note) => html`<p class="behind">${note}</p>`)}`;
}

function sectionOf<Name extends SectionName>(
  name: Name,
  section: Section<Name> | undefined,
  report: Report,
  top: number,
): Markup {
  const rows = section?.rows ?? [];
  const title = sectionTitle(name, rows, { top, period: report.period });
  const width = declarationOf(name).isWide === true ? 'full' : 'half';
  return html`<section id="${name}" class="${width}">
    <h2>${withDates(title)}</h2>
    ${
      name === 'headline'
        ? headlineCards(report.sections.headline?.rows ?? [], report.sections.days?.rows ?? [])
        : CHARTS[name](rows)
    }
    ${
      section === undefined || rows.length === 0
        ? html`<p class="note">none</p>`
        : dataTable(title, section)
    }
  </section>`;
}
