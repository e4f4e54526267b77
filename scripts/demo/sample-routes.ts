/** Routes of the demo beside those of routes.json: what docs/answers.md shows, to be tried. */
export const SAMPLE_ROUTES: readonly object[] = [
  { prefix: '/samples/small', target: 'http://localhost:4003', auth: 'none', compress: { minSize: '100b' } },
];
