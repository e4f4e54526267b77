import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderCliPage } from './docs/cli-page.ts';
import { renderErrorsPage } from './docs/errors-page.ts';
import { renderCheckingPage } from './docs/findings-table.ts';
import { renderConfigurationPage } from './docs/keys-table.ts';
import { renderMetricsPage } from './docs/metrics-page.ts';

/** Writes docs/cli.md, docs/errors.md and the tables of docs/checking.md, docs/configuration.md and docs/metrics.md: `npm run docs`. A test fails while one is stale. */
const docs = path.resolve(import.meta.dirname, '../docs');
const configuration = path.join(docs, 'configuration.md');
writeFileSync(path.join(docs, 'cli.md'), renderCliPage());
writeFileSync(path.join(docs, 'errors.md'), renderErrorsPage());
const checking = path.join(docs, 'checking.md');
writeFileSync(checking, renderCheckingPage(readFileSync(checking, 'utf8')));
writeFileSync(configuration, renderConfigurationPage(readFileSync(configuration, 'utf8')));
const metrics = path.join(docs, 'metrics.md');
writeFileSync(metrics, renderMetricsPage(readFileSync(metrics, 'utf8')));
process.stdout.write(
  'wrote docs/cli.md, docs/errors.md and the tables of docs/checking.md, docs/configuration.md and docs/metrics.md\n',
);
