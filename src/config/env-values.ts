import { isIP } from 'node:net';
import type { Trust } from '../lib/client-address.ts';
import { isOrigin, suggestOrigin } from '../lib/origin.ts';
import { DURATION_UNITS, parseDurationMs, parseShare } from '../schema-values.ts';
import type { Fault } from './config-error.ts';
import { type DotEnv, NO_DOT_ENV } from './dot-env.ts';
import { coversEverybody } from './trust-networks.ts';

/** Reads variables one by one and collects what is wrong with them, so that all faults are told at once. */
export interface EnvReader {
  readonly faults: Fault[];
  /** The trimmed value; an empty one counts as not set, as `NAME=` in a compose file means it. */
  text(name: string): string | undefined;
  fault(name: string, message: string, hint?: string): void;
}

/** A fault of a variable that comes from `.env` names its line there. */
export function createEnvReader(env: NodeJS.ProcessEnv, { lines, inForce }: DotEnv = NO_DOT_ENV): EnvReader {
  const faults: Fault[] = [];
  return {
    faults,
    text: (name) => env[name]?.trim() || undefined,
    fault: (name, message, hint) => {
      const line = inForce.has(name) ? (lines.get(name) ?? 0) : 0;
      faults.push({
        file: line > 0 ? '.env' : 'environment',
        line,
        column: line > 0 ? 1 : 0,
        path: name,
        message,
        ...(hint === undefined ? {} : { hint }),
      });
    },
  };
}

export function readPort(reader: EnvReader, name: string, fallback: number): number {
  const text = reader.text(name);
  if (text === undefined) return fallback;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  reader.fault(name, 'is not a port', `Use a number from 0 (any free port) to 65535; the default is ${fallback}.`);
  return fallback;
}

/** A whole number from 1 to a million. */
export function readCount(reader: EnvReader, name: string, fallback: number): number {
  const text = reader.text(name);
  if (text === undefined) return fallback;
  const count = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 1_000_000) return count;
  reader.fault(name, 'is not a number from 1 to 1000000', `The default is ${fallback}.`);
  return fallback;
}

export function readChoice<const T extends string>(
  reader: EnvReader,
  name: string,
  choices: readonly T[],
  fallback: T,
): T {
  const text = reader.text(name);
  if (text === undefined) return fallback;
  const choice = choices.find((each) => each === text.toLowerCase());
  if (choice !== undefined) return choice;
  reader.fault(name, `is none of ${choices.join(', ')}`, `The default is ${fallback}.`);
  return fallback;
}

/** A duration with its unit, in milliseconds. */
export function readDurationMs(reader: EnvReader, name: string, fallback: string, max: string): number {
  const text = reader.text(name) ?? fallback;
  const value = parseDurationMs(text);
  const maxMs = parseDurationMs(max) as number;
  if (value !== undefined && value <= maxMs) return value;
  const message = value === undefined ? 'is not a duration with a unit' : `is longer than ${max}`;
  reader.fault(name, message, `Write it like "${fallback}", which is the default (units: ${DURATION_UNITS}).`);
  return parseDurationMs(fallback) as number;
}

/** A percentage, as a share of 1. */
export function readShare(reader: EnvReader, name: string, fallback: string): number {
  const value = parseShare(reader.text(name) ?? fallback);
  if (value !== undefined) return value;
  reader.fault(name, 'is not a percentage from 0% to 100%', `Write it like "10%"; the default is ${fallback}.`);
  return parseShare(fallback) as number;
}

export function readList(reader: EnvReader, name: string): string[] {
  const items = (reader.text(name) ?? '').split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}

const TRUST_HINT = 'Give the number of proxies in front ("1"), or their networks ("10.0.0.0/8, 192.168.0.0/16").';

/**
 * Who may say where a request came from.
 *
 * `0` trusts nobody, as nothing does, and says that nothing stands in front, so that no warning is due. Trusting
 * everybody is refused: any client could then forge the address by which it is limited and logged.
 */
export function readTrustProxy(reader: EnvReader): Trust {
  const text = reader.text('TRUST_PROXY');
  if (text === undefined) return { kind: 'none' };
  if (/^\d{1,2}$/.test(text)) return { kind: 'hops', hops: Number(text) };
  if (/^(true|yes|on|all|any|\*)$/i.test(text)) return refuseTrustAll(reader);
  const networks: string[] = [];
  for (const item of readList(reader, 'TRUST_PROXY')) {
    const network = parseNetwork(item);
    if (network?.endsWith('/0')) return refuseTrustAll(reader);
    if (network === undefined) reader.fault('TRUST_PROXY', `"${item}" is neither a number nor a network`, TRUST_HINT);
    else networks.push(network);
  }
  return coversEverybody(networks) ? refuseTrustAll(reader) : { kind: 'networks', networks };
}

function refuseTrustAll(reader: EnvReader): Trust {
  const message = 'would trust everybody, so that any client could forge its address';
  reader.fault('TRUST_PROXY', message, TRUST_HINT);
  return { kind: 'none' };
}

/** An address or network in CIDR form, `10.0.0.1` as `10.0.0.1/32`; undefined when it is neither. */
function parseNetwork(text: string): string | undefined {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const maxBits = version === 4 ? 32 : 128;
  if (bits === undefined) return `${address}/${maxBits}`;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= maxBits ? `${address}/${Number(bits)}` : undefined;
}

/** Origins that CORS allows: `*` alone, or each as `scheme://host[:port]` (RFC 6454, section 6.2). */
export function readOrigins(reader: EnvReader): string[] {
  const origins = readList(reader, 'CORS_ORIGINS');
  if (origins.includes('*') && origins.length > 1) {
    reader.fault('CORS_ORIGINS', 'mixes "*" with single origins', 'Keep either "*" or the list.');
  }
  for (const origin of origins) {
    if (origin !== '*' && !isOrigin(origin)) {
      const meant = suggestOrigin(origin);
      const form = 'Write it like "https://app.example.com"; patterns are not taken.';
      const hint = meant === undefined ? form : `Did you mean "${meant}"?`;
      reader.fault('CORS_ORIGINS', `"${origin}" is not an origin (scheme://host[:port])`, hint);
    }
  }
  return origins;
}

/** An address of an HTTP server; without a scheme it means `http://`. The value is never repeated: it may hold a password. */
export function readHttpUrl(reader: EnvReader, name: string, fallback: string): string {
  const text = reader.text(name);
  if (text === undefined) return fallback;
  const url = text.includes('://') ? text : `http://${text}`;
  if (/^https?:/i.test(url) && URL.canParse(url)) return url.replace(/\/+$/, '');
  reader.fault(name, 'is not an address of an HTTP server', `Write it like "${fallback}".`);
  return fallback;
}
