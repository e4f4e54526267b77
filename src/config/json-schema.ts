import { z } from 'zod';
import { STAGES } from '../stages.ts';
import { createFileSchema } from './routes.ts';

/** The text of routes.schema.json (JSON Schema, draft 2020-12): what editors complete and check routes.json with. */
export function renderJsonSchema(): string {
  const schema = z.toJSONSchema(createFileSchema(STAGES), { io: 'input', target: 'draft-2020-12' });
  const titled = { title: 'routes.json of Turnpike', ...schema, allowComments: true, allowTrailingCommas: true };
  return `${JSON.stringify(titled, null, 2)}\n`;
}
