import { contextOf } from '../context.ts';
import { type Bans, bansOption, createBans, refusalOf } from '../limits/bans.ts';
import { defineStage } from '../stage.ts';

const fileKeys = {
  bans: bansOption
    .optional()
    .describe('Bans, for a while, who sends too many wrong credentials or calls beyond its limits. Default: nobody.'),
};

/** Refuses a banned address before anything is checked for it: 429 `banned`. Costs nothing where the file bans nobody. */
export const addressBanStage = defineStage({
  name: 'addressBan',
  fileKeys,
  prepare: (file, deps): Bans | undefined => createBans(file, deps),

  create(_options, route, _deps, bans) {
    if (!route.matched || bans === undefined) return undefined;

    return function addressBan(req, _res, next) {
      const context = contextOf(req);
      next(refusalOf(context, 'addressBan', bans.addressSeconds(context)));
    };
  },
});
