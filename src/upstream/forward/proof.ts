import type { RequestBody } from '../../body/request-body.ts';
import type { RequestContext } from '../../context.ts';
import { GatewayError } from '../../errors.ts';
import type { AnswerFields } from '../../sink.ts';
import { fieldOf, type ServiceCredential } from '../credentials/credential.ts';
import type { Target } from '../target.ts';
import type { Timeouts } from './plan.ts';
import { replaceField } from './service-request.ts';

/**
 * A copy of these fields with what proves the gateway to the service of this target, as they are sent to it; a promise where
 * something must be fetched first. Throws or rejects with `credential_unavailable` (503): nothing is sent then.
 *
 * `path`: path and query on the target, its own path included. `body`: all of it, for a credential that reads it.
 */
export function proveTo(
  credential: ServiceCredential,
  target: Target,
  fields: readonly string[],
  context: RequestContext,
  path: string,
  body?: Buffer,
): string[] | Promise<string[]> {
  const host = fieldOf(fields, 'host') ?? target.location.host;
  return credential.prove(fields, { context, method: context.method, path, host, body });
}

/** Whose proof it is. */
interface ProofOwner {
  /** Path and query on the target. */
  readonly path: string;
  readonly timeouts: Timeouts;
  readonly totalDueAtMs: number;
}

type Done = (error?: unknown) => void;

/** What proves the gateway to the service of one request: made anew for each attempt, and never part of the request itself. */
export class Proof {
  readonly #credential: ServiceCredential;
  readonly #context: RequestContext;
  readonly #body: RequestBody | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Counts the attempts; what comes late for one is not for the next. */
  #round = 0;
  #hasBegunAnew = false;
  /** All that the attempt sends; empty before. */
  fields: string[] = [];
  /** When waiting for it ends (`performance.now()`); 0 while nobody waits. */
  dueAtMs = 0;

  constructor(credential: ServiceCredential, context: RequestContext, body: RequestBody | undefined) {
    this.#credential = credential;
    this.#context = context;
    this.#body = body;
  }

  /** Makes it for the attempt that begins at this target. `done` is called once, at once where nothing is waited for. */
  renew(target: Target, owner: ProofOwner, done: Done): void {
    this.#round += 1;
    const round = this.#round;
    const settle = (error: unknown): void => {
      if (round !== this.#round) return;
      this.#stopWaiting();
      done(error);
    };
    try {
      const waiting = this.#make(target, owner, settle, round);
      if (waiting === undefined) settle(undefined);
      else waiting.then(() => settle(undefined), settle);
    } catch (error) {
      settle(error);
    }
  }

  /** The service has answered. True where it asked for another proof, and this request has not been given one for that yet. */
  isRefused(status: number, headers: AnswerFields): boolean {
    const isWorthAnother = this.#credential.hear(this.fields, status, headers);
    const isFirst = !this.#hasBegunAnew;
    if (isWorthAnother) this.#hasBegunAnew = true;
    return isWorthAnother && isFirst;
  }

  /** Nobody waits for it any more. */
  close(): void {
    this.#round += 1;
    this.#stopWaiting();
  }

  #make(target: Target, owner: ProofOwner, settle: Done, round: number): Promise<void> | undefined {
    if (this.#body === undefined || !this.#credential.readsBody) return this.#prove(target, owner, settle, undefined);
    return this.#body.whole().then((bytes) => {
      if (round !== this.#round) return undefined;
      // Its length is known now, whatever the client has said of it.
      replaceField(this.#context.upstreamHeaders, 'content-length', String(bytes.length));
      return this.#prove(target, owner, settle, bytes);
    });
  }

  #prove(target: Target, owner: ProofOwner, settle: Done, body: Buffer | undefined): Promise<void> | undefined {
    const { upstreamHeaders } = this.#context;
    const proven = proveTo(this.#credential, target, upstreamHeaders, this.#context, owner.path, body);
    if (!(proven instanceof Promise)) {
      this.fields = proven;
      return undefined;
    }
    this.#waitFor(owner, settle);
    const round = this.#round;
    return proven.then((fields) => {
      if (round === this.#round) this.fields = fields;
    });
  }

  /** A caller waits no longer than the request may take; whoever fetches goes on, for the next one. */
  #waitFor({ timeouts, totalDueAtMs }: ProofOwner, settle: Done): void {
    const now = performance.now();
    this.dueAtMs = totalDueAtMs === 0 ? now + timeouts.total : totalDueAtMs;
    const late = (): void => settle(new GatewayError('credential_unavailable', undefined, { retryAfterSeconds: 1 }));
    this.#timer = setTimeout(late, Math.max(0, this.dueAtMs - now));
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer);
    this.dueAtMs = 0;
  }
}
