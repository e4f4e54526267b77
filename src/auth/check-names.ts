import type { z } from 'zod';
import type { OutsideIssuer, Report } from '../stage.ts';
import type { authorizeOption } from './authorization-rules.ts';
import { checkName } from './check-name.ts';
import type { ConsumerRow } from './consumers.ts';
import { type IssuerName, type IssuingFile, listIssuers } from './issuer-names.ts';
import type { IssuerRow } from './issuers.ts';
import type { Allowance } from './token-identity.ts';

type Path = readonly (string | number)[];

/** Reports consumers in the rules of a route, and of its methods, that the file doesn't have. */
export function checkRuleConsumers(
  { consumers, methods = {} }: z.output<typeof authorizeOption>,
  known: readonly string[],
  path: Path,
  report: Report,
): void {
  const check = (names: readonly string[] = [], place: Path): void => {
    for (const [index, name] of names.entries())
      checkName('consumer', name, known, [...place, 'consumers', index], report);
  };
  check(consumers, path);
  for (const [method, rules] of Object.entries(methods)) check(rules.consumers, [...path, 'methods', method]);
}

interface NamingFile extends IssuingFile {
  readonly consumers: readonly ConsumerRow[];
  readonly issuers: readonly IssuerRow[];
  readonly introspection?: (IssuingFile['introspection'] & { readonly allow?: Allowance | undefined }) | undefined;
}

/** Reports issuers and plans that tokens are about and that nobody has, and clients of two consumers. */
export function checkTokenNames(
  file: NamingFile,
  plans: readonly string[],
  routes: readonly { readonly issuers?: readonly string[] | undefined }[],
  report: Report,
  outside: OutsideIssuer | undefined,
): void {
  const issuers = listIssuers(file, outside);
  const names = issuers.filter((name) => name !== undefined);
  const checkAll = (kind: string, list: readonly string[] = [], known: readonly string[], path: Path): void => {
    for (const [index, name] of list.entries()) checkName(kind, name, known, [...path, index], report);
  };
  for (const [index, route] of routes.entries()) checkAll('issuer', route.issuers, names, ['routes', index, 'issuers']);
  for (const [index, { allow }] of file.issuers.entries())
    checkAll('plan', allow?.plans, plans, ['issuers', index, 'allow', 'plans']);
  checkAll('plan', file.introspection?.allow?.plans, plans, ['introspection', 'allow', 'plans']);
  checkClients(file.consumers, issuers, report);
}

function checkClients(consumers: readonly ConsumerRow[], issuers: readonly IssuerName[], report: Report): void {
  const owners = new Map<string, string>();
  const names = issuers.filter((name) => name !== undefined);
  for (const [row, { name, clients }] of consumers.entries()) {
    for (const [index, { issuer, id }] of clients.entries()) {
      const place = ['consumers', row, 'clients', index];
      if (issuer === undefined && issuers.length > 1 && !issuers.includes(undefined)) {
        report(place, `does not say which issuer the client "${id}" is of`, `add "issuer": ${names.join(', ')}`);
      }
      checkName('issuer', issuer, names, [...place, 'issuer'], report);
      const key = JSON.stringify([issuer, id]);
      const owner = owners.get(key);
      if (owner !== undefined) report(place, `the client "${id}" belongs to consumer "${owner}" already`);
      owners.set(key, name);
    }
  }
}
