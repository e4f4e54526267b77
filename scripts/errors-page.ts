import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderErrorsPage } from './docs/errors-page.ts';

/** Writes docs/errors.md from the error table; a test fails while it is stale. */
writeFileSync(path.resolve(import.meta.dirname, '../docs/errors.md'), renderErrorsPage());
