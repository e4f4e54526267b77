import { realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { contextOf } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { fileNameOf } from '../files/file-path.ts';
import { findOwnFiles, holdsOwnFiles, type OwnFiles } from '../files/own-files.ts';
import { createFolderServer } from '../files/serve-folder.ts';
import { createPathRewriter, rewriteKeys } from '../routing/rewrite.ts';
import { duration, oneOrMany } from '../schema-values.ts';
import { defineStage } from '../stage.ts';
import { timeoutsKey } from '../upstream/service-options.ts';

const fileName = z
  .string()
  .regex(/^(?!\.{0,2}$)[^/\\\0]+$/, { error: 'expected the name of a file, such as "index.html"' });

const pathBelow = z
  .string()
  .refine((text) => fileNameOf(slashed(text), 'allow') !== undefined && !/[?#%]/.test(text) && text !== '', {
    error: 'expected a path below the folder, such as "index.html"',
  })
  .transform(slashed);

const folderOption = z.strictObject({
  folder: z.string().min(1).describe('The folder; a relative path begins at the folder of the file that it stands in.'),
  index: z
    .union([z.literal(false), fileName])
    .default('index.html')
    .describe('The file that answers for a folder; `false`: none does.'),
  fallback: pathBelow
    .optional()
    .describe('The page that answers where a browser asks for what is no file, for applications of a single page.'),
  maxAge: duration({ max: '365d' })
    .prefault('0s')
    .describe('How long a file may be kept without asking; pages (HTML) are asked for each time.'),
  immutable: oneOrMany(pathBelow)
    .optional()
    .describe('Folders below it whose files never change under their names, such as `/assets/`: kept for a year.'),
  dotfiles: z
    .enum(['ignore', 'allow'])
    .default('ignore')
    .describe('Whether names that begin with a dot are served; those below `.well-known` always are.'),
});

const filesOption = z
  .union([z.string().min(1), folderOption])
  .transform((option) => (typeof option === 'string' ? folderOption.parse({ folder: option }) : option))
  .describe('Answers with the files of a folder: a path, or an object with `folder` and more.');

const ALLOW = ['allow', 'GET, HEAD'];

/** The files of a folder: a page beside its API, behind the same door. An answer is like that of a service. */
export const filesStage = defineStage({
  name: 'files',
  keys: { files: filesOption.optional() },
  reads: { ...rewriteKeys, timeouts: timeoutsKey },

  folderAt: ({ files }) => (files === undefined ? undefined : ['files']),

  check(_file, routes, report, outside) {
    const base = outside?.folder ?? '.';
    const own = findOwnFiles(outside?.file ?? resolve('routes.json'));
    routes.forEach(({ files, folder: from = base, pathRewrite }, index) => {
      if (files === undefined) return;
      const at = ['routes', index, 'files'];
      if (pathRewrite !== undefined)
        report(['routes', index, 'pathRewrite'], 'is for services, and this route serves files');
      const folder = resolve(from, files.folder);
      const fault = findFolderFault(folder, own) ?? findPageFault(folder, files.fallback);
      if (fault !== undefined) report(at, fault.message, fault.hint);
    });
  },

  create({ files: options, folder: from = '.', stripPrefix, rewritePrefix, timeouts }, route, deps) {
    if (options === undefined) return undefined;
    const { index, maxAge, immutable = [], fallback, dotfiles } = options;
    const folder = resolve(from, options.folder);
    const rewrite = createPathRewriter({ stripPrefix, rewritePrefix });
    const serve = createFolderServer(
      {
        folder,
        index: index === false ? undefined : index,
        fallback: fallback === undefined ? undefined : encodeURI(fallback),
        dotfiles,
        maxAgeMs: maxAge,
        immutable: immutable.map((path) => (path.endsWith('/') ? path : `${path}/`)),
        isPrivate: route.isProtected,
        own: findOwnFiles(deps.settings.routesFile),
      },
      deps,
    );

    return function files(req, _res, next) {
      const context = contextOf(req);
      if (context.method !== 'GET' && context.method !== 'HEAD')
        return next(new GatewayError('method_not_allowed', undefined, { headers: ALLOW }));
      const path = rewrite(context.path, context.prefixLength, context.params);
      context.trace?.push({ stage: 'files', decision: `${path} of ${folder}` });
      context.idleMs = timeouts.idle;
      return serve(context, path, next);
    };
  },
});

interface FolderFault {
  readonly message: string;
  readonly hint: string;
}

/** A folder that is none, or that holds what nobody is to read. */
function findFolderFault(folder: string, own: OwnFiles): FolderFault | undefined {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined)
    return {
      message: `there is no folder ${folder}`,
      hint: 'Build the page first, or mend the path: it begins at the folder of the file that it stands in.',
    };
  if (!stats.isDirectory()) return { message: `${folder} is no folder`, hint: 'Name the folder that the file is in.' };
  if (!holdsOwnFiles(realpathSync(folder), own)) return undefined;
  return {
    message: `${folder} holds routes.json itself, routes.d or .env, for everybody to read`,
    hint: 'Put what is public into a folder of its own.',
  };
}

function findPageFault(folder: string, fallback: string | undefined): FolderFault | undefined {
  if (fallback === undefined || statSync(join(folder, fallback), { throwIfNoEntry: false })?.isFile()) return undefined;
  return {
    message: `there is no file ${join(folder, fallback)} to fall back to`,
    hint: 'Build the page first, or mend "fallback".',
  };
}

function slashed(text: string): string {
  return text.startsWith('/') ? text : `/${text}`;
}
