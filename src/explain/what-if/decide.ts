import { type RecordedCaller, retell, Undecided } from '../../auth/recorded.ts';
import type { RequestContext } from '../../context.ts';
import { GatewayError } from '../../errors.ts';
import { hasBody } from '../../lib/has-body.ts';
import { redactText } from '../../lib/redact.ts';
import type { RecordedRequest } from '../../log/recorder.ts';
import { type Walked, walkAtOnce } from '../../pipeline/walk-at-once.ts';
import type { CompiledRoute, Snapshot } from '../../snapshot.ts';
import type { Side } from './side.ts';
import { whyUnknowable } from './stage-terms.ts';

/** What would become of a request by one configuration, as far as its guards decide it. */
export interface Decided {
  readonly outcome: 'passes' | 'refused' | 'undecided';
  /** Undefined where no route takes it. */
  readonly route: CompiledRoute | undefined;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  /** The stage that refuses it, answers it, or can't tell. */
  readonly by?: string | undefined;
  /** What that stage says. */
  readonly says: string;
  /** What its path is within the route, and the values that go with it. */
  readonly place: Pick<RequestContext, 'path' | 'rawPath' | 'prefixLength' | 'params' | 'query'>;
  /** Its body announces no length: how long it was is not known. */
  readonly isUnmeasured: boolean;
  readonly isUpgrade: boolean;
  /** Conditions of routes on fields whose values were not kept: see unseen.ts. */
  readonly unseen: string;
  /** True where the gateway answers in the place of a service. */
  readonly isAnswered: boolean;
  /** Who the service is told has called. */
  readonly told: string;
  readonly consumer: string | undefined;
  readonly plan: string | undefined;
  readonly leansOn: ReadonlySet<string>;
}

/** What an expression may name of which a recorded request has the place alone. */
const NOT_KEPT = /cookie|authorization|api-?key/i;

/** They answer in the place of a service. */
const ANSWERERS = ['redirect', 'respond', 'preflight'];

/** Whether the stage that has just let a request pass would have looked at its body, or at there being none. */
function lacksBody({ trace, route }: RequestContext, stage: string, hadBody: boolean): boolean {
  if (stage !== 'validate') return false;
  const { validate } = (route as CompiledRoute).config;
  if (hadBody) return validate?.body !== undefined || validate?.contentTypes !== undefined;
  return trace?.some(({ decision }) => decision === 'looks at the body, which is not here') === true;
}

/** What would become of a recorded request on this side. */
export function decide(side: Side, request: RecordedRequest<RecordedCaller>, atMs: number): Decided {
  const { context, handlers, unseen } = side.begin(request);
  const leansOn = new Set<string>();
  retell(context, { caller: request.caller, atMs, leansOn });
  const hadBody = hasBody(context.req);
  const { 'content-length': length, upgrade } = context.req.headers;
  const asked = { isUnmeasured: hadBody && length === undefined, isUpgrade: upgrade !== undefined };
  const walked = walkAtOnce(context, handlers, (stage) => lacksBody(context, stage, hadBody));
  return { ...describe(side.snapshot, context, walked, leansOn), ...asked, unseen };
}

function describe(
  { routes }: Snapshot,
  context: RequestContext,
  { error, by, isWaiting }: Walked,
  leansOn: ReadonlySet<string>,
): Omit<Decided, 'isUnmeasured' | 'isUpgrade' | 'unseen'> {
  const route = context.route as CompiledRoute | undefined;
  const { path, rawPath, prefixLength, params, query, plan } = context;
  const base = {
    route,
    place: { path, rawPath, prefixLength, params, query },
    isAnswered: false,
    told: tellCaller(context),
    consumer: context.consumer?.name,
    plan,
    leansOn,
  };
  // A route of the gateway's own is none of the file's.
  const known = route === undefined || routes.includes(route) ? base : { ...base, route: undefined };
  if (isWaiting) return { ...known, outcome: 'undecided', by, says: whyUnknowable(by ?? '') };
  if (error instanceof Undecided) return { ...known, outcome: 'undecided', by, says: error.message };
  if (error instanceof GatewayError) {
    const { status, code } = error;
    if (by === 'request' && NOT_KEPT.test(String(error.cause)))
      return { ...known, outcome: 'undecided', by, says: 'an edit by a cookie or a credential, which is not kept' };
    return { ...known, outcome: 'refused', status, code, by, says: reasonOf(context, by, error) };
  }
  if (error !== undefined) return { ...known, outcome: 'undecided', by, says: 'a fault of the stage' };
  return { ...known, ...whoAnswers(context) };
}

/** The service, or a stage in its place. A caller sees no difference between a refusal and an answer that says the same. */
function whoAnswers({ trace }: RequestContext): Pick<Decided, 'outcome' | 'status' | 'by' | 'says' | 'isAnswered'> {
  const answer = trace?.findLast(({ stage }) => ANSWERERS.includes(stage));
  if (answer === undefined) return { outcome: 'passes', isAnswered: false, says: '' };
  const { stage: by, decision: says, facts } = answer;
  const status = facts?.['answers'];
  if (typeof status === 'number' && status >= 400) return { outcome: 'refused', isAnswered: false, status, by, says };
  return { outcome: 'passes', isAnswered: true, by, says };
}

/** What the stage noted, else what the client would be told where that is the same for all. */
function reasonOf(context: RequestContext, by: string | undefined, error: GatewayError): string {
  const noted = context.trace?.findLast(({ stage }) => stage === by)?.decision;
  return redactText((noted ?? error.row.title).replace(/^refused: /, '').replace(/\.$/, ''));
}

function tellCaller({ consumer, subject, issuer, tellsIssuer, roles, authMethod }: RequestContext): string {
  const from = tellsIssuer ? issuer : undefined;
  return JSON.stringify([consumer?.name, subject, from, roles, authMethod]);
}
