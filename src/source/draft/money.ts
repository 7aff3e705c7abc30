import type { Json } from '../../event/json.ts';
import { amountOf, NOTHING, plus, type Amount } from '../amount.ts';
import { EACH, type Path } from '../mapping.ts';
import { at, each, textOf } from '../path.ts';

/** Where an amount of orders comes from: a field, or amounts of a list that are added up. */
export interface Part {
  readonly path: Path;
  readonly isMinor: boolean;
  /** Whether every order of the sample has it. */
  readonly isAlways: boolean;
  /** Of the sample, for people. */
  readonly example: string;
}

/** An amount of orders: where it comes from; `none`, where the totals of the sample add up without it. */
export type DraftedPart = Part | 'none' | undefined;

export interface Candidates {
  readonly subtotal: readonly Part[];
  readonly tax: Part | undefined;
  readonly shipping: Part | undefined;
  readonly discount: Part | undefined;
  readonly total: readonly Part[];
  /** The field that says whether the prices of an order have the tax inside. */
  readonly taxIncluded: Path | undefined;
}

/** The amounts of orders, as the arithmetic of a sample has them. */
export interface DraftedMoney {
  readonly subtotal: Part | 'computed';
  readonly tax: DraftedPart;
  readonly shipping: DraftedPart;
  readonly discount: DraftedPart;
  readonly total: Part | 'computed';
  /** Whether the prices of all orders have the tax inside. */
  readonly isTaxInside: boolean;
  /** Whether the field that says it of each order is right. */
  readonly isFlagRight: boolean;
  /** Whether the prices are after the discount already. */
  readonly isDiscountInside: boolean;
  /** Whether the total of every order is the sum of the parts. */
  readonly addsUp: boolean;
}

/**
 * Decides between fields by what adds up: the subtotal is what the lines come to, the total is the sum of its parts.
 * @param lines where the list of the order lines is, and in a line its price and its quantity
 */
export function draftMoney(
  records: readonly Json[],
  lines: { readonly from: Path; readonly price: Path; readonly quantity: Path } | undefined,
  candidates: Candidates,
): DraftedMoney {
  const { tax, shipping, discount } = candidates;
  const ofLines = lines && records.map((record) => linesOf(record, lines));
  const valuesOf = (part: Part | undefined): Amount[] =>
    records.map((record) => (part === undefined ? NOTHING : valueOf(record, part)));
  const [likeliest] = candidates.subtotal;
  const subtotal =
    ofLines === undefined
      ? likeliest
      : candidates.subtotal.find((part) => areEqual(valuesOf(part), ofLines));
  const goods = subtotal === undefined ? (ofLines ?? valuesOf(undefined)) : valuesOf(subtotal);
  const isKnown = (subtotal ?? ofLines) !== undefined;
  const [taxes, shipments, discounts] = [valuesOf(tax), valuesOf(shipping), valuesOf(discount)];
  const ways = waysOf(records, candidates);
  const sums = ways.map(({ isTaxInside, isDiscountInside }) =>
    goods.map((amount, index) =>
      [
        shipments[index] ?? NOTHING,
        isTaxInside[index] === true ? NOTHING : (taxes[index] ?? NOTHING),
        isDiscountInside ? NOTHING : negative(discounts[index] ?? NOTHING),
      ].reduce(plus, amount),
    ),
  );
  const fits = candidates.total.flatMap((part) => {
    const values = valuesOf(part);
    const way = isKnown ? ways.find((_, index) => areEqual(values, sums[index] ?? [])) : undefined;
    return way === undefined ? [] : [{ part, way }];
  });
  const [fit] = fits;
  const orNone = (part: Part | undefined): DraftedPart =>
    part ?? (fit === undefined ? undefined : 'none');
  return {
    subtotal: subtotal ?? 'computed',
    ...{ tax: orNone(tax), shipping: orNone(shipping), discount: orNone(discount) },
    total: fit?.part ?? candidates.total[0] ?? 'computed',
    isTaxInside: fit !== undefined && !fit.way.isByFlag && fit.way.isTaxInside.includes(true),
    isFlagRight: fit === undefined || fit.way.isByFlag,
    isDiscountInside: fit?.way.isDiscountInside === true,
    addsUp: fit !== undefined,
  };
}

/** What a total may be the sum of. */
interface Way {
  /** Of each order. */
  readonly isTaxInside: readonly boolean[];
  readonly isByFlag: boolean;
  readonly isDiscountInside: boolean;
}

/** The likeliest first. */
function waysOf(records: readonly Json[], { taxIncluded, discount }: Candidates): Way[] {
  const ofAll = (isInside: boolean) => records.map(() => isInside);
  const byTax = [
    ...(taxIncluded === undefined
      ? []
      : [
          {
            isTaxInside: records.map((record) => textOf(at(record, taxIncluded)) === 'true'),
            isByFlag: true,
          },
        ]),
    { isTaxInside: ofAll(false), isByFlag: false },
    { isTaxInside: ofAll(true), isByFlag: false },
  ];
  return (discount === undefined ? [false] : [false, true]).flatMap((isDiscountInside) =>
    byTax.map((way) => ({ ...way, isDiscountInside })),
  );
}

function valueOf(record: Json, { path }: Part): Amount {
  return path.includes(EACH)
    ? (each(record, path, []) ?? [])
        .map(({ value }) => amountOf(value) ?? NOTHING)
        .reduce(plus, NOTHING)
    : (amountOf(at(record, path) ?? null) ?? NOTHING);
}

function linesOf(
  record: Json,
  { from, price, quantity }: { from: Path; price: Path; quantity: Path },
): Amount {
  const lines = at(record, from);
  return (Array.isArray(lines) ? lines : [])
    .map((line) => {
      const unit = amountOf(at(line, price) ?? null) ?? NOTHING;
      const count = amountOf(at(line, quantity) ?? null) ?? NOTHING;
      return { units: unit.units * count.units, scale: unit.scale + count.scale };
    })
    .reduce(plus, NOTHING);
}

function negative({ units, scale }: Amount): Amount {
  return { units: -units, scale };
}

/** To a cent. */
function areEqual(some: readonly Amount[], others: readonly Amount[]): boolean {
  return some.every((amount, index) => {
    const { units, scale } = plus(amount, negative(others[index] ?? NOTHING));
    const distance = units < 0n ? -units : units;
    return distance * 100n <= 10n ** BigInt(scale);
  });
}
