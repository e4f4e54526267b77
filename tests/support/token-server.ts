import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { type StubService, startService } from './service.ts';

/** A server of access tokens: `t1`, `t2` and so on, one more with each question, until a test wants something else. */
export interface TokenServer extends StubService {
  /** What to do instead of giving a token. */
  fault: ((res: ServerResponse) => void) | undefined;
  /** Members of the answer, beside the token. */
  members: Readonly<Record<string, unknown>>;
}

export async function startTokenServer(t: Pick<TestContext, 'after'>): Promise<TokenServer> {
  let given = 0;
  const controls: Pick<TokenServer, 'fault' | 'members'> = {
    fault: undefined,
    members: { token_type: 'Bearer', expires_in: 100 },
  };
  const service = await startService(t, (_req, res) => {
    if (controls.fault !== undefined) {
      controls.fault(res);
      return;
    }
    given += 1;
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ access_token: `t${given}`, ...controls.members }));
  });
  return Object.assign(controls, service, {
    get requests() {
      return service.requests;
    },
  }) as TokenServer;
}

/** `serviceAuth` that asks this server. */
export function clientCredentials(server: Pick<TokenServer, 'url'>, more: object = {}): object {
  return { oauth2: { tokenUrl: `${server.url}/token`, clientId: 'gate way', clientSecret: 's:e/cret', ...more } };
}
