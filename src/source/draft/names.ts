import { plainName, type SampleField } from './sample.ts';

/**
 * What producers call the fields of the contract, the likeliest first, by letters and digits alone. A name that begins
 * with a dot stands beside the list of the order lines; of items, in the line itself.
 */
export const ORDER_NAMES: Readonly<Record<string, readonly string[]>> = words({
  id: `orderid .id orderuuid ordernumber orderno ordernr incrementid invoiceno invoicenumber invoiceid receiptid receiptno
    receiptnumber documentno saleid transactionid .number .reference .code .uuid .name`,
  version_at: `updatedat dateupdated modifiedat datemodifiedgmt datemodified lastmodifiedat lastmodified lastupdated
    changedat updated modified eventtimestamp eventtime occurredat timestamp completedat createdat createdon datecreatedgmt
    datecreated creationdate created processedat orderedat orderdate ordertime orderpurchasetimestamp purchasedat
    purchasedate placedat invoicedate receiptdate saledate transactiondate .date .datetime .time`,
  ordered_at: `orderedat placedat purchasedat orderdate ordertime orderpurchasetimestamp purchasedate processedat createdat
    createdon datecreatedgmt datecreated creationdate created invoicedate receiptdate saledate transactiondate`,
  'customer.id': `customerid customernumber customerno customernr customerkey customeruuid userid buyerid clientid memberid
    shopperid contactid customeremail buyeremail useremail email customer user buyer`,
  'customer.country': `shippingaddresscountrycode shippingcountrycode shippingaddresscountry shippingcountry
    deliveryaddresscountry deliverycountry billingaddresscountrycode billingaddresscountry billingcountry customercountrycode
    customercountry customeraddresscountry addresscountrycode addresscountry geocountry countrycode country`,
  'customer.city': `shippingaddresscity shippingcity deliveryaddresscity deliverycity billingaddresscity billingcity
    customercity customeraddresscity addresscity geocity city`,
  status: 'orderstatus orderstate status state financialstatus paymentstatus fulfillmentstatus',
  payment_method: `paymentmethod paymentmethodtype paymentmethodname paymentmethodtitle paymenttype paymentgateway
    paymentgatewaynames gateway paymentprovider paymentmode paidwith paidby payment tender`,
  currency:
    'ordercurrency currency currencycode currencyid isocurrency totalcurrency presentmentcurrency',
  subtotal: `subtotal totallineitemsprice ordersubtotal itemstotal linestotal productstotal totalproducts merchandisetotal
    goodstotal subtotalamount subtotalprice`,
  tax: 'totaltax taxtotal taxamount tax ordertax vat vatamount totalvat vattotal gst salestax taxes taxvalue',
  tax_included:
    'taxesincluded taxincluded pricesincludetax istaxincluded includestax vatincluded taxinclusive',
  shipping: `shippingtotal totalshipping shippingamount shippingcost shippingcosts shippingprice shippingfee shipping
    deliveryfee deliverycost deliverycharge delivery freight freightvalue freightamount postage shippingvalue`,
  discount: `totaldiscounts totaldiscount discounttotal discountamount discount discounts orderdiscount coupondiscount
    discountvalue rebate totaldiscountamount`,
  total: `totalprice grandtotal ordertotal totalamount amounttotal total totalpaid amountpaid orderamount ordervalue
    invoicetotal revenue purchaserevenue amount value price`,
});

export const ITEM_NAMES: Readonly<Record<string, readonly string[]>> = words({
  id: `sku productid itemid variantid articleid articleno articlenumber productcode itemcode stockcode productsku ean gtin
    upc asin .id .code productname itemname articlename article product item .name .title .description`,
  category: `category categoryname productcategory itemcategory producttype categoryid department productgroup group`,
  unit_price:
    'unitprice priceperunit itemprice productprice unitamount price pricevalue saleprice sellingprice rate amount',
  quantity: 'quantity qty quantityordered orderedquantity qtyordered units unitcount pieces count',
  cost: 'cost unitcost costprice itemcost costperitem purchaseprice cogs',
});

/** What producers call the list of the order lines. */
export const LINE_NAMES =
  list(`lineitems items orderitems orderlines lines products orderproducts cartitems basketitems
  positions articles invoicelines salesitems entries details cart basket rows`);

/** Lists of an order whose amounts add up to its shipping. */
export const SHIPPING_LISTS = list('shippinglines shippingitems shipments deliveries');

/** Objects that only group fields of an order. */
const GROUPS = new Set(
  list(`order totals total amounts amount summary prices price pricing payment payments ecommerce data attributes details
    header dates timestamps invoice sale transaction checkout product item lineitem variant`),
);
/** Members of an object that is an amount. */
const AMOUNT_MEMBERS = new Set(['amount', 'value', 'centamount', 'cents']);
const MINOR = /(?:in)?(?:centamount|cents?|minorunits?|minor)$/;

/** A field that may be meant, with how well its name fits: less is better. */
interface Match {
  readonly field: SampleField;
  readonly rank: number;
}

/** Whether the name of a field says that its amounts are in cents. */
export function isNamedMinor({ names }: SampleField): boolean {
  return MINOR.test(names.at(-1) ?? '');
}

/**
 * The fields that have one of some names, the best first.
 * @param root the names on the way to the object that holds the list of the order lines
 */
export function named(
  fields: readonly SampleField[],
  names: readonly string[],
  root: readonly string[],
): readonly SampleField[] {
  return fields
    .flatMap((field): Match[] => {
      const rank = rankOf(names, callings(field, root));
      return rank < 0 ? [] : [{ field, rank }];
    })
    .sort((a, b) => a.rank - b.rank || a.field.names.length - b.field.names.length)
    .map(({ field }) => field);
}

/** The column of CSV that is likeliest to have the number of the order. */
export function namedColumn(columns: readonly string[]): string | undefined {
  const names = ORDER_NAMES['id'] ?? [];
  const ranked = columns
    .map((column) => ({ column, name: plainName(column) }))
    .map(({ column, name }) => ({ column, rank: rankOf(names, [name, `.${name}`]) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank);
  return ranked[0]?.column;
}

/** The place of the likeliest of some names; below 0 where none is known. */
function rankOf(names: readonly string[], callings: readonly string[]): number {
  const known = callings.map((calling) => names.indexOf(calling)).filter((rank) => rank >= 0);
  return known.length === 0 ? -1 : Math.min(...known);
}

/** By what names a field may be called: its own, where it stands alone or in a group, and with those of the objects above it. */
function callings({ names }: SampleField, root: readonly string[]): string[] {
  const last = names.at(-1) ?? '';
  const plain = last.replace(MINOR, '');
  const ways = [
    names,
    ...(plain === '' || plain === last ? [] : [[...names.slice(0, -1), plain]]),
    ...(AMOUNT_MEMBERS.has(last) && names.length > 1 ? [names.slice(0, -1)] : []),
  ];
  return ways.flatMap((way) => {
    const own = way.at(-1) ?? '';
    const parents = way.slice(0, -1);
    return [
      ...(parents.join('.') === root.join('.') ? [`.${own}`] : []),
      ...(isPlainPlace(parents, root) ? [own] : []),
      ...[2, 3].filter((count) => way.length >= count).map((count) => way.slice(-count).join('')),
    ];
  });
}

/** On the way to the order lines, or in a group beside it: elsewhere "updated_at" is that of a customer. */
function isPlainPlace(parents: readonly string[], root: readonly string[]): boolean {
  const isOnTheWay = (way: readonly string[]): boolean =>
    way.every((name, index) => name === root[index]);
  return (
    isOnTheWay(parents) || (GROUPS.has(parents.at(-1) ?? '') && isOnTheWay(parents.slice(0, -1)))
  );
}

/** Fields that identify a person, by their names. */
const PERSONAL =
  /email|phone|mobile|firstname|lastname|fullname|surname|address[12]|street|zip|postcode|postalcode|birth|^(?:browser|client)?ip(?:address)?$|iban|latitude|longitude|note|useragent/;

export function isPersonal({ names }: Pick<SampleField, 'names'>): boolean {
  return PERSONAL.test(names.at(-1) ?? '');
}

function list(text: string): string[] {
  return text.split(/\s+/).map((name) => (name.startsWith('.') ? name : plainName(name)));
}

function words(lists: Readonly<Record<string, string>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(lists).map(([word, text]) => [word, list(text)]));
}
