/**
 * A name together with whose it is, as one text that no other pair has: `<https://login.example.com/>u1`. A name of
 * nobody's stays as it is, but for a `<` at its beginning, which is doubled.
 */
export function qualify(owner: string | undefined, name: string): string {
  if (owner !== undefined) return `<${MARKS.test(owner) ? encodeOwner(owner) : owner}>${name}`;
  return name.startsWith('<') ? `<${name}` : name;
}

const MARKS = /[%<>]/;

function encodeOwner(owner: string): string {
  return owner.replaceAll('%', '%25').replaceAll('<', '%3C').replaceAll('>', '%3E');
}
