import { z } from 'zod';
import { network } from '../../schema-values.ts';

/** The key `allow` of every way to find targets. */
export const allow = z
  .array(network)
  .min(1)
  .optional()
  .describe('Networks that targets may be in. Default: any but link-local (metadata), multicast and reserved ones.');

/** The key `scheme` of every way to find targets. */
export const scheme = z
  .enum(['http', 'https'])
  .default('http')
  .describe('How the targets are spoken to. Default "http".');
