import { EACH, ROWS, type Path } from '../mapping.ts';
import { draftMoney, type Candidates, type DraftedMoney, type Part } from './money.ts';
import {
  ITEM_NAMES,
  isNamedMinor,
  LINE_NAMES,
  named,
  ORDER_NAMES,
  SHIPPING_LISTS,
} from './names.ts';
import { fieldsOfRows, type Sample, type SampleField, type SampleList } from './sample.ts';
import { isFlag, isNumeric, timeOf } from './values.ts';

/** The fields of a sample that are meant by the words of a mapping, as far as their names and values say so. */
export interface Matches {
  /** Fields of an order, for those that nothing reads. */
  readonly fields: readonly SampleField[];
  readonly lines: SampleList | undefined;
  readonly order: Readonly<Record<OrderWord, SampleField | undefined>>;
  readonly money: DraftedMoney;
  /** Of ids several: the first that a line has counts. */
  readonly items: Readonly<Record<ItemWord, SampleField | undefined>> & {
    readonly ids: readonly SampleField[];
  };
}

export type OrderWord =
  | ('id' | 'version_at' | 'ordered_at' | 'status' | 'payment_method' | 'currency')
  | ('customer.id' | 'customer.country' | 'customer.city' | 'tax_included');
export type ItemWord = 'category' | 'unit_price' | 'quantity' | 'cost';

export function match(sample: Sample, isCsv: boolean): Matches {
  const lines = linesOf(sample, isCsv);
  const root = isCsv ? [] : (lines?.names.slice(0, -1) ?? []);
  const items = matchItems(lines);
  const taken = new Set(
    [items.unit_price, items.quantity, items.category, items.cost, ...items.ids].map(
      (field) => field && columnOf(field.path),
    ),
  );
  const fields = (isCsv ? fieldsOfRows(sample) : sample.fields).filter(
    ({ path }) => !isCsv || !taken.has(columnOf(path)),
  );
  const find = (
    word: string,
    fits: (field: SampleField) => boolean = ({ texts }) => texts.length > 0,
  ): readonly SampleField[] => named(fields.filter(fits), ORDER_NAMES[word] ?? [], root);
  const isTime = (field: SampleField): boolean => timeOf(field) !== undefined;
  const [version] = find('version_at', isTime);
  const [ordered] = find('ordered_at', isTime);
  const [flag] = find('tax_included', isFlag);
  // A column of amounts that differ from row to row is of the rows.
  const isAmount = (field: SampleField): boolean => isNumeric(field) && (!isCsv || field.isOfOrder);
  const part = (field: SampleField | undefined): Part | undefined =>
    field && {
      ...{ path: field.path, isMinor: isNamedMinor(field), isAlways: field.isAlways },
      example: field.texts[0] ?? '',
    };
  const parts = (word: string): Part[] =>
    find(word, isAmount).flatMap((field) => part(field) ?? []);
  const candidates: Candidates = {
    subtotal: parts('subtotal').filter(({ isAlways }) => isAlways),
    tax: parts('tax')[0],
    shipping: parts('shipping')[0] ?? (isCsv ? undefined : shippingOf(sample)),
    discount: parts('discount')[0],
    total: parts('total').filter(({ isAlways }) => isAlways),
    taxIncluded: flag?.path,
  };
  const { unit_price: price, quantity } = items;
  return {
    fields,
    lines,
    order: {
      ...{ id: find('id')[0], version_at: version, tax_included: flag },
      ordered_at: ordered === version ? undefined : ordered,
      ...{ 'customer.id': find('customer.id')[0], 'customer.country': find('customer.country')[0] },
      ...{ 'customer.city': find('customer.city')[0], status: find('status')[0] },
      ...{ payment_method: find('payment_method')[0], currency: find('currency')[0] },
    },
    money: draftMoney(
      sample.records,
      lines &&
        price &&
        quantity && { from: lines.path, price: price.path, quantity: quantity.path },
      candidates,
    ),
    items,
  };
}

/** The list that is likeliest to be that of the order lines. */
function linesOf({ lists }: Sample, isCsv: boolean): SampleList | undefined {
  if (isCsv) {
    return lists.find(({ path }) => path.length === 1 && path[0] === ROWS);
  }
  const [best] = lists
    .map((list) => {
      const { unit_price: price, quantity, ids } = matchItems(list);
      const place = LINE_NAMES.indexOf(list.names.at(-1) ?? '');
      const held = [price, quantity, ids[0]].filter((field) => field !== undefined).length;
      return { list, score: held + (place < 0 ? 0 : 2 - place / LINE_NAMES.length) };
    })
    .filter(({ score }) => score >= 2)
    .sort((a, b) => b.score - a.score);
  return best?.list;
}

function matchItems(lines: SampleList | undefined): Matches['items'] {
  const plain = (lines?.fields ?? []).filter(({ path }) => !path.includes(EACH));
  const find = (word: string, fits: (field: SampleField) => boolean): readonly SampleField[] =>
    named(plain.filter(fits), ITEM_NAMES[word] ?? [], []);
  const hasValues = ({ texts }: SampleField): boolean => texts.length > 0;
  // A line's own "id" stands for no product where others name one.
  const all = find('id', hasValues).filter(
    ({ names }, index) => index === 0 || names.join('.') !== 'id',
  );
  const whole = all.findIndex(({ isAlways }) => isAlways);
  const items = {
    category: find('category', hasValues)[0],
    ...{ unit_price: find('unit_price', isNumeric)[0], quantity: find('quantity', isNumeric)[0] },
    cost: find('cost', isNumeric)[0],
  };
  return { ...items, ids: all.slice(0, whole < 0 ? 3 : Math.min(whole + 1, 3)) };
}

function shippingOf({ lists }: Sample): Part | undefined {
  const list = lists.find(({ names }) => SHIPPING_LISTS.includes(names.at(-1) ?? ''));
  const price = list?.fields.find(
    (field) => /^(?:price|total|amount|cost)$/.test(field.names.join('.')) && isNumeric(field),
  );
  return (
    list &&
    price && {
      ...{ path: [...list.path, EACH, ...price.path], isMinor: isNamedMinor(price) },
      ...{ isAlways: true, example: price.texts[0] ?? '' },
    }
  );
}

/** Of a row of CSV. */
function columnOf(path: Path): string {
  return String(path.at(-1));
}
