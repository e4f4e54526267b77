/** Case folded as far as any reader of JSON does it: `ſ` is an s, and the sign of Kelvin a k. */
export function foldName(name: string): string {
  return name.toUpperCase().toLowerCase();
}
