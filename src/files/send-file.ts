import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import send from 'send';
import type { SinkResponse } from '../answer/sink-response.ts';
import type { OpenFile } from './open-file.ts';

/** What is told of a file that is sent. */
export interface FileTerms {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Tells its type. */
  readonly name: string;
  readonly cacheControl: string;
  readonly nowMs: number;
}

/** What `send` (1.2) fails with. */
export interface SendError extends Error {
  readonly status?: number;
}

/**
 * Answers with an open file by Express' `send`: types, ranges and conditions. It would look the file up by its name and
 * open it by its name, each time anew; both steps are taken out here. Returns what went wrong, where nothing was sent.
 * The file is closed however it ends.
 */
export function sendFile(file: OpenFile, terms: FileTerms, response: SinkResponse): SendError | undefined {
  const headers = { ...terms.headers, ...rangeFields(terms, file.stats) };
  const request = { method: terms.method, headers };
  const sending = send(request as unknown as IncomingMessage, '/', { index: false, cacheControl: false });
  let failure: SendError | undefined;
  let isRead = false;
  sending.on('error', (error: SendError) => {
    failure = error;
  });
  sending.on('headers', () => void response.setHeader('cache-control', terms.cacheControl));
  Object.assign(sending, {
    sendFile: () => sending.send(terms.name, file.stats),
    stream(_path: string, { start, end }: { start: number; end: number }) {
      isRead = true;
      readInto(file.handle, start, end, response);
    },
  });
  sending.pipe(response as unknown as NodeJS.WritableStream);
  if (!isRead) void file.handle.close();
  return failure;
}

function readInto(handle: FileHandle, start: number, end: number, response: SinkResponse): void {
  const stream = handle.createReadStream({ start, end });
  const stop = () => void stream.destroy();
  response.once('close', stop);
  response.once('finish', stop);
  stream.on('error', (error) => response.fail(error));
  stream.pipe(response as unknown as NodeJS.WritableStream);
}

/** What `send` reads otherwise than RFC 9110 has it: the fields of ranges, as it reads them rightly. */
function rangeFields({ headers, nowMs }: FileTerms, { size, mtimeMs }: Stats) {
  const { range, 'if-range': ifRange } = headers;
  const wanted = isSame(ifRange, mtimeMs, nowMs) ? clampSuffix(range, size) : undefined;
  return { range: wanted, 'if-range': undefined };
}

/**
 * Whether the client's piece is of this very file (RFC 9110, section 13.1.5): by no entity tag, since those of files are
 * weak, and by a date only where that is strong, of a second that is over (section 8.8.2.2).
 */
function isSame(ifRange: unknown, mtimeMs: number, nowMs: number): boolean {
  if (ifRange === undefined) return true;
  if (typeof ifRange !== 'string' || ifRange.includes('"')) return false;
  const second = Math.floor(mtimeMs / 1000) * 1000;
  return Date.parse(ifRange) === second && nowMs >= second + 2000;
}

/** The last bytes of a file that has fewer are all of it (RFC 9110, section 14.1.2). */
function clampSuffix(range: string | undefined, size: number): string | undefined {
  const length = /^ *bytes *= *-(\d+) *$/i.exec(range ?? '')?.[1];
  if (length === undefined || Number(length) <= size) return range;
  return size === 0 ? undefined : `bytes=-${size}`;
}
