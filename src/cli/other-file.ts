import type { Settings } from '../settings.ts';
import { askAdmin } from './ask-admin.ts';

/** A check must not wait for a gateway that hangs. */
const WITHIN_MS = 500;

/**
 * The file of the gateway that runs where the settings say, if it is another one than this; undefined where none runs, or
 * where it does not tell: whoever checks a file asks about the file.
 */
export async function otherFileInUse(settings: Settings, routesFile: string): Promise<string | undefined> {
  try {
    const state = await askAdmin(settings, { method: 'GET', path: '/state', withinMs: WITHIN_MS });
    const { routesFile: used } = (state ?? {}) as { routesFile?: unknown };
    return typeof used === 'string' && used !== routesFile ? used : undefined;
  } catch {
    return undefined;
  }
}
