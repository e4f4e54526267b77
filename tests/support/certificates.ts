import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

export const NO_OPENSSL = hasOpenssl ? false : 'openssl is not installed (apt-get install openssl)';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** An authority of its own, which signs certificates for a test; PEM texts. */
export interface Authority {
  readonly ca: string;
  /** `names` as openssl wants them: `DNS:localhost`, `IP:127.0.0.1`. */
  sign(commonName: string, names: string): Certificate;
}

export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'turnpike-ca-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync('openssl', args);
    if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  };
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...ec, '-days', '2', '-subj', '/CN=Test CA', '-keyout', at('ca.key'), '-out', at('ca.pem'));
  let serial = 0;
  return {
    ca: readFileSync(at('ca.pem'), 'utf8'),
    sign(commonName, names) {
      serial += 1;
      const [key, csr, cert, ext] = ['key', 'csr', 'pem', 'ext'].map((end) => at(`${serial}.${end}`)) as [
        string,
        string,
        string,
        string,
      ];
      writeFileSync(ext, `subjectAltName=${names}\n`);
      openssl('req', ...ec, '-subj', `/CN=${commonName}`, '-keyout', key, '-out', csr);
      const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-set_serial', String(serial)];
      openssl('x509', '-req', '-in', csr, ...signer, '-days', '2', '-extfile', ext, '-out', cert);
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    },
  };
}
