import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderErrorsPage } from './docs/errors-page.ts';
import { renderConfigurationPage } from './docs/keys-table.ts';

/** Writes docs/errors.md and the tables of docs/configuration.md: `npm run docs`. A test fails while one is stale. */
const docs = path.resolve(import.meta.dirname, '../docs');
const configuration = path.join(docs, 'configuration.md');
writeFileSync(path.join(docs, 'errors.md'), renderErrorsPage());
writeFileSync(configuration, renderConfigurationPage(readFileSync(configuration, 'utf8')));
process.stdout.write('wrote docs/errors.md and the tables of docs/configuration.md\n');
