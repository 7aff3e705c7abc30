/** What psql and other programs on libpq take of a connection, as far as it is no setting of medallion. */

/** Options that medallion sets itself, whatever a URL or a variable says of them. */
const OWN: ReadonlySet<string> = new Set([
  'application_name',
  'client_encoding',
  'connect_timeout',
  'fallback_application_name',
  'keepalives',
  'keepalives_count',
  'keepalives_idle',
  'keepalives_interval',
  'sslcompression',
  'sslsni',
  'tcp_user_timeout',
]);

interface Unsupported {
  readonly variable?: string;
  /** Values that ask for nothing but what medallion does anyway. */
  readonly harmless?: RegExp;
  readonly instead?: string;
}

const LEAST_TLS = /^TLSv1(\.[0-2])?$/i;

/** Options that would lead to another server, or to the same one in another way: each client of ours has its own idea of them. */
const UNSUPPORTED: Readonly<Record<string, Unsupported>> = {
  channel_binding: { variable: 'PGCHANNELBINDING', harmless: /^(disable|prefer)$/ },
  gssdelegation: { variable: 'PGGSSDELEGATION', harmless: /^0$/ },
  gssencmode: { variable: 'PGGSSENCMODE', harmless: /^(disable|prefer)$/ },
  gsslib: { variable: 'PGGSSLIB' },
  hostaddr: { variable: 'PGHOSTADDR', instead: 'give the address as the host' },
  krbsrvname: { variable: 'PGKRBSRVNAME' },
  load_balance_hosts: { variable: 'PGLOADBALANCEHOSTS', harmless: /^disable$/ },
  max_protocol_version: { variable: 'PGMAXPROTOCOLVERSION', harmless: /./ },
  min_protocol_version: { variable: 'PGMINPROTOCOLVERSION', harmless: /^3\.0$/ },
  options: {
    variable: 'PGOPTIONS',
    instead: 'set them for the role (alter role .. set ..)',
  },
  replication: { variable: 'PGREPLICATION', harmless: /^(false|off|no|0)$/ },
  require_auth: { variable: 'PGREQUIREAUTH' },
  requirepeer: { variable: 'PGREQUIREPEER' },
  requiressl: { variable: 'PGREQUIRESSL', harmless: /^0$/, instead: 'use sslmode=require' },
  service: {
    variable: 'PGSERVICE',
    instead: 'give host, port, user and database in DATABASE_URL or PG*',
  },
  ssl_max_protocol_version: { variable: 'PGSSLMAXPROTOCOLVERSION', harmless: /^TLSv1\.3$/i },
  ssl_min_protocol_version: { variable: 'PGSSLMINPROTOCOLVERSION', harmless: LEAST_TLS },
  sslcertmode: { variable: 'PGSSLCERTMODE', harmless: /^allow$/ },
  sslcrl: { variable: 'PGSSLCRL' },
  sslcrldir: { variable: 'PGSSLCRLDIR' },
  sslnegotiation: { variable: 'PGSSLNEGOTIATION', harmless: /^postgres$/ },
  target_session_attrs: {
    variable: 'PGTARGETSESSIONATTRS',
    harmless: /^any$/,
    instead: 'give the primary server, or an address that always leads to it',
  },
};

/** Why a URL may not say that of a connection; undefined where it may. */
export function refusedParameter(option: string, value: string): string | undefined {
  if (OWN.has(option)) {
    return undefined;
  }
  const unsupported = UNSUPPORTED[option];
  return unsupported === undefined
    ? `medallion does not know the parameter ${option}; leave it out`
    : refusal(`the parameter ${option}`, unsupported, value);
}

/** The variables that psql would heed and medallion does not, each with what is wrong about that. */
export function refusedVariables(valueOf: (variable: string) => string | undefined): string[] {
  return Object.values(UNSUPPORTED).flatMap((unsupported) => {
    const { variable = '' } = unsupported;
    const value = valueOf(variable);
    const problem = value === undefined ? undefined : refusal('it', unsupported, value);
    return problem === undefined ? [] : [`${variable}: ${problem}`];
  });
}

function refusal(
  what: string,
  { harmless, instead = 'leave it out' }: Unsupported,
  value: string,
): string | undefined {
  return harmless?.test(value.trim()) === true
    ? undefined
    : `medallion does not support ${what}; ${instead}`;
}

/** An environment without the variables that would lead psql elsewhere than where medallion is. */
export function withoutUnsupported<T>(env: Readonly<Record<string, T>>): Record<string, T> {
  const names = new Set(Object.values(UNSUPPORTED).map(({ variable }) => variable));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.has(name)));
}

/** Takes libpq's variables out of an environment: its programs and libraries heed them also where they are told otherwise. */
export function dropVariables(env: Record<string, string | undefined>): void {
  for (const name of Object.keys(env).filter((each) => /^PG[A-Z]/.test(each))) {
    Reflect.deleteProperty(env, name);
  }
}
