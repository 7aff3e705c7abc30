import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { MedallionError } from '../errors.ts';
import { jsonText, parseJson, type Json } from '../event/json.ts';
import { RowCutter } from '../log/files/csv-rows.ts';
import { inputError, streamText } from '../log/files/text.ts';
import type { DraftedCsv } from '../source/draft/write.ts';
import { namedColumn } from '../source/draft/names.ts';
import { csvRecords } from './records.ts';

/** Records of a producer, as a file has them. */
export interface SampleFile {
  /** One object, a list of objects, objects line by line, rows of CSV. */
  readonly form: 'object' | 'list' | 'lines' | 'csv';
  readonly records: readonly Json[];
  /** The same as texts. */
  readonly values: string[];
  /** What makes lines of objects of the file, by jq. */
  readonly filter?: string;
  readonly csv?: DraftedCsv;
}

/** As much of a file as is looked at. */
const MOST_BYTES = 16 << 20;
const MOST_RECORDS = 1000;
const DELIMITERS = [',', ';', '\t', '|'];
const COMMA_DECIMAL = /^\s*[+-]?\d+,\d+\s*$/;

/**
 * Reads the first records of a file of JSON, of lines of JSON or of CSV, plain or gzip.
 * @throws MedallionError input
 */
export async function readSample(file: string): Promise<SampleFile> {
  const name = path.basename(file);
  const { bytes, isWhole } = await firstBytes(file);
  const text = new TextDecoder(isUtf8(bytes) ? 'utf-8' : 'windows-1252').decode(bytes);
  if (text.trim() === '') {
    throw new MedallionError('input', `${file} is empty`);
  }
  const isJson = /^\s*[[{]/.test(text);
  const sample = isJson ? readJson(text, isWhole, name) : await readCsv(bytes, text, name);
  if (sample.records.length === 0) {
    throw noSampleError(`there is no order in ${file}: no JSON object, and no row of CSV`);
  }
  return sample;
}

function noSampleError(message: string): MedallionError {
  return new MedallionError('input', message, {
    hint: 'A sample is one order as JSON, a JSON list of orders, one JSON order on each line, or CSV with a header line.',
  });
}

async function firstBytes(
  file: string,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of streamText(createReadStream(file), file)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MOST_BYTES) {
        break;
      }
    }
  } catch (error) {
    throw inputError(error, file);
  }
  const bytes = Buffer.concat(chunks);
  const isWhole = size <= MOST_BYTES;
  return { bytes: isWhole ? bytes : bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1), isWhole };
}

function readJson(text: string, isWhole: boolean, name: string): SampleFile {
  const whole = isWhole ? parsed(text) : undefined;
  if (whole instanceof Map) {
    const [[member, only] = ['', null], ...others] = whole;
    // {"orders": [..]}, as an API answers.
    return others.length === 0 && Array.isArray(only) && only.some(isObject)
      ? ofList(only, `.[${JSON.stringify(member)}][]`)
      : {
          ...{ form: 'object', records: [whole], values: [jsonText(whole)] },
          ...(text.trim().includes('\n') ? { filter: '.' } : {}),
        };
  }
  if (Array.isArray(whole)) {
    return ofList(whole, '.[]');
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const first = parsed(lines[0] ?? '');
  if (!isObject(first)) {
    const problem = first instanceof Error ? first.message : 'its first line is not a JSON object';
    throw new MedallionError('input', `${name} is not JSON: ${problem}`, {
      hint: isWhole ? 'Check it with jq.' : 'Use a smaller sample: some orders are enough.',
    });
  }
  const read = lines.slice(0, MOST_RECORDS).flatMap((value) => {
    const record = parsed(value);
    return isObject(record) ? [{ record, value }] : [];
  });
  return {
    ...{ form: 'lines', records: read.map(({ record }) => record) },
    values: read.map(({ value }) => value),
  };
}

function ofList(elements: readonly Json[], filter: string): SampleFile {
  const records = elements.filter(isObject).slice(0, MOST_RECORDS);
  return { form: 'list', records, values: records.map(jsonText), filter };
}

function isObject(json: Json | Error): json is Extract<Json, Map<string, Json>> {
  return json instanceof Map;
}

/** The JSON of a text, or why it is none. */
function parsed(text: string): Json | Error {
  try {
    return parseJson(text.trim());
  } catch (error) {
    return error as Error;
  }
}

/** @throws MedallionError input, where the first line names no columns */
async function readCsv(bytes: Buffer, text: string, name: string): Promise<SampleFile> {
  const head = text.slice(0, text.indexOf('\n') + 1 || undefined);
  const delimiter = DELIMITERS.map((one) => ({ one, count: head.split(one).length })).sort(
    (a, b) => b.count - a.count,
  )[0];
  if (delimiter === undefined || delimiter.count < 2) {
    throw noSampleError(`${name} is neither JSON nor CSV with a header line`);
  }
  const { one } = delimiter;
  const utf8 = Buffer.from(text);
  const cutter = new RowCutter(one, name);
  cutter.push(utf8);
  const columns = (cutter.next(true)?.cells ?? []).map((cell) => cell.trim());
  const commas = new Set<string>();
  for (let count = 0; count < MOST_RECORDS; count += 1) {
    const row = cutter.next(true);
    if (row === undefined) {
      break;
    }
    (row.cells ?? []).forEach((cell, index) => {
      if (COMMA_DECIMAL.test(cell)) {
        commas.add(columns[index] ?? '');
      }
    });
  }
  const groupBy = namedColumn(columns) ?? columns[0] ?? '';
  const form = { delimiter: one, encoding: 'utf-8', header: true, groupBy } as const;
  const records = await csvRecords(utf8, { ...form, decimalComma: commas }, name);
  const values = records.slice(0, MOST_RECORDS);
  return {
    ...{ form: 'csv', values, records: values.map(parseJson) },
    csv: {
      ...{ delimiter: one, groupBy, hasDecimalComma: commas.size > 0 },
      encoding: isUtf8(bytes) ? 'utf-8' : 'windows-1252',
    },
  };
}
