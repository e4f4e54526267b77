import type { IncomingMessage, ServerResponse } from 'node:http';
import { relative, sep } from 'node:path';
import serveStatic from 'serve-static';
import type { RequestContext } from '../context.ts';
import { GatewayError } from '../errors.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import { type CacheTerms, cacheControlFor } from './cache-rule.ts';
import { fileNameOf, isInFolder } from './file-path.ts';
import { SinkResponse } from './sink-response.ts';

export interface FolderTerms extends CacheTerms {
  /** In full. */
  readonly folder: string;
  /** The file that stands for a folder; undefined: none does. */
  readonly index: string | undefined;
  /** The page, by its name below the folder, that answers where a browser asks for what is no file. */
  readonly fallback: string | undefined;
  readonly dotfiles: 'ignore' | 'allow';
}

type Next = (error?: unknown) => void;

/** Answers with the file that a path (percent-encoded, with a slash in front) means, or hands on why there is none. */
export type ServeFile = (context: RequestContext, path: string, next: Next) => Promise<void>;

/** What `send` (1.2) fails with. */
interface SendError extends Error {
  readonly status?: number;
}

/**
 * Makes a server of one folder by Express' `serve-static`: types, ranges, conditions, the redirect of a folder to its
 * slash. Which paths may be files at all is decided before it: see file-path.ts.
 */
export function createFolderServer(terms: FolderTerms, deadlines: Deadlines): ServeFile {
  const { folder, index, fallback, dotfiles } = terms;
  const send = serveStatic(folder, {
    index: index ?? false,
    // What begins with a dot was sorted out before; `send` knows no exception.
    dotfiles: 'allow',
    cacheControl: false,
    setHeaders(res, file) {
      const name = `/${relative(folder, file).split(sep).join('/')}`;
      res.setHeader('cache-control', cacheControlFor(name, terms));
    },
  });

  /** Whether there is something that may be sent. A folder that asks for its slash is something. */
  function isThere(path: string): Promise<boolean> {
    const name = fileNameOf(path, dotfiles);
    if (name === undefined) return Promise.resolve(false);
    return isInFolder(folder, index !== undefined && name.endsWith('/') ? name + index : name);
  }

  /** Resolves to what went wrong, where nothing was sent; never, where the answer is under way. */
  function sendFile(context: RequestContext, path: string, response: SinkResponse): Promise<SendError | undefined> {
    const { method, req } = context;
    // As Express would show it below the prefix; `serve-static` needs no more of a request.
    const request = { method, url: path, originalUrl: context.path + context.query, headers: req.headers };
    return new Promise((resolve) => {
      send(request as unknown as IncomingMessage, response as unknown as ServerResponse, (error?: unknown) =>
        resolve(error as SendError | undefined),
      );
    });
  }

  return async function serveFile(context, path, next) {
    const response = new SinkResponse(context, deadlines);
    context.abort = response;
    try {
      let error: SendError | undefined;
      if (await isThere(path)) error = await sendFile(context, path, response);
      if (error === undefined && fallback !== undefined && wantsPage(context, path) && (await isThere(fallback))) {
        context.trace?.push({ stage: 'files', decision: `no such file: the fallback ${fallback}` });
        response.reset();
        response.setHeader('vary', 'accept');
        error = await sendFile(context, fallback, response);
      }
      if (response.isClosed) return;
      refuse(response, error, next);
    } catch (error) {
      if (response.isClosed) return;
      response.close();
      next(error);
    }
  };
}

/** By name, as a browser does that shows a page; or as anybody who takes all, for a path that names no type of file. */
function wantsPage({ req }: RequestContext, path: string): boolean {
  const { accept = '*/*' } = req.headers;
  if (/\btext\/html\b/i.test(accept)) return true;
  return accept.includes('*/*') && !path.slice(path.lastIndexOf('/')).includes('.');
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
