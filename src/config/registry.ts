import type { SettingReader } from './setting-reader.ts';
import type { TlsConfig } from './tls.ts';

export interface RegistryConfig {
  readonly url: URL;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly tls: TlsConfig | undefined;
}

export function parseRegistry(settings: SettingReader): RegistryConfig | undefined {
  const given = settings.text('registry.url');
  if (given === undefined) {
    return undefined;
  }
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    settings.refuse('registry.url', 'it is not a URL like http://localhost:8081');
    return undefined;
  }
  if (url.username !== '' || url.password !== '') {
    settings.refuse(
      'registry.url',
      'a URL with a user in it: set registry.user, and the password in SCHEMA_REGISTRY_PASSWORD, instead',
    );
  }
  return {
    url,
    user: settings.text('registry.user'),
    password: settings.text('registry.password'),
    token: settings.text('registry.token'),
    tls: {
      verify: settings.isOn('registry.tls_verify'),
      caFile: settings.file('registry.tls_ca'),
      certFile: settings.file('registry.tls_cert'),
      keyFile: settings.file('registry.tls_key'),
    },
  };
}
