import { describe, expect, it } from 'vitest';
import type { ResultTable } from '../../../src/postgres/query.ts';
import { renderRows, renderTable, type OutputFormat } from '../../../src/cli/render/output.ts';

const sales: ResultTable = {
  columns: [
    { name: 'city', kind: 'text' },
    { name: 'orders', kind: 'number' },
    { name: 'revenue', kind: 'number' },
    { name: 'open', kind: 'boolean' },
  ],
  rows: [
    ['Berlin', '12', '1234567890123456789012345678901234567.89', 't'],
    ['東京', '9223372036854775807', '0.10', 'f'],
    ['', null, null, null],
  ],
};

function one(
  cell: string | null,
  kind: ResultTable['columns'][number]['kind'],
  format: OutputFormat,
): string {
  return renderTable({ columns: [{ name: 'x', kind }], rows: [[cell]] }, format);
}

describe('table', () => {
  it('aligns columns, wide characters included, with numbers to the right and no blanks at line ends', () => {
    expect(renderTable(sales, 'table')).toBe(
      [
        'city                 orders                                   revenue  open',
        '──────  ───────────────────  ────────────────────────────────────────  ─────',
        'Berlin                   12  1234567890123456789012345678901234567.89  true',
        '東京    9223372036854775807                                      0.10  false',
        '',
        '',
      ].join('\n'),
    );
  });

  it('gives a cell of several lines several lines', () => {
    const table: ResultTable = {
      columns: [
        { name: 'n', kind: 'number' },
        { name: 'plan', kind: 'text' },
        { name: 'z', kind: 'text' },
      ],
      rows: [
        ['1', 'Sort\r\n  Scan', 'a'],
        ['20', 'Scan', 'b'],
      ],
    };
    expect(renderTable(table, 'table')).toBe(
      [' n  plan    z', '──  ──────  ─', ' 1  Sort    a', '      Scan', '20  Scan    b', ''].join(
        '\n',
      ),
    );
  });

  it('gives a long text in the last column several lines on a terminal, where there is room for it', () => {
    const columns = [
      { name: 'model', kind: 'text' as const },
      { name: 'description', kind: 'text' as const },
    ];
    const rows = [['gold.sales', 'Sales by day, all currencies']];
    expect(renderTable({ columns, rows }, 'table', { width: 30 })).toBe(
      [
        'model       description',
        '──────────  ─────────────────',
        'gold.sales  Sales by day, all',
        '            currencies',
        '',
      ].join('\n'),
    );
  });

  it('gives each column a line where the rows are too wide, and cuts nothing', () => {
    const columns = [
      { name: 'city', kind: 'text' as const },
      { name: 'orders', kind: 'number' as const },
      { name: 'note', kind: 'text' as const },
    ];
    const rows = [
      ['東京', '12000', 'all is well here'],
      ['Oslo', null, 'two\nlines'],
    ];
    expect(renderTable({ columns, rows }, 'table', { width: 16 })).toBe(
      [
        '── row 1 ───────',
        'city    東京',
        'orders  12000',
        'note    all is',
        '        well',
        '        here',
        '── row 2 ───────',
        'city    Oslo',
        'orders',
        'note    two',
        '        lines',
        '',
      ].join('\n'),
    );
    expect(renderTable({ columns, rows: [] }, 'table', { width: 16 })).toBe(
      'city, orders,\nnote\n(no rows)\n',
    );
  });

  it('leaves the lines of a single column whole, for who takes them on', () => {
    const columns = [{ name: 'statement', kind: 'text' as const }];
    const text = 'grant select on all tables in schema gold to grafana';
    expect(renderTable({ columns, rows: [[text]] }, 'table', { width: 20 })).toBe(
      `statement\n${'─'.repeat(text.length)}\n${text}\n`,
    );
  });

  it('shows quantities with thousands separators, to people only', () => {
    const columns = [
      { name: 'offset', kind: 'number' as const },
      { name: 'events', kind: 'number' as const, isQuantity: true },
    ];
    const table = { columns, rows: [['12000', '1234567.50']] };
    expect(renderTable(table, 'table')).toBe(
      'offset        events\n──────  ────────────\n 12000  1,234,567.50\n',
    );
    expect(renderTable(table, 'markdown')).toContain('| 12000 | 1234567.50 |');
    expect(renderTable(table, 'csv')).toBe('offset,events\n12000,1234567.50\n');
    expect(renderTable(table, 'json')).toContain('"events": 1234567.50');
  });

  it('says when there are no rows, and nothing when there are no columns', () => {
    expect(renderTable({ ...sales, rows: [] }, 'table')).toBe(
      'city  orders  revenue  open\n────  ──────  ───────  ────\n(no rows)\n',
    );
    expect(renderTable({ columns: [], rows: [] }, 'table')).toBe('');
  });

  it.each([
    ['\u001b[2J\u001b]0;owned\u0007', String.raw`\x1b[2J\x1b]0;owned\x07`],
    ['a\rb\tc', String.raw`a\rb\tc`],
    ['\u009b31m', String.raw`\x9b31m`],
    ['\u202eevil', String.raw`\u202eevil`],
  ])('prints no character that drives a terminal: %j', (cell, shown) => {
    expect(one(cell, 'text', 'table').split('\n')[2]).toBe(shown);
    expect(one(cell, 'text', 'markdown')).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
  });

  it('keeps emoji and accents as they are', () => {
    expect(one('Zoë 👩‍👩‍👧 São', 'text', 'table').split('\n')[2]).toBe('Zoë 👩‍👩‍👧 São');
  });
});

describe('json', () => {
  it('writes every digit of a number, and text as text', () => {
    const text = renderTable(sales, 'json');
    expect(text).toBe(
      `[
  {"city": "Berlin", "orders": 12, "revenue": 1234567890123456789012345678901234567.89, "open": true},
  {"city": "東京", "orders": 9223372036854775807, "revenue": 0.10, "open": false},
  {"city": "", "orders": null, "revenue": null, "open": null}
]
`,
    );
    expect(JSON.parse(text)).toHaveLength(3);
  });

  it.each([
    ['NaN', 'number', '"NaN"'],
    ['-Infinity', 'number', '"-Infinity"'],
    ['1e+20', 'number', '1e+20'],
    ['-0.50', 'number', '-0.50'],
    ['2026-01-03 22:12:43.5+00', 'timestamp', '"2026-01-03T22:12:43.5Z"'],
    ['2026-01-03 22:12:43+05:30', 'timestamp', '"2026-01-03T22:12:43+05:30"'],
    ['2026-01-03 22:12:43-03', 'timestamp', '"2026-01-03T22:12:43-03:00"'],
    ['2026-01-03 22:12:43', 'timestamp', '"2026-01-03T22:12:43"'],
    ['infinity', 'timestamp', '"infinity"'],
    ['{"big": 12345678901234567890.10}', 'json', '{"big": 12345678901234567890.10}'],
    [String.raw`\x00ff`, 'text', String.raw`"\\x00ff"`],
    ['{}', 'number[]', '[]'],
    ['{1,NULL,12345678901234567890}', 'number[]', '[1, null, 12345678901234567890]'],
    ['{{1,2},{3,4}}', 'number[]', '[[1, 2], [3, 4]]'],
    ['[0:1]={t,f}', 'boolean[]', '[true, false]'],
    [
      String.raw`{a b,"c,\"d\"","NULL","\\x","",NULL}`,
      'text[]',
      String.raw`["a b", "c,\"d\"", "NULL", "\\x", "", null]`,
    ],
    ['{"2026-01-03 00:00:00+00"}', 'timestamp[]', '["2026-01-03T00:00:00Z"]'],
    [String.raw`{"{\"a\": [1, 2]}"}`, 'json[]', '[{"a": [1, 2]}]'],
    ['a\u009bb\u202e', 'text', String.raw`"a\u009bb\u202e"`],
  ] as const)('writes %s of kind %s as %s', (cell, kind, expected) => {
    const text = one(cell, kind, 'json');
    expect(text).toBe(`[\n  {"x": ${expected}}\n]\n`);
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  it('is an array without rows too', () => {
    expect(renderTable({ columns: [], rows: [] }, 'json')).toBe('[]\n');
  });

  it('keeps the values of columns with the same name', () => {
    const columns = ['a', 'a', 'a_2', 'a'].map((name) => ({ name, kind: 'number' as const }));
    expect(renderTable({ columns, rows: [['1', '2', '3', '4']] }, 'json')).toBe(
      '[\n  {"a": 1, "a_3": 2, "a_2": 3, "a_4": 4}\n]\n',
    );
  });
});

describe('csv', () => {
  it('quotes what needs it and tells null from an empty string', () => {
    const table: ResultTable = {
      columns: [
        { name: 'a,b', kind: 'text' },
        { name: 'at', kind: 'timestamp' },
        { name: 'yes', kind: 'boolean' },
      ],
      rows: [
        ['say "hi"\nthere', '2026-01-03 22:12:43+00', 't'],
        ['', null, 'f'],
        [null, null, null],
      ],
    };
    expect(renderTable(table, 'csv')).toBe(
      '"a,b",at,yes\n"say ""hi""\nthere",2026-01-03T22:12:43Z,true\n"",,false\n,,\n',
    );
  });

  it('escapes what a spreadsheet would take for a formula when it is told to: texts and names alone', () => {
    const table: ResultTable = {
      columns: [
        { name: '=name', kind: 'text' },
        { name: 'amount', kind: 'number' },
        { name: 'at', kind: 'timestamp' },
      ],
      rows: [
        ['=HYPERLINK("http://x","y")', '-12.50', '-infinity'],
        ['-12.50', '3', null],
        [null, null, null],
      ],
    };
    expect(renderTable(table, 'csv', { escapeFormulas: true })).toBe(
      `'=name,amount,at\n"'=HYPERLINK(""http://x"",""y"")",-12.50,-infinity\n-12.50,3,\n,,\n`,
    );
    expect(renderTable(table, 'csv')).toContain('=name,amount,at\n"=HYPERLINK(');
  });

  it('has its head line without rows too', () => {
    expect(renderTable({ ...sales, rows: [] }, 'csv')).toBe('city,orders,revenue,open\n');
  });
});

describe('markdown', () => {
  it('is a table with numbers to the right and markup escaped', () => {
    const table: ResultTable = {
      columns: [
        { name: 'total_orders', kind: 'number' },
        { name: 'name', kind: 'text' },
      ],
      rows: [['1', 'a|b *c* <b>x</b> _d_ e_f\ng\\']],
    };
    expect(renderTable(table, 'markdown')).toBe(
      '| total_orders | name |\n| ---: | --- |\n' +
        String.raw`| 1 | a\|b \*c\* \<b\>x\</b\> \_d\_ e_f<br>g\\ |` +
        '\n',
    );
  });
});

describe('renderRows', () => {
  it.each(['table', 'json', 'csv', 'markdown'] as const)(
    'gives the same %s in pieces as in one',
    async (format) => {
      const [first = [], ...rest] = sales.rows;
      const pieces: string[] = [];
      for await (const piece of renderRows(sales.columns, [[], [first], [], rest], format)) {
        pieces.push(piece);
      }
      expect(pieces.join('')).toBe(renderTable(sales, format));
    },
  );
});
