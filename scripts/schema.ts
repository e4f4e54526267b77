import { writeFileSync } from 'node:fs';
import { renderJsonSchema } from '../src/config/json-schema.ts';
import { STAGES } from '../src/stages.ts';

/** Writes routes.schema.json from the schemas of the stages: `npm run schema`. */
const file = new URL('../routes.schema.json', import.meta.url);
writeFileSync(file, renderJsonSchema(STAGES));
process.stdout.write('wrote routes.schema.json\n');
