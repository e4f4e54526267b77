/** How long the files of a folder may be kept. */
export interface CacheTerms {
  readonly maxAgeMs: number;
  /** Folders below it, as `/assets/`, whose files never change under their names. */
  readonly immutable: readonly string[];
  /** True where only a proven caller gets them: no cache that others share may keep them. */
  readonly isPrivate: boolean;
}

const YEAR_SECONDS = 365 * 24 * 60 * 60;

/**
 * The Cache-Control of a file, by its name below the folder (RFC 9111, section 5.2.2; RFC 8246). A page is asked for
 * anew each time: an old one names files that are gone with the next build.
 */
export function cacheControlFor(name: string, { maxAgeMs, immutable, isPrivate }: CacheTerms): string {
  const scope = isPrivate ? 'private' : 'public';
  if (immutable.some((folder) => name.startsWith(folder))) return `${scope}, max-age=${YEAR_SECONDS}, immutable`;
  const seconds = isPage(name) ? 0 : Math.floor(maxAgeMs / 1000);
  if (seconds > 0) return `${scope}, max-age=${seconds}`;
  return isPrivate ? 'private, no-cache' : 'no-cache';
}

function isPage(name: string): boolean {
  return /\.x?html?$/i.test(name);
}
