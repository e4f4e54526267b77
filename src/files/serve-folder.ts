import { SinkResponse } from '../answer/sink-response.ts';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import { mountOf } from '../lib/mount-path.ts';
import { qualityValues } from '../lib/quality-values.ts';
import { type CacheTerms, cacheControlFor } from './cache-rule.ts';
import { fileNameOf } from './file-path.ts';
import { type OpenFile, openInFolder } from './open-file.ts';
import type { OwnFiles } from './own-files.ts';
import { redirectToSlash } from './redirect-folder.ts';
import { type SendError, sendFile } from './send-file.ts';

export interface FolderTerms extends CacheTerms {
  /** In full. */
  readonly folder: string;
  /** The file that stands for a folder; undefined: none does. */
  readonly index: string | undefined;
  /** The page, by its name below the folder, that answers where a browser asks for what is no file. */
  readonly fallback: string | undefined;
  readonly dotfiles: 'ignore' | 'allow';
  /** What is never served, wherever the folder leads by the time of a request. */
  readonly own: OwnFiles;
}

interface FolderDeps {
  readonly deadlines: Deadlines;
  readonly clock: Clock;
}

type Next = (error?: unknown) => void;

/** Answers with the file that a path (percent-encoded, with a slash in front) means, or hands on why there is none. */
export type ServeFile = (context: RequestContext, path: string, next: Next) => Promise<void>;

/** What a path means in the folder: a file that is open, or a folder that asks for its slash. */
type Found = { readonly name: string; readonly file: OpenFile } | 'folder' | undefined;

/** Makes a server of one folder. Which paths may be files at all is decided first: see file-path.ts and open-file.ts. */
export function createFolderServer(terms: FolderTerms, deps: FolderDeps): ServeFile {
  const { folder, index, fallback, dotfiles, own } = terms;

  async function find(path: string): Promise<Found> {
    const asked = fileNameOf(path, dotfiles);
    if (asked === undefined) return undefined;
    const isSlashed = asked.endsWith('/');
    const name = index !== undefined && isSlashed ? asked + index : asked;
    const file = await openInFolder(folder, name, own);
    if (file === 'folder') return isSlashed ? undefined : 'folder';
    return file && { name, file };
  }

  /** Answers, or returns what went wrong, where nothing was sent. */
  function send(context: RequestContext, found: NonNullable<Found>, response: SinkResponse): SendError | undefined {
    if (found === 'folder') {
      redirectToSlash(response, mountOf(context) + context.path, context.query);
      return undefined;
    }
    const { name, file } = found;
    const { method, req } = context;
    const cacheControl = cacheControlFor(name, terms);
    return sendFile(file, { method, headers: req.headers, name, cacheControl, nowMs: deps.clock.now() }, response);
  }

  async function findFallback(context: RequestContext, path: string, response?: SinkResponse): Promise<Found> {
    if (fallback === undefined || !wantsPage(context, path)) return undefined;
    const page = await find(fallback);
    if (page === undefined) return undefined;
    context.trace?.push({ stage: 'files', decision: `no such file: the fallback ${fallback}` });
    response?.setHeader('vary', 'accept');
    return page;
  }

  async function answer(context: RequestContext, path: string, response: SinkResponse, next: Next): Promise<void> {
    const found = (await find(path)) ?? (await findFallback(context, path, response));
    if (response.isClosed) {
      if (typeof found === 'object') await found.file.handle.close();
      return;
    }
    const error = found === undefined ? undefined : send(context, found, response);
    if (found === undefined || error !== undefined) refuse(response, error, next);
  }

  /** Whether there is such a file, for who asks what would become of the request. */
  async function explain(context: RequestContext, path: string, next: Next): Promise<void> {
    const found = (await find(path)) ?? (await findFallback(context, path));
    if (typeof found === 'object') await found.file.handle.close();
    next(found === undefined ? new GatewayError('file_not_found') : undefined);
  }

  return async function serveFile(context, path, next) {
    // The prefix without its slash is the folder without its own.
    const asked = path === '/' && !context.path.endsWith('/') ? '' : path;
    if (context.dryRun) return explain(context, asked, next).catch(next);
    const response = new SinkResponse(context, deps.deadlines);
    context.abort = response;
    try {
      await answer(context, asked, response, next);
    } catch (error) {
      if (response.isClosed) return;
      response.close();
      next(error);
    }
  };
}

/** By name, as a browser does that shows a page; or as anybody who takes all, for a path that names no type of file. */
function wantsPage({ req }: RequestContext, path: string): boolean {
  const qualities = qualityValues(req.headers.accept ?? '*/*');
  const html = qualities.get('text/html');
  if (html !== undefined) return html > 0;
  return (qualities.get('*/*') ?? 0) > 0 && !path.slice(path.lastIndexOf('/')).includes('.');
}

function refuse(response: SinkResponse, error: SendError | undefined, next: Next): void {
  const status = error?.status ?? 404;
  // The answers to conditions and ranges are those of a file server (RFC 9110, sections 13.1 and 14.4).
  if (status === 412 || status === 416) {
    const range = response.getHeader('content-range');
    response.reset();
    response.statusCode = status;
    if (range !== undefined) response.setHeader('content-range', range);
    response.setHeader('content-length', 0);
    response.end();
    return;
  }
  response.close();
  next(status < 500 ? new GatewayError('file_not_found') : error);
}
