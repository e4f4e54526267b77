import { literal, OwnTemplate, type Taken, type TakeOver } from './draft.ts';

const ORIGIN = /^https?:\/\/[^/*\s()[\]\\|^$+?]+$/;

function originsOf({ config, notes, label, use }: Taken): readonly string[] {
  const written = config.texts('origins') ?? ['*'];
  const usable = written.filter((origin) => origin === '*' || ORIGIN.test(origin));
  const others = written.filter((origin) => !usable.includes(origin));
  if (others.length > 0)
    notes.lost(config.lineOf('origins'), `${label}: origins by expressions (${others.join(', ')})`);
  if (usable.length === 0) notes.lost(use.line, `${label}: no origin is left`);
  return usable.includes('*') ? ['*'] : usable;
}

export const cors: TakeOver = (taken) => {
  const { config, draft, notes, label } = taken;
  const origins = originsOf(taken);
  const credentials = config.flag('credentials') === true;
  if (credentials && origins.includes('*'))
    notes.lost(config.lineOf('credentials'), `${label}: credentials for any origin; name the origins`);
  if (config.flag('preflight_continue') === true)
    notes.changed(config.lineOf('preflight_continue'), `${label}: the gateway answers preflights, not the service`);
  if (config.has('headers'))
    notes.changed(config.lineOf('headers'), `${label}: pages may send whatever header fields they ask for`);
  config.ignore('private_network', 'allow_origin_absent');
  const methods = config.texts('methods')?.filter((method) => !['OPTIONS', 'TRACE', 'CONNECT'].includes(method));
  const exposedHeaders = config.texts('exposed_headers');
  const maxAgeSeconds = config.number('max_age');
  draft.keys['cors'] = {
    ...(origins.length > 0 && { origins }),
    ...(credentials && !origins.includes('*') && { credentials }),
    ...(methods !== undefined && methods.length > 0 && { methods }),
    ...(exposedHeaders !== undefined && { exposedHeaders }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
  };
};

export const ipRestriction: TakeOver = ({ config, draft, notes, label }) => {
  const allow = config.texts('allow') ?? config.texts('whitelist');
  const deny = config.texts('deny') ?? config.texts('blacklist');
  config.ignore('allow', 'deny', 'whitelist', 'blacklist');
  if (config.has('status') && config.number('status') !== 403)
    notes.changed(config.lineOf('status'), `${label}: a refusal is 403`);
  config.ignore('message');
  if (allow !== undefined && allow.length > 0) draft.keys['ipAllow'] = allow;
  if (deny !== undefined && deny.length > 0) draft.keys['ipDeny'] = deny;
};

const UNITS: Readonly<Record<string, string>> = { megabytes: 'mb', kilobytes: 'kb', bytes: 'b' };

export const requestSizeLimiting: TakeOver = ({ config, draft, notes, label }) => {
  const size = config.number('allowed_payload_size') ?? 128;
  const unit = UNITS[config.text('size_unit') ?? 'megabytes'] ?? 'mb';
  if (config.flag('require_content_length') === true)
    notes.lost(config.lineOf('require_content_length'), `${label}: uploads without a length are counted, not refused`);
  draft.keys['bodyLimit'] = `${size}${unit}`;
};

export const requestTermination: TakeOver = (taken) => {
  const { config, draft, notes, label } = taken;
  if (config.flag('echo') === true) notes.lost(config.lineOf('echo'), `${label}: the echo of the request`);
  const trigger = config.text('trigger');
  const when = trigger === undefined ? undefined : triggerOf(trigger);
  if (trigger !== undefined && when === undefined)
    notes.lost(config.lineOf('trigger'), `${label}: its trigger; it answers every request`);
  const status = config.number('status_code') ?? 503;
  draft.respond.push({ ...(when !== undefined && { when }), status, ...bodyOf(taken) });
};

function bodyOf({ config, notes, label, use }: Taken): Record<string, unknown> {
  const message = literal(config.text('message') ?? '', use.line, label, notes);
  const body = literal(config.text('body') ?? '', use.line, label, notes);
  const type = config.text('content_type') ?? 'application/json; charset=utf-8';
  if (body) return { headers: { 'content-type': type }, body };
  return { body: { message: message || 'Service unavailable' } };
}

/** A header field or a parameter of that name. */
function triggerOf(name: string): string | undefined {
  if (!/^[\w-]{1,64}$/.test(name)) return undefined;
  return `"${name.toLowerCase()}" in request.headers || "${name}" in request.query`;
}

export const redirect: TakeOver = ({ config, draft, notes, label, use }) => {
  const to = config.text('location');
  const status = config.number('status_code') ?? 301;
  const location = to === undefined ? undefined : literal(to, use.line, label, notes);
  if (location === undefined) {
    notes.lost(use.line, `${label}: it says no location`);
    draft.unknownGuards.push(use.name);
  } else if (config.flag('keep_incoming_path') === true) {
    // Kong joins the whole path of the request to the location, and the prefix is a part of that.
    draft.respond.push({
      status,
      headers: { location: new OwnTemplate(`${location.replace(/\/+$/, '')}\${request.path}`) },
    });
    notes.changed(use.line, `${label}: the query is not kept`);
  } else draft.respond.push({ status, headers: { location } });
};

export const proxyCache: TakeOver = ({ config, draft, notes, label, use }) => {
  const ttl = config.number('cache_ttl') ?? 300;
  if (config.flag('cache_control') !== true)
    notes.changed(
      use.line,
      `${label}: what the service says in Cache-Control counts, which Kong leaves out by default`,
    );
  for (const key of [
    'response_code',
    'request_method',
    'content_type',
    'ignore_uri_case',
    'storage_ttl',
    'response_headers',
  ])
    if (config.has(key)) notes.changed(config.lineOf(key), `${label}: "${key}" is decided by the rules of RFC 9111`);
  if (config.text('strategy') === 'redis') notes.told(use.line, `${label}: shared by all gateways with REDIS_URL`);
  config.ignore('strategy', 'memory', 'redis', 'bypass_on_err');
  const [query, headers] = [config.texts('vary_query_params'), config.texts('vary_headers')];
  const key = { ...(query?.length && { query }), ...(headers?.length && { headers }) };
  draft.keys['cache'] = { ttl: `${Math.max(1, Math.round(ttl))}s`, ...(Object.keys(key).length > 0 && { key }) };
};

export const correlationId: TakeOver = ({ config, draft, notes, label, use }) => {
  const name = config.text('header_name') ?? 'Kong-Request-ID';
  const echoes = config.flag('echo_downstream') === true;
  config.ignore('generator');
  notes.changed(
    use.line,
    `${label}: the ID is that of X-Request-ID, which the gateway always sends; a client's own counts where TRUST_PROXY covers it`,
  );
  if (/^x-(?:request|correlation)-id$/i.test(name) || !/^[\w-]+$/.test(name)) return;
  const set = { [name]: new OwnTemplate(`\${request.id}`) };
  draft.requestEdits.push({ headers: { set } });
  if (echoes) draft.responseEdits.push({ headers: { set } });
};
