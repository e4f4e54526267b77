import { writeFileSync } from 'node:fs';
import { renderCaseSchema } from '../src/cases/case-file.ts';
import { renderJsonSchema } from '../src/config/json-schema.ts';
import { STAGES } from '../src/stages.ts';

/** Writes routes.schema.json from the schemas of the stages, and cases.schema.json beside it: `npm run schema`. */
for (const [name, text] of [
  ['routes.schema.json', renderJsonSchema(STAGES)],
  ['cases.schema.json', renderCaseSchema()],
] as const) {
  writeFileSync(new URL(`../${name}`, import.meta.url), text);
  process.stdout.write(`wrote ${name}\n`);
}
