/**
 * Text that a spreadsheet takes for a formula when it opens a CSV file, and so may run (OWASP: CSV injection). An
 * apostrophe before it makes it text. The patterns are read alike by JavaScript and by RE2, which DuckDB uses.
 */
const BEGINNING = '^[=+\\-@\\t\\r\\n＝＋－＠]';
/** A number begins with its sign, and stays one. */
const NUMBER = '^[-+]?\\d+(\\.\\d+)?([eE][-+]?\\d+)?$';

const beginning = new RegExp(BEGINNING);
const number = new RegExp(NUMBER);

/** The text, which no spreadsheet takes for a formula. */
export function escapeFormula(text: string): string {
  return beginning.test(text) && !number.test(text) ? `'${text}` : text;
}

/** The same of an expression of DuckDB. */
export function escapeFormulaSql(text: string): string {
  const isFormula = `regexp_matches(${text}, '${BEGINNING}') and not regexp_matches(${text}, '${NUMBER}')`;
  return `case when ${isFormula} then '''' || ${text} else ${text} end`;
}
