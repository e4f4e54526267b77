import { dirname } from 'node:path';
import type { LoadedRoutes, LoadOptions } from '../config/load-with.ts';
import { type ReadFile, readRouteFiles } from '../config/read-files.ts';
import type { FileConfig } from '../config/routes.ts';
import type { WhatIfReport } from '../explain/what-if/report.ts';
import type { WhatIf } from '../explain/what-if/what-if.ts';
import type { Gateway } from '../gateway.ts';
import { inSlices, type Steps } from '../lib/steps.ts';

/** Tries another text of routes.json on the last requests; one at a time. */
export interface Trial {
  /** Undefined while another one is under way. Rejects with the ConfigError of a text that is at fault. */
  run(text: string, name: string): Promise<WhatIfReport> | undefined;
  /** Gives up the one under way. */
  close(): Promise<void>;
}

interface TrialOptions {
  readonly gateway: Pick<Gateway, 'snapshot'>;
  /** The file in whose place the text stands. */
  readonly file: string;
  readonly load: (trial: Pick<LoadOptions, 'read' | 'only'>) => Steps<LoadedRoutes<FileConfig>>;
  readonly whatIf: WhatIf;
}

export function createTrial({ gateway, file, load, whatIf }: TrialOptions): Trial {
  const closing = new AbortController();
  let running: Promise<WhatIfReport> | undefined;

  function* tryOut(text: string, name: string): Steps<WhatIfReport> {
    const { snapshot } = gateway;
    const { hidden, own } = snapshot;
    const source = { name, text: text.replace(/^\uFEFF/, ''), folder: dirname(file) };
    const main: ReadFile = { path: file, source, problem: undefined };
    // What lies in routes.d stays.
    const read = (): readonly ReadFile[] => [main, ...readRouteFiles(file).slice(1)];
    const candidate = yield* load({ read, only: { placeholders: hidden.placeholders, own } });
    return yield* whatIf(snapshot, candidate);
  }

  return {
    run(text, name) {
      if (running !== undefined) return undefined;
      running = inSlices(tryOut(text, name), closing.signal).finally(() => {
        running = undefined;
      });
      return running;
    },
    async close() {
      closing.abort(new Error('the gateway is stopping'));
      await running?.catch(() => undefined);
    },
  };
}
