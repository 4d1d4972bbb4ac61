/** etcd/raft's own scripts, played against this core: every line but log lines must come out the same. */
import { describe, expect, it } from 'vitest';
import { Interaction } from './interaction.js';
import { runQuorumDirective } from './quorum-chart.js';
import { withoutLogLines, type Directive } from './script.js';
import { scriptsIn, TESTDATA, type Script } from './testdata.js';

function play(scripts: readonly Script[], start: () => (directive: Directive) => string): void {
  it.each(scripts)('$name', ({ directives }) => {
    const run = start();
    for (const directive of directives) {
      const actual = { line: directive.line, output: withoutLogLines(run(directive)) };
      expect(actual).toEqual({ line: directive.line, output: withoutLogLines(directive.expected) });
    }
  });
}

function suite(folder: string, start: () => (directive: Directive) => string): void {
  const scripts = scriptsIn(folder);
  describe(folder, () => {
    if (scripts.length > 0) {
      play(scripts, start);
      return;
    }
    // The scripts belong to etcd/raft and are not copied into this project.
    const reason = `no scripts in ${TESTDATA}/${folder}; DCACHE_RAFT_TESTDATA names the folder above it`;
    console.info(`skipped: ${reason}`);
    it.skip(reason);
  });
}

suite('raft-interaction', () => {
  const interaction = new Interaction();
  return (directive) => interaction.run(directive);
});

suite('raft-quorum', () => runQuorumDirective);
