#!/usr/bin/env node
import module from 'node:module';

// From Node 22 on what was compiled once is kept: 30 ms less for each command.
module.enableCompileCache?.();
await import('../dist/cli/main.js');
