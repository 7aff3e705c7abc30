/** A currency as every panel names it, of `currencies`, its dimension: by its code, or by its name where it has none. */
export const CURRENCY = 'coalesce(currencies.code, currencies.name)';
