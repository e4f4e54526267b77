import { createRequire, registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { settledWithin } from '../lib/settled-within.ts';
import { IMPORTING, isPackageFile, markPackageFile, OWN_MARK, runAs } from './late-faults.ts';
import { type ModuleTree, readModuleTree } from './module-tree.ts';

/** Why a module can't be used. */
export class ModuleFault extends Error {
  /** In the file of the stage, or in one that it imports; 0 where nobody knows. */
  readonly line: number;
  readonly file: string | undefined;

  constructor(message: string, at: { readonly file?: string; readonly line?: number } = {}, cause?: unknown) {
    super(message, { cause });
    this.file = at.file;
    this.line = at.line ?? 0;
  }
}

/** What a stage imports by this name, wherever it lies, is ours: it needn't be installed, and is never a second copy. */
const OWN_NAME = 'turnpike';
const PUBLIC = new URL(`./define-stage.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url).href;

const require = createRequire(import.meta.url);
/** How often the import of a file has failed: Node keeps a failure as it keeps a module. */
const failures = new Map<string, number>();
/** The digest under which a file was imported last. */
const imported = new Map<string, string>();
let isHooked = false;

/**
 * Imports the file of an own stage and answers its default export. A file that has not changed since it was imported,
 * nor anything that it imports, is the very module that it was; any other is imported anew under another URL.
 *
 * Node keeps each module for good (26.10): what was replaced is never called again, but its memory is not freed.
 */
export async function importModule(tree: ModuleTree, timeoutMs: number): Promise<unknown> {
  hook();
  const [file = ''] = tree.files;
  if (tree.files.some((one) => require.cache[one] !== undefined)) runAs(IMPORTING, () => requireAnew(tree));
  const importing = runAs(IMPORTING, () => import(urlOf(file, tree.digest)) as Promise<{ readonly default?: unknown }>);
  try {
    if (!(await settledWithin(importing, timeoutMs)))
      throw new ModuleFault(
        `its import has not ended within ${timeoutMs / 1000} s: it waits for something at its top level`,
        { file },
      );
    const exported = (await importing).default;
    assertUntouched();
    return exported;
  } catch (error) {
    for (const one of tree.files) failures.set(one, (failures.get(one) ?? 0) + 1);
    throw error instanceof ModuleFault ? error : faultOf(error, tree);
  }
}

/**
 * CommonJS that has changed is loaded here, by its path: what is required passes by the hook, and what Node (26.10)
 * imports after its copy was let go gets empty exports of what that requires.
 */
function requireAnew({ files }: ModuleTree): void {
  const before = files.filter((one) => require.cache[one] !== undefined);
  for (const one of files) urlOf(one, readModuleTree(one).digest);
  for (const one of before) {
    try {
      require(one);
    } catch {
      // Its import fails as well, and tells why.
    }
  }
}

/** A file that has changed has another URL. What is CommonJS is kept by its path, and let go here. */
function urlOf(file: string, digest: string): string {
  const version = `${digest.slice(0, 16)}${failures.has(file) ? `-${failures.get(file)}` : ''}`;
  if (imported.get(file) !== version) delete require.cache[file];
  imported.set(file, version);
  return `${pathToFileURL(file).href}?${OWN_MARK}${version}`;
}

/** Once, with the first own stage: what an own module imports by a relative path is versioned as it is itself. */
function hook(): void {
  if (isHooked) return;
  isHooked = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const parent = context.parentURL ?? '';
      if (!parent.includes(OWN_MARK)) {
        const found = nextResolve(specifier, context);
        if (isPackageFile(pathOf(parent))) candidates.add(found.url);
        return found;
      }
      if (specifier === OWN_NAME) return { url: PUBLIC, format: 'module', shortCircuit: true };
      const resolved = nextResolve(specifier, context);
      if (!/^\.{1,2}\//.test(specifier) || !resolved.url.startsWith('file:')) {
        candidates.add(resolved.url);
        return resolved;
      }
      const file = fileURLToPath(resolved.url.replace(/\?.*$/, ''));
      return { ...resolved, url: urlOf(file, readModuleTree(file).digest) };
    },
    // What is loaded already isn't loaded here, so that no file is marked that the gateway runs on itself.
    load(url, context, nextLoad) {
      if (candidates.delete(url)) markPackageFile(pathOf(url));
      return nextLoad(url, context);
    },
  });
}

/** What stages, and packages of theirs, have asked for. */
const candidates = new Set<string>();

function pathOf(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : '';
}

/** What is added to every object turns up wherever the gateway walks through one: it is taken away again. */
export function assertUntouched(): void {
  const added: string[] = [];
  for (const name in {}) added.push(name);
  for (const name of added) delete (Object.prototype as Record<string, unknown>)[name];
  if (added.length > 0)
    throw new ModuleFault(`it adds "${added.join('", "')}" to Object.prototype, and so to every object`);
}

/** Where it went wrong, as far as Node says so: `/folder/tenant.ts:12`, with or without a query. */
const PLACE = /(?:file:\/\/)?(\/[^\s?:()]+)(?:\?turnpike-own=[^\s:]*)?:(\d+)(?::\d+)?/g;

function faultOf(error: unknown, { files }: ModuleTree): ModuleFault {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  for (const [, path = '', line] of stack.matchAll(PLACE)) {
    const file = decodeURI(path);
    if (files.includes(file)) return new ModuleFault(firstLine(message), { file, line: Number(line) }, error);
  }
  return new ModuleFault(firstLine(message), {}, error);
}

function firstLine(message: string): string {
  return (message.split('\n', 1)[0] as string).slice(0, 300).replace(/[.\s]+$/, '');
}
