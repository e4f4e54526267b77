#!/usr/bin/env node
// The door: plain CommonJS that any Node can read, since an older one can't even parse what lies behind it.
'use strict';

const { basename, join, sep } = require('node:path');

// Before these a server could not leave an upgrade alone, and one pipelined handshake would end the process.
const MINIMUM_MINOR = { 22: 21, 23: Infinity, 24: 9 };
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 22 || minor < (MINIMUM_MINOR[major] ?? 0)) {
  // A build has no Node of its own beside it.
  const way = __filename.includes(`${sep}dist${sep}`) ? '' : 'use "npm start", which brings its own, or ';
  process.stderr.write(
    `turnpike needs Node 22.21, 24.9 or later, this is ${process.versions.node}: ${way}install a newer Node.\n`,
  );
  process.exit(1);
}

// SIGHUP asks the gateway for a reload, and would end the process until somebody listens: it is said again until then.
function askLater() {
  if (process.listenerCount('SIGHUP') > 1) process.off('SIGHUP', askLater);
  else setTimeout(() => process.emit('SIGHUP'), 20);
}
if ((process.argv[2] ?? 'start') === 'start') process.on('SIGHUP', askLater);

const { existsSync } = require('node:fs');
const { enableCompileCache } = require('node:module');

// What was compiled once needn't be compiled at the next start: half the time, and 20 MB less. Not in the temporary
// folder, which is Node's default and anybody's to fill: whoever can write beside our packages can change the code
// itself. Where it can't be written, nothing is lost.
const packages = [join(__dirname, '..', 'node_modules'), join(__dirname, '..', '..')].find(
  (folder) => basename(folder) === 'node_modules' && existsSync(folder),
);
if (packages !== undefined) enableCompileCache(join(packages, '.cache', 'turnpike'));

// As source it is TypeScript, which Node runs as it is; as a package it is what was built from it.
const extension = existsSync(join(__dirname, 'cli.ts')) ? 'ts' : 'js';

import(`./cli.${extension}`)
  .then(({ runProcess }) => runProcess(process.argv.slice(2)))
  .then((code) => {
    if (code !== undefined) process.exitCode = code;
  })
  .catch((error) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    // EX_SOFTWARE of sysexits.h, as in cli/io.ts.
    process.exit(70);
  });
