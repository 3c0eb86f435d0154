#!/usr/bin/env node
import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { keepYoungGenerationSmall } from './young-generation.ts';

keepYoungGenerationSmall();

// Half of a start is spent on compiling the same sources again. The cache lies beside the code, where only who may
// change the code can write, and not in a folder that other users share; where it cannot be written nothing is kept.
// The published package has no folder src, and another way up.
const up = import.meta.url.endsWith('.ts') ? '../..' : '..';
enableCompileCache(fileURLToPath(new URL(`${up}/node_modules/.cache/tegata`, import.meta.url)));

const { runCommand } = await import('./commands.ts');
// Now, because a server that is killed writes nothing at its end.
flushCompileCache();
process.exitCode = await runCommand(process.argv.slice(2));
// What is over is over: a mail server that does not answer shall not keep the process.
setTimeout(() => process.exit(), 500).unref();
