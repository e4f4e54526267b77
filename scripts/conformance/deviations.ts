/**
 * The required cases of the suite that are not kept, each with its reason. A case that fails and does not stand here is a
 * fault of ours; one that stands here and passes has to leave.
 */
export const DEVIATIONS: Readonly<Record<string, readonly string[]>> = {
  'RFC 9111, section 5.1, has settled since the suite was published that the first value of Age counts, and that a bad one is ignored':
    [
      'age-parse-nonnumeric',
      'age-parse-negative',
      'age-parse-float',
      'age-parse-prefix-twoline',
      'age-parse-dup-0',
      'age-parse-dup-0-twoline',
      'age-parse-dup-old',
      'age-parse-parameter',
      'age-parse-numeric-parameter',
    ],
  'the suite takes the 502 that the gateway answers for the service for a stored answer': [
    'stale-close-must-revalidate',
    'stale-close-proxy-revalidate',
    'stale-close-no-cache',
    'stale-close-s-maxage=2',
  ],
  'Surrogate-Control is not spoken; CDN-Cache-Control (RFC 9213) is': [
    'surrogate-max-age-0-expires',
    'surrogate-max-age-long-cc-max-age',
    'surrogate-no-store-cc-fresh',
    'surrogate-fresh-cc-nostore',
  ],
  'an answer with Set-Cookie is never stored: a cookie is of one client': [
    'headers-store-Set-Cookie',
    'headers-store-Set-Cookie2',
    '304-etag-update-response-Set-Cookie',
    '304-etag-update-response-Set-Cookie2',
  ],
  'a transfer coding that nobody knows makes the answer unreadable: 502 (RFC 9112, section 6.1)': [
    'headers-store-Transfer-Encoding',
  ],
  'a 304 that names another ETag is about another answer, and freshens nothing (RFC 9111, section 4.3.4)': [
    '304-etag-update-response-ETag',
  ],
};

/** Of these, the cases that the suite itself has changed or dropped since it was published. */
export const OUTDATED = 17;
