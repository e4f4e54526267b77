import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The version of this package, as its package.json says; it lies some folders above, of the sources as of the build. */
export function readOwnVersion(from = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) {
      const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown; version?: unknown };
      if (name === 'turnpike' && typeof version === 'string') return version;
    }
    if (dirname(folder) === folder) return 'unknown';
  }
}
