import { readDocumentText } from './api-document.ts';
import { asConfigError, KongFault } from './from-kong/read-kong.ts';
import { type KongRoutes, makeFromKong } from './from-kong/routes-file.ts';

/** By its first key: no OpenAPI document has it. */
const KONG = /^\s*\{?\s*["']?_format_version["']?\s*:/m;

/** Routes of a declarative file of Kong; undefined for a document that is none. Throws a ConfigError with the line. */
export async function makeOfKong(
  file: string,
  options: { readonly schema: string; readonly document: string; readonly nowMs: number },
): Promise<KongRoutes | undefined> {
  const text = readDocumentText(file);
  if (!KONG.test(text)) return undefined;
  try {
    return await makeFromKong(text, options);
  } catch (error) {
    throw error instanceof KongFault ? asConfigError(file, error) : error;
  }
}
