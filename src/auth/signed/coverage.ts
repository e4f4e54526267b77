import { z } from 'zod';
import type { Component } from './component.ts';
import { KNOWN_DIGESTS } from './content-digest.ts';

/** What a signature has to cover, as a file names it. */
export const requiredComponents = z
  .array(
    z
      .string()
      .transform((name) => name.toLowerCase())
      .refine(
        (name) => /^(?:@(?:method|target-uri|authority|scheme|request-target|path|query)|[a-z0-9-]{1,64})$/.test(name),
        {
          error:
            'expected the name of a header field, or one of @method, @target-uri, @authority, @scheme, @request-target, @path, @query',
        },
      ),
  )
  .min(1)
  .max(32);

/** The first thing that has to be covered and is not; what a body needs counts where there is one. */
export function findUncovered(
  required: readonly string[],
  components: readonly Component[],
  hasBody: boolean,
): string | undefined {
  return required.find((name) => {
    if (name === 'content-digest') return hasBody && !coversDigest(components);
    return !isCovered(name, components);
  });
}

/** Whether a signature covers a digest that says something of the body. */
export function coversDigest(components: readonly Component[]): boolean {
  return components.some(
    ({ name, mode, of }) => name === 'content-digest' && (mode !== 'key' || Object.hasOwn(KNOWN_DIGESTS, of)),
  );
}

const PARTS_OF_TARGET = new Set(['@authority', '@scheme', '@path', '@query', '@request-target']);

function isCovered(name: string, components: readonly Component[]): boolean {
  const has = (wanted: string): boolean => components.some((one) => one.name === wanted && one.mode !== 'key');
  if (has(name)) return true;
  if (name === '@target-uri') return has('@authority') && (has('@request-target') || (has('@path') && has('@query')));
  if (PARTS_OF_TARGET.has(name)) return has('@target-uri');
  return false;
}

/** What is asked for, in the words of Accept-Signature (RFC 9421, section 5.1). */
export function acceptSignature(required: readonly string[], tag: string | undefined, hasBody: boolean): string {
  const names = required.filter((name) => hasBody || name !== 'content-digest').map((name) => `"${name}"`);
  return `sig=(${names.join(' ')});created${tag === undefined ? '' : `;tag="${tag}"`}`;
}
