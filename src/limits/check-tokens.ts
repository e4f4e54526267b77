import type { LimitsFile } from './route-windows.ts';
import type { RateLimitOptions } from './schema.ts';

type Report = (path: readonly (string | number)[], message: string, hint?: string) => void;

interface ModelRoute {
  readonly models?: object | undefined;
  readonly rateLimits?: readonly RateLimitOptions[] | undefined;
}

/** Reports limits in tokens that no route counts: those of plans and of the whole file count where models are called. */
export function checkTokens(file: LimitsFile, routes: readonly ModelRoute[], report: Report): void {
  if (routes.some(({ models, rateLimits = [] }) => models !== undefined || rateLimits.some(isOfTokens))) return;
  const lists = [
    { path: ['rateLimits'], list: file.rateLimits ?? [] },
    ...Object.entries(file.plans ?? {}).map(([name, plan]) => ({
      path: ['plans', name, 'rateLimits'],
      list: plan.rateLimits ?? [],
    })),
  ];
  for (const { path, list } of lists)
    list.forEach((options, index) => {
      if (isOfTokens(options)) report([...path, index, 'cost'], MESSAGE, HINT);
    });
  for (const [name, { quota }] of Object.entries(file.plans ?? {})) {
    if (quota?.cost === 'tokens') report(['plans', name, 'quota', 'cost'], MESSAGE, HINT);
  }
}

const MESSAGE = 'no route counts tokens';
const HINT = 'add "models": {} to the routes that lead to language models';

function isOfTokens({ cost }: RateLimitOptions): boolean {
  return cost === 'tokens';
}
