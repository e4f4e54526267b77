import { z } from 'zod';
import { recordCaller } from '../auth/recorded.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { ERRORS, type ErrorCode, type ErrorSource } from '../errors.ts';
import { type AccessLevel, AccessRecord, gatewayMs, renderAccessJson } from '../log/access-line.ts';
import { Recent, recentKind } from '../log/recent.ts';
import { describeRecord, Recorder, recorderKind } from '../log/recorder.ts';
import { holdSeries } from '../metrics/series.ts';
import type { Tally } from '../metrics/tally-histogram.ts';
import { share } from '../schema-values.ts';
import { defineStage, type StageDeps } from '../stage.ts';

/** The methods that are a label of their own; whatever else a client makes up counts as OTHER. */
const METHODS = ['OTHER', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const METHOD_INDEX = new Map(METHODS.map((method, index) => [method, index]));

/** Who answered. */
const SOURCES = ['service', 'gateway', 'client'];
const GATEWAY = 1;

/** Levels in which `LOG_LEVEL` lets a line through. */
const LOUDNESS = { error: 0, warn: 1, info: 2, debug: 3 };

/** Writes one line and counts once, for every request, when it has ended. */
export const accessLogStage = defineStage({
  name: 'accessLog',
  fileKeys: {
    guard: z
      .strictObject({
        maxNewRefusals: share.describe(
          'Of the last requests that pass, how many a reload may refuse: "1%". A file that would refuse more is refused itself, unless it is forced.',
        ),
      })
      .optional()
      .describe('What a reload may change for the requests that came of late; the guard in force counts.'),
  },
  create(_options, route, deps) {
    holdSeries(deps.metrics, 'route', route.name, deps.lease);
    const keep = createKeep(deps);
    const end = createEnd(route.name, deps, keep);
    const opened = (context: RequestContext) => keep(context, deps.clock.now(), context.status);
    return function accessLog(req, _res, next) {
      const context = contextOf(req);
      if (!context.dryRun) {
        context.end = end;
        if (context.upgrade !== undefined) context.opened = opened;
      }
      next();
    };
  },
});

type Keep = (context: RequestContext, atMs: number, status: number) => void;

/** Keeps what a request was decided by, so that another file can be tried on it. A WebSocket's is kept once it is open. */
function createKeep({ hidden, lease }: StageDeps): Keep {
  const recorder = lease.use(recorderKind, '', () => new Recorder());
  return function keep(context, atMs, status) {
    if (context.parent !== undefined || !recorder.wants(atMs)) return;
    // A WebSocket that ends was kept, and has a stand-in for its request.
    if (!Array.isArray(context.req.rawHeaders)) return;
    const kept = describeRecord(context, recordCaller(context), atMs, status, hidden.places);
    if (kept !== undefined) recorder.add(kept);
  };
}

/** What is done once a request of this route has ended. Its metrics are looked up here, not for each request. */
function createEnd(
  route: string,
  { accessLog, clock, hidden, lease, metrics, settings }: StageDeps,
  keep: Keep,
): (context: RequestContext) => void {
  const recent = lease.use(recentKind, '', () => new Recent());
  const loudness = LOUDNESS[settings.logLevel];
  const wholeSeconds = metrics.requestDuration.labels(route);
  const gatewaySeconds = metrics.gatewayDuration.labels(route);
  // At most 8 methods x 3 sources x 500 statuses, and far fewer in truth.
  const requests = new Map<number, { inc(): void }>();

  const refusals = new Map<ErrorCode, { inc(): void }>();
  const upstreamSeconds = new Map<string, Tally>();

  /** A route has few services: one, or those of its weighted split. */
  function observeUpstream({ service, upstreamMs }: RequestContext): void {
    if (service === undefined) return;
    let tally = upstreamSeconds.get(service);
    if (tally === undefined) {
      tally = metrics.upstreamDuration.labels(service);
      upstreamSeconds.set(service, tally);
    }
    tally.observe(upstreamMs / 1000);
  }

  function countRequest(context: RequestContext, status: number, source: number): void {
    const method = METHOD_INDEX.get(context.method) ?? 0;
    const key = (status * METHODS.length + method) * SOURCES.length + source;
    let counter = requests.get(key);
    if (counter === undefined) {
      counter = metrics.requests.labels(route, METHODS[method] as string, String(status), SOURCES[source] as string);
      requests.set(key, counter);
    }
    counter.inc();
  }

  /** What alerts tell apart: a 503 of maintenance is none of a service that is gone. */
  function countRefusal({ errorCode: code }: RequestContext, answerer: number): void {
    if (answerer !== GATEWAY || code === undefined) return;
    let counter = refusals.get(code);
    if (counter === undefined) {
      counter = metrics.refusals.labels(route, code);
      refusals.set(code, counter);
    }
    counter.inc();
  }

  /** What was refused, has failed or was broken off is kept for whoever asks. */
  function keepFault(record: AccessRecord): void {
    const { endedAtMs, status } = record;
    if (status < 400 && record.aborted === undefined) return;
    const { errorCode, route: identity, refusedBy } = record.context;
    const line = renderAccessJson(record, hidden);
    recent.add(errorCode ?? status, { endedAtMs, line, stages: identity?.stages ?? [], refusedBy });
  }

  return function endRequest(context) {
    const totalMs = (context.answeredAtMs ?? performance.now()) - context.startedAtMs;
    const aborted = whoBrokeOff(context);
    const status = aborted === 'client' ? ERRORS.client_closed.status : context.status;
    const source = aborted ?? sourceOf(context, status);
    const level = isOnPurpose(context) ? 'info' : levelOf(source, status, aborted);
    const record = new AccessRecord(level, context, clock.now(), totalMs, status, source, aborted);
    // How long a WebSocket was open is no latency: what was answered is the handshake.
    const answerMs = context.upgradedAtMs === 0 ? totalMs : context.upgradedAtMs - context.startedAtMs;
    wholeSeconds.observe(answerMs / 1000);
    gatewaySeconds.observe(gatewayMs(record) / 1000);
    if (context.attempts > 0) observeUpstream(context);
    const answerer = answererOf(context, aborted);
    countRequest(context, status, answerer);
    countRefusal(context, answerer);
    keepFault(record);
    keep(context, record.endedAtMs, status);
    if (LOUDNESS[level] <= loudness) accessLog.log(record);
  };
}

/** Who ended the answer before it was complete; undefined when it is whole. */
function whoBrokeOff(context: RequestContext): AccessRecord['aborted'] {
  const { isWhole, status, errorSource, errorCode } = context;
  if (isWhole || isRefusedUpload(context)) return undefined;
  if (errorCode === 'draining' || errorCode === 'injected_fault') return 'gateway';
  return status !== 0 && errorSource !== undefined && errorSource !== 'client' ? 'upstream' : 'client';
}

/** A client that is refused in the middle of its upload leaves: what it was told is what came of the request. */
function isRefusedUpload({ status, answerer, errorSource, req }: RequestContext): boolean {
  return status !== 0 && answerer === 'gateway' && errorSource === 'client' && !req.complete;
}

function sourceOf(context: RequestContext, status: number): ErrorSource | undefined {
  if (context.errorSource !== undefined) return context.errorSource;
  if (status < 400) return undefined;
  return status < 500 ? 'client' : 'upstream';
}

/** Failures that the file asks for: nobody is to be woken up by them. */
const ON_PURPOSE = new Set<ErrorCode>(['maintenance', 'injected_fault']);

function isOnPurpose({ errorCode }: RequestContext): boolean {
  return errorCode !== undefined && ON_PURPOSE.has(errorCode);
}

function levelOf(source: ErrorSource | undefined, status: number, aborted: string | undefined): AccessLevel {
  if (source === 'gateway' && status >= 500) return 'error';
  if (aborted === 'gateway') return 'warn';
  return source === 'upstream' && (status >= 500 || aborted !== undefined) ? 'warn' : 'info';
}

/** Index in SOURCES: a service's answer is the service's even when its status is an error. */
function answererOf(context: RequestContext, aborted: string | undefined): number {
  if (aborted === 'client') return 2;
  return context.answerer === 'service' ? 0 : GATEWAY;
}
