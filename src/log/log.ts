import { createLogger, format, type Logger } from 'winston';
import TransportStream from 'winston-transport';
import { systemClock } from '../lib/clock.ts';
import type { HiddenValues, Hide } from '../lib/hidden-values.ts';
import { printableLines } from '../lib/printable.ts';
import { redactText, redactValue } from '../lib/redact.ts';
import type { Settings } from '../settings.ts';
import { renderAccessJson } from './access-line.ts';
import { renderAccessPretty } from './access-pretty.ts';
import type { AccessRecord } from './access-record.ts';

const MESSAGE = Symbol.for('message');

/** Where finished lines go; never blocks, never throws. A LineWriter in the process, an array in tests. */
export interface LineSink {
  append(line: string): void;
  /** True while nobody reads: lines needn't be rendered. */
  readonly isOff?: boolean;
}

interface Rendered {
  [MESSAGE]?: string;
}

/**
 * winston's last step: hands the finished line to a sink.
 *
 * winston's own Console and File transports end the process on EPIPE, or lose lines in silence (3.19). No method here
 * may be called `write`, `end` or `destroy`: those belong to the stream.
 */
class LineTransport extends TransportStream {
  readonly #sink: LineSink;

  constructor(sink: LineSink) {
    super();
    this.#sink = sink;
  }

  // Called by winston for each record that passes the level.
  override log(info: Rendered, next: () => void): void {
    this.#sink.append(info[MESSAGE] ?? '');
    // The record lives on for a while in the stream's list; its line needn't.
    info[MESSAGE] = '';
    next();
  }
}

/** The gateway's own messages. Whatever looks like a secret is taken out before anything is written. */
export function createMessageLog(
  settings: Pick<Settings, 'logLevel' | 'logFormat'>,
  sink: LineSink,
  hide: Hide = (text) => text,
): Logger {
  // Hidden first: of a secret that is an address, redacting would take a part and leave the rest.
  const clean: Hide = (text) => redactText(hide(text));
  const render = settings.logFormat === 'pretty' ? renderPretty : renderJson;
  return createLogger({
    level: settings.logLevel,
    format: format((info) =>
      Object.assign(info, { [MESSAGE]: render(info.level, clean(String(info.message)), fieldsOf(info, clean)) }),
    )(),
    transports: [new LineTransport(sink)],
    exitOnError: false,
  });
}

/** One line a request. It is rendered here, once; the level is LOG_LEVEL's too. */
export function createAccessLog(
  settings: Pick<Settings, 'logLevel' | 'logFormat'>,
  sink: LineSink,
  hidden: HiddenValues,
): Logger {
  const render = settings.logFormat === 'pretty' ? renderAccessPretty : renderAccessJson;
  return createLogger({
    level: settings.logLevel,
    format: format((info) => {
      const record = info as unknown as AccessRecord;
      (info as { [MESSAGE]?: string })[MESSAGE] = sink.isOff === true ? '' : render(record, hidden);
      record.release();
      return info;
    })(),
    transports: [new LineTransport(sink)],
    exitOnError: false,
  });
}

/** winston stamps nothing itself; a line's time is when it was written. */
function timeNow(): string {
  return new Date(systemClock.now()).toISOString();
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(info: Fields, clean: Hide): Fields {
  const { level: _level, message: _message, ...fields } = info;
  return redactValue(fields, clean) as Fields;
}

function renderJson(level: string, message: string, fields: Fields): string {
  return JSON.stringify({ time: timeNow(), level, message, ...fields });
}

const COLOURS: Readonly<Record<string, string>> = {
  error: '\u001b[31m',
  warn: '\u001b[33m',
  info: '\u001b[36m',
  debug: '\u001b[90m',
};

function renderPretty(level: string, message: string, fields: Fields): string {
  const time = timeNow().slice(11, 23);
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `${time} ${COLOURS[level] ?? ''}${level.padEnd(5)}\u001b[0m ${printableLines([message, ...rest].join('  '))}`;
}
