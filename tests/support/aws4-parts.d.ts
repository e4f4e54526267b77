// aws4 1.13.2 has no types of its own.
declare module 'aws4' {
  const aws4: { sign(request: object, credentials: object): { headers: Readonly<Record<string, string>> } };
  export = aws4;
}
