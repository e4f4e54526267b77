import { contextOf } from '../context.ts';
import { type Bans, bansFileKeys, createBans, refusalOf } from '../limits/bans.ts';
import { defineStage } from '../stage.ts';

/** Refuses a banned address before anything is checked for it: 429 `banned`. Costs nothing where the file bans nobody. */
export const addressBanStage = defineStage({
  name: 'addressBan',
  fileKeys: bansFileKeys,
  prepare: (file, deps): Bans | undefined => createBans(file, deps),

  create(_options, route, _deps, bans) {
    if (!route.matched || bans === undefined) return undefined;

    return function addressBan(req, _res, next) {
      const context = contextOf(req);
      next(refusalOf(context, 'addressBan', bans.addressSeconds(context)));
    };
  },
});
