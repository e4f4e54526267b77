import { mkdirSync, mkdtempSync, readFileSync, rmSync, unwatchFile, watchFile, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { applyEdits, modify } from 'jsonc-parser';
import { SAMPLE_ROUTES, SAMPLE_SIGNERS } from './sample-routes.ts';

const FIRST_STUB_PORT = 4001;
const STUB_PORTS = 4;

/** A page beside the API, which its folder holds. */
const PAGE = {
  prefix: '/page',
  files: {
    folder: path.join(import.meta.dirname, 'page'),
    fallback: 'index.html',
    immutable: '/assets/',
    maxAge: '1h',
  },
  auth: 'none',
};

/** An own stage: the tenant from the host name. */
const SHOP = {
  prefix: '/shop',
  service: 'users',
  auth: 'none',
  use: [path.resolve(import.meta.dirname, '../../docs/examples/stages/tenant.ts')],
  tenant: { domain: 'shop.example', known: ['red', 'blue'] },
};

/** A folder with the routes of the demo, gone with the demo. */
export interface RoutesOverlay {
  readonly folder: string;
  readonly file: string;
  remove(): void;
}

export interface OverlayOptions {
  /** Port of the first stub; the others follow. */
  readonly stubPort: number;
  /** SHA-256 of the key of this start. */
  readonly keyHash: string;
  /** Where the stubs of the service users listen. */
  readonly usersPorts: readonly number[];
  /** Services and routes beside those of every demo. */
  readonly more?: { readonly services?: object; readonly routes?: readonly object[] };
}

/**
 * Copies routes.json into a folder of its own and puts the caller of this start and a page beside it, so that no credential is
 * ever written into the project. The copy follows the original: an edit of routes.json is in force as it would be.
 */
export function createOverlay(
  original: string,
  { stubPort, keyHash, usersPorts, more = {} }: OverlayOptions,
): RoutesOverlay {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'turnpike-demo-'));
  const file = path.join(folder, 'routes.json');
  const copy = () => writeFileSync(file, withTargets(withPorts(readFileSync(original, 'utf8'), stubPort), usersPorts));
  copy();
  mkdirSync(path.join(folder, 'routes.d'));
  const caller = { name: 'demo', plan: 'free', roles: ['reader'], keys: [{ id: 'demo', sha256: keyHash }] };
  const consumers = [caller, ...SAMPLE_SIGNERS];
  const samples = withPorts(
    JSON.stringify({ ...more, consumers, routes: [...SAMPLE_ROUTES, PAGE, SHOP, ...(more.routes ?? [])] }, null, 2),
    stubPort,
  );
  writeFileSync(path.join(folder, 'routes.d', 'demo.json'), `${withReasons(samples)}\n`);

  const follow = (): void => {
    try {
      copy();
    } catch (error) {
      // An editor may replace the file in two steps: what is gone now is there at the next look.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  };
  watchFile(original, { interval: 500, persistent: false }, follow);
  return {
    folder,
    file,
    remove() {
      unwatchFile(original, follow);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Why `turnpike check` finds nothing in a demo that has secrets for everybody and a route that fails. */
const REASONS: Readonly<Record<string, string>> = {
  webhookSecrets: 'weak-secret, secret-in-file: for whoever tries the demo',
  signatureKeys: 'weak-secret, secret-in-file: for whoever tries the demo',
  fault: 'fault-injected: it shows what a caller sees',
};

function withReasons(samples: string): string {
  const keys = new RegExp(`^( *)"(${Object.keys(REASONS).join('|')})":`, 'gm');
  return samples.replace(keys, (line, indent: string, key: string) => {
    return `${indent}// turnpike-ignore ${REASONS[key]}\n${line}`;
  });
}

function withPorts(routes: string, stubPort: number): string {
  return routes.replace(/\blocalhost:(400[1-9])\b/g, (text, port: string) => {
    const offset = Number(port) - FIRST_STUB_PORT;
    return offset < STUB_PORTS ? `localhost:${stubPort + offset}` : text;
  });
}

// Edited as text, so that lines, and comments of whoever tries something, stay as they are.
function withTargets(routes: string, ports: readonly number[]): string {
  if (ports.length < 2) return routes;
  const targets = ports.map((port) => `http://localhost:${port}`);
  return applyEdits(routes, modify(routes, ['services', 'users', 'targets'], targets, {}));
}
