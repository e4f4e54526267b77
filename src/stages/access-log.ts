import { z } from 'zod';
import { recordCaller } from '../auth/recorded.ts';
import { contextOf, type RequestContext } from '../context.ts';
import { ERRORS, type ErrorCode, type ErrorSource } from '../errors.ts';
import { lapsedKeyOf } from '../lapsed-key.ts';
import { gatewayMs, renderAccessJson } from '../log/access-line.ts';
import { type AccessLevel, AccessRecord } from '../log/access-record.ts';
import { ConsumerCounts, type ConsumerEnd, consumerCountsKind } from '../log/consumer-counts.ts';
import { loudnessOf } from '../log/level.ts';
import { Recent, recentKind } from '../log/recent.ts';
import { describeRecord, Recorder, recorderKind } from '../log/recorder.ts';
import { createSampler } from '../log/sampling.ts';
import { type AnsweredBy, RequestCounts } from '../metrics/request-counts.ts';
import { holdSeries } from '../metrics/series.ts';
import type { Count } from '../metrics/tally-counter.ts';
import type { Tally } from '../metrics/tally-histogram.ts';
import type { Metrics } from '../metrics.ts';
import { share } from '../schema-values.ts';
import { defineStage, type StageDeps } from '../stage.ts';

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
    const end = createConsumerEnd(route.name, deps, createEnd(route.name, deps, keep));
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
function createEnd(route: string, deps: StageDeps, keep: Keep): (context: RequestContext) => void {
  const { accessLog, clock, hidden, lease, logLevel, metrics, settings } = deps;
  const recent = lease.use(recentKind, '', () => new Recent());
  const isWritten = createSampler(settings);
  const leftOut = metrics.accessLogLeftOut.labels(route);
  const count = createCount(route, metrics);

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
    count(record);
    context.span?.end(record);
    keepFault(record);
    keep(context, record.endedAtMs, status);
    if (loudnessOf(level) > logLevel.loudness) return;
    if (isWritten === undefined || isWritten(record)) accessLog.log(record);
    else leftOut.inc();
  };
}

/** Counts the requests of one route once they have ended. */
function createCount(route: string, metrics: Metrics): (record: AccessRecord) => void {
  const { exemplars } = metrics;
  const wholeSeconds = metrics.requestDuration.labels(route);
  const gatewaySeconds = metrics.gatewayDuration.labels(route);
  const requests = new RequestCounts(route, metrics);
  const refusals = new Map<ErrorCode, Count>();
  const upstreamSeconds = new Map<string, Tally>();

  /** A route has few services: one, or those of its weighted split. */
  function upstreamOf(service: string): Tally {
    let tally = upstreamSeconds.get(service);
    if (tally === undefined) {
      tally = metrics.upstreamDuration.labels(service);
      upstreamSeconds.set(service, tally);
    }
    return tally;
  }

  /** What alerts tell apart: a 503 of maintenance is none of a service that is gone. */
  function refusalsOf(code: ErrorCode): Count {
    let counter = refusals.get(code);
    if (counter === undefined) {
      counter = metrics.refusals.labels(route, code);
      refusals.set(code, counter);
    }
    return counter;
  }

  return function count(record) {
    const { context, totalMs, status, aborted, endedAtMs } = record;
    const example = exemplars.of(context.traceparent, endedAtMs);
    // How long a WebSocket was open is no latency: what was answered is the handshake.
    const answerMs = context.upgradedAtMs === 0 ? totalMs : context.upgradedAtMs - context.startedAtMs;
    wholeSeconds.observe(answerMs / 1000, example, endedAtMs);
    gatewaySeconds.observe(gatewayMs(record) / 1000, example, endedAtMs);
    const { attempts, service, upstreamMs, errorCode } = context;
    if (attempts > 0 && service !== undefined) upstreamOf(service).observe(upstreamMs / 1000, example, endedAtMs);
    const answeredBy = answererOf(context, aborted);
    requests.of(context.method, status, answeredBy).inc(example, endedAtMs);
    if (answeredBy === 'gateway' && errorCode !== undefined) refusalsOf(errorCode).inc(example, endedAtMs);
  };
}

/** Counts the request for its consumer, too; a part is asked for by the gateway itself. */
function createConsumerEnd(
  route: string,
  { lease }: StageDeps,
  end: (context: RequestContext) => void,
): (context: RequestContext) => void {
  const consumers = lease.use(consumerCountsKind, '', () => new ConsumerCounts());
  return function endOfConsumer(context) {
    end(context);
    const { consumer, plan, parent } = context;
    if (parent !== undefined) return;
    if (consumer !== undefined) consumers.count(consumer.name, plan ?? consumer.plan, route, endOf(context));
    else if (context.errorCode !== undefined) {
      const owner = lapsedKeyOf(context)?.consumer;
      if (owner !== undefined) consumers.countRefusal(owner, route);
    }
  };
}

function endOf(context: RequestContext): ConsumerEnd {
  const { status, answerer, errorCode } = context;
  if (status < 500 && errorCode === undefined) return 'answered';
  const aborted = whoBrokeOff(context);
  if (aborted === 'client') return 'answered';
  if ((aborted !== undefined || status >= 500) && !isOnPurpose(context)) return 'failed';
  return answerer !== 'service' && errorCode !== undefined ? 'refused' : 'answered';
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

/** A service's answer is the service's even when its status is an error. */
function answererOf(context: RequestContext, aborted: string | undefined): AnsweredBy {
  if (aborted === 'client') return 'client';
  return context.answerer === 'service' ? 'service' : 'gateway';
}
