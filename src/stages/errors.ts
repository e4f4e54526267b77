import { z } from 'zod';
import {
  type BodiesOption,
  type BodyOption,
  bodiesOption,
  contentTypeOf,
  errorsKeys,
  isErrorKey,
} from '../answer/error-options.ts';
import { createErrorPages } from '../answer/error-pages.ts';
import { contextOf } from '../context.ts';
import { ERRORS } from '../errors.ts';
import { Complaints } from '../lib/complaints.ts';
import { escapeFor } from '../lib/escape.ts';
import { findNearest } from '../nearest-word.ts';
import { defineStage, type Report } from '../stage.ts';

/** Gives errors bodies in the words of the file: of the whole file, and of a route before those. */
export const errorsStage = defineStage({
  name: 'errors',
  keys: errorsKeys,
  fileKeys: {
    errors: z
      .strictObject({ bodies: bodiesOption })
      .optional()
      .describe('Bodies of refusals on all routes, and of what no route takes.'),
  },

  check({ errors }, routes, report) {
    if (errors !== undefined) checkBodies(errors.bodies, ['errors', 'bodies'], report);
    routes.forEach((route, index) => {
      const bodies = route.errors?.bodies;
      if (bodies !== undefined) checkBodies(bodies, ['routes', index, 'errors', 'bodies'], report);
    });
  },

  prepare({ errors }, { log }) {
    const complaints = new Complaints((...said) => void log.error(...said));
    return {
      ofFile: errors?.bodies,
      complain: (fault: unknown) =>
        complaints.say('the body of an error has a fault; it was told in the usual words', fault),
    };
  },

  create({ errors }, _route, _deps, { ofFile, complain }) {
    const pages = createErrorPages([errors?.bodies, ofFile], complain);
    if (pages === undefined) return undefined;

    return function errors(req, _res, next) {
      contextOf(req).errorPages = pages;
      next();
    };
  },
});

function checkBodies(bodies: BodiesOption, at: readonly (string | number)[], report: Report): void {
  for (const [key, options] of Object.entries(bodies)) {
    const place = [...at, key];
    if (!isErrorKey(key)) {
      const nearest = findNearest(key, Object.keys(ERRORS));
      const known = 'name a code of docs/errors.md, a status, "4xx" or "5xx"';
      report(place, `"${key}" is no error`, nearest === undefined ? known : `did you mean "${nearest}"?`);
    }
    for (const option of [options].flat()) checkBody(option, place, report);
  }
}

function checkBody(option: BodyOption, place: readonly (string | number)[], report: Report): void {
  const { body } = option;
  const type = contentTypeOf(option);
  if (typeof body.source !== 'string' || body.isConstant || escapeFor(type) !== undefined) return;
  const hint = 'take the values out, or use HTML, JSON, XML or plain text';
  report(place, `no value can be put safely into "${type}"`, hint);
}
