/** The user of a URL, whatever its scheme, as in postgresql://ana:secret@db; not that of the example that messages give. */
const URL_USER = /\b([a-z][a-z0-9+.-]*:\/\/)(?!user:password@)[^\s/?#@]*(?:@[^\s/?#@]*)*@/gi;
/** libpq's parameters that say the same in the query of a URL, and flags that do not exist but are tried. */
const NAMED = /((?:^|[?&;\s]|--)[\w-]*(?:password|passwd|pwd|secret|token)=)[^\s&;]+/gi;

/** A text that people read, without the user and password of any URL in it. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(URL_USER, '$1***@').replaceAll(NAMED, '$1***');
}

/** Arguments for the record of a run: a database URL is left out whole, wherever it stands. */
export function argumentsForRecord(args: readonly string[]): string[] {
  return args.map((arg) =>
    withoutSecrets(arg.replace(/^(--[\w-]+=)?postgres(?:ql)?:\/\/.*$/s, '$1***')),
  );
}
